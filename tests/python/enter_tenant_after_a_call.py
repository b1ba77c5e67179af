"""Lists the tenants first and enters one of them, by id, afterwards.

argv: the tenant's name.
"""

import json
import sys

from pycentral import MSPBase
from pycentral.exceptions import LoginError

try:
    with MSPBase(token_info="token.yaml", log_level="ERROR") as msp_conn:
        tenants = msp_conn.command(
            api_method="GET",
            api_path="workspaces/v1/msp-tenants",
            app_name="glp",
        )
        workspace_id = next(
            tenant["id"] for tenant in tenants["msg"]["items"] if tenant["workspaceName"] == sys.argv[1]
        )
        # The token of the call above is the subject of this exchange.
        tenant_conn = msp_conn.get_tenant_connection(tenant_workspace_id=workspace_id)
        resp = tenant_conn.command(
            api_method="GET",
            api_path="network-monitoring/v1/device-inventory",
        )
except LoginError as error:
    print(json.dumps({"error": str(error), "type": "LoginError"}))
    sys.exit(1)

print(json.dumps({"code": resp["code"], "total": resp["msg"].get("total")}))
