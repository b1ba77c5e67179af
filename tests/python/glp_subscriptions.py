"""Reads, looks up and adds subscriptions with all functions of the subscriptions module, and waits as it does."""

import json
import time

from pycentral import NewCentralBase
from pycentral.glp import Subscriptions

# The module sleeps twelve seconds between two polls. How often it asks is what counts here.
slept = []
time.sleep = slept.append

with NewCentralBase(token_info="token.yaml", log_level="CRITICAL") as conn:
    module = Subscriptions()
    listed = module.get_all_subscriptions(conn)
    narrow = module.get_all_subscriptions(conn, select=["id", "key"])
    some = module.get_subscription(
        conn, filter="subscriptionType eq 'CENTRAL_AP'", sort="quantity desc, key", limit=2, offset=1
    )["msg"]
    found = module.get_sub_id(conn, listed[-1]["key"])
    nobody = module.get_sub_id(conn, "NOBODYKNOWSIT")
    added = module.add_subscription(conn, [{"key": "EGREENROOM0000001"}, {"key": "EGREENROOM0000002"}])
    again = module.add_subscription(conn, [{"key": "EGREENROOM0000001"}])
    unknown = module.add_subscription(conn, [{"key": "NOBODYKNOWSIT"}])
    empty = module.add_subscription(conn, [])
    owned = module.get_sub_id(conn, "EGREENROOM0000002")
    missing = module.get_status(conn, "00000000-0000-4000-8000-000000000000")

print(
    json.dumps(
        {
            "keys": [row["key"] for row in listed],
            "narrow": [sorted(row) for row in narrow],
            "some": [[row["subscriptionType"] for row in some["items"]], some["count"], some["offset"]],
            "found": [found[0], found[1] == listed[-1]["id"]],
            "nobody": nobody,
            "added": [added["code"], added["msg"]["status"], added["msg"]["result"]],
            "again": [again["msg"]["status"], again["msg"]["result"]["failedSubscriptions"][0]["key"]],
            "unknown": [unknown["msg"]["status"], unknown["msg"]["result"]["failedSubscriptions"][0]["key"]],
            "empty": empty["code"],
            "owned": owned[0],
            "missing": missing["code"],
            "slept": len(slept),
        }
    )
)
