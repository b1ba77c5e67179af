"""Calls both platforms with a file that has one block of credentials for each."""

import json

from pycentral import NewCentralBase

with NewCentralBase(token_info="token.yaml") as conn:
    central = conn.command(
        api_method="GET",
        api_path="network-monitoring/v1/device-inventory",
    )
    glp = conn.command(
        api_method="GET",
        api_path="devices/v1/devices",
        app_name="glp",
    )

print(
    json.dumps(
        {
            "central": {"code": central["code"], "total": central["msg"].get("total")},
            "glp": {"code": glp["code"], "total": glp["msg"].get("total")},
        }
    )
)
