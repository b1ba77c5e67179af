"""Visits every tenant of the MSP and reads its whole device inventory.

argv: how a tenant is named, id or name; how many rounds.
"""

import json
import sys

from pycentral import MSPBase
from pycentral.new_monitoring import MonitoringDevices

how, rounds = sys.argv[1], int(sys.argv[2])
visits = []
with MSPBase(token_info="token.yaml", log_level="ERROR") as msp_conn:
    tenants = msp_conn.command(
        api_method="GET",
        api_path="workspaces/v1/msp-tenants",
        app_name="glp",
    )
    if tenants["code"] != 200:
        raise RuntimeError(tenants["msg"])

    for _ in range(rounds):
        for tenant in tenants["msg"].get("items", []):
            if how == "id":
                tenant_conn = msp_conn.get_tenant_connection(tenant_workspace_id=tenant.get("id"))
            else:
                tenant_conn = msp_conn.get_tenant_connection(tenant_name=tenant.get("workspaceName"))
            devices = MonitoringDevices.get_all_device_inventory(central_conn=tenant_conn)
            visits.append(
                {
                    "id": tenant.get("id"),
                    "name": tenant.get("workspaceName"),
                    "serials": [device.get("serialNumber") for device in devices],
                }
            )

print(json.dumps({"visits": visits}))
