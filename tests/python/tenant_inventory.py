"""Reads the device inventory of one tenant.

argv: the tenant's name.
"""

import json
import sys

from pycentral import MSPBase

with MSPBase(token_info="token.yaml", log_level="ERROR") as msp_conn:
    tenant_conn = msp_conn.get_tenant_connection(tenant_name=sys.argv[1])
    resp = tenant_conn.command(
        api_method="GET",
        api_path="network-monitoring/v1/device-inventory",
    )

print(
    json.dumps(
        {
            "code": resp["code"],
            "total": resp["msg"].get("total"),
            "serials": [device["serialNumber"] for device in resp["msg"].get("items", [])],
        }
    )
)
