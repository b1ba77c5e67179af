"""Reads the device inventory of GLP with the devices module."""

import json

from pycentral import NewCentralBase
from pycentral.glp import Devices

with NewCentralBase(token_info="token.yaml", log_level="ERROR") as conn:
    module = Devices()
    devices = module.get_all_devices(conn)
    narrow = module.get_all_devices(conn, select=["serialNumber", "macAddress"])
    serial = devices[-1]["serialNumber"]
    found = module.get_device_id(conn, serial)
    nobody = module.get_device_id(conn, "NOBODY")
    last = module.get_device(
        conn,
        limit=2,
        filter="category eq 'NETWORK' and not assignedState eq 'UNASSIGNED'",
        select="serialNumber",
        sort="serialNumber desc",
    )

print(
    json.dumps(
        {
            "serials": [device["serialNumber"] for device in devices],
            "narrow": [sorted(device) for device in narrow[:2]],
            "narrow_total": len(narrow),
            "last_id": devices[-1]["id"],
            "found": found,
            "nobody": nobody,
            "last": last["msg"]["items"],
        }
    )
)
