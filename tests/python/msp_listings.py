"""Lists the tenants in Central and the devices in GLP from the MSP workspace."""

import json

from pycentral import MSPBase

with MSPBase(token_info="token.yaml", log_level="ERROR") as msp_conn:
    tenants = msp_conn.command(
        api_method="GET",
        api_path="network-msp/v1/list-tenants",
        api_params={"limit": 100, "next": 1},
    )
    devices = msp_conn.command(
        api_method="GET",
        api_path="devices/v1/devices",
        app_name="glp",
    )

print(
    json.dumps(
        {
            "codes": [tenants["code"], devices["code"]],
            "tenants": {item["tenantName"]: item["tenantId"] for item in tenants["msg"].get("items", [])},
            "total": devices["msg"].get("total"),
            "serials": [item["serialNumber"] for item in devices["msg"].get("items", [])],
        }
    )
)
