"""Adds devices to GLP, assigns, subscribes and releases them with the devices module, and waits for each operation
as the module does.
"""

import json
import time

from pycentral import NewCentralBase
from pycentral.glp import Devices
from pycentral.utils.glp_utils import check_progress

# The module sleeps twelve seconds between two polls. How often it asks is what counts here.
slept = []
time.sleep = slept.append

with NewCentralBase(token_info="token.yaml", log_level="CRITICAL") as conn:
    module = Devices()
    listed = module.get_all_devices(conn)
    free = {"serialNumber": "NEW1", "macAddress": "02:ff:00:00:00:01", "tags": {"site": "lab"}}
    added = module.add_devices(conn, network=[free])[0]
    progress = check_progress(conn, added["msg"]["transactionId"], module)
    again = module.add_devices(conn, network=[free])[0]
    duplicate = check_progress(conn, again["msg"]["transactionId"], module)
    found = module.get_device_id(conn, "NEW1")

    def now():
        device = module.get_device(conn, filter="serialNumber eq 'NEW1'")["msg"]["items"][0]
        subscribed = [row["key"] for row in device["subscription"]]
        return [device["assignedState"], device["region"], subscribed, device["tags"]]

    provided = next(row for row in listed if row["application"])
    application, region = provided["application"]["id"], provided["region"]
    subscription = provided["subscription"][0]
    states = [now()]
    answers = [module.assign_devices(conn, ["NEW1"], application, region, serial=True)]
    states.append(now())
    answers += module.add_sub(conn, ["NEW1"], subscription["id"], serial=True)
    states.append(now())
    answers += module.remove_sub(conn, [found[1]])
    states.append(now())
    answers.append(module.unassign_devices(conn, devices=[found[1]]))
    states.append(now())
    nowhere = module.assign_devices(conn, [found[1]], application, "eu-west")
    missing = module.get_status(conn, "00000000-0000-4000-8000-000000000000")

print(
    json.dumps(
        {
            "added": [added["code"], progress[0], progress[1]["msg"]["result"]],
            "duplicate": [duplicate[0], duplicate[1]["msg"]["status"], duplicate[1]["msg"]["result"]],
            "found": found[0],
            "key": subscription["key"],
            "states": states,
            "answers": [[it["code"], it["msg"]["status"], it["msg"]["result"]] for it in answers],
            "id": found[1],
            "nowhere": [nowhere["msg"]["status"], nowhere["msg"]["result"]],
            "missing": [missing["code"], missing["msg"]["errorCode"]],
            "slept": len(slept),
        }
    )
)
