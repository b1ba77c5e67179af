"""Lists GLP devices with unified credentials that name no cluster, then tries Central."""

import json
import os

from pycentral import NewCentralBase

credentials = {
    "unified": {
        "client_id": os.environ["GLP_CLIENT_ID"],
        "client_secret": os.environ["GLP_CLIENT_SECRET"],
        "workspace_id": os.environ["GLP_WORKSPACE_ID"],
    }
}

with NewCentralBase(token_info=credentials) as conn:
    devices = conn.command(
        api_method="GET",
        api_path="devices/v1/devices",
        app_name="glp",
    )
    try:
        conn.command(
            api_method="GET",
            api_path="network-monitoring/v1/device-inventory",
        )
        central = None
    except ValueError as error:
        central = str(error)

print(
    json.dumps(
        {
            "code": devices["code"],
            "total": devices["msg"].get("total"),
            "serials": [device["serialNumber"] for device in devices["msg"].get("items", [])],
            "central": central,
        }
    )
)
