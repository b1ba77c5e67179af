"""Invites a user, finds it in every way, removes it, and reads of it in the audit log.

argv: the address of the user, the name of a tenant.
"""

import json
import sys

from pycentral import MSPBase
from pycentral.glp import UserMgmt

email, tenant = sys.argv[1:]


def listed(resp):
    return [[user["username"], user["userStatus"]] for user in resp["msg"]["items"]]


with MSPBase(token_info="token.yaml", log_level="CRITICAL") as conn:
    module = UserMgmt()
    result = {"before": listed(module.get_users(conn))}
    invited = module.inv_user(conn, email, True)
    result["invited"] = [invited["code"], invited["msg"]]
    result["twice"] = module.inv_user(conn, email, False)["code"]
    result["legal"] = module.inv_user(conn, "somebody@example.com.cu", False)["code"]
    result["during"] = listed(module.get_users(conn))
    pages = [module.get_users(conn, limit=1, offset=offset) for offset in range(2)]
    result["paged"] = [row for page in pages for row in listed(page)]
    result["found"] = module.get_user_id(conn, email)
    result["id"] = result["found"][1]
    result["by_email"] = module.get_user(conn, email=email)["msg"]
    result["by_id"] = module.get_user(conn, id=result["id"])["msg"]
    result["one"] = module.get_users(conn, filter=f"id eq '{result['id']}'")["msg"]["items"][0]
    result["removed"] = module.delete_user(conn, email=email)["code"]
    result["again"] = module.delete_user(conn, user_id=result["id"])["code"]
    result["after"] = listed(module.get_users(conn))
    result["nobody"] = module.get_user_id(conn, email)
    result["get_nobody"] = module.get_user(conn, email=email)["code"]
    result["of_tenant"] = listed(module.get_users(conn.get_tenant_connection(tenant_name=tenant)))
    log = conn.command(
        api_method="GET",
        api_path="audit-log/v1/logs",
        app_name="glp",
        api_params={"filter": "category eq 'User Management'"},
    )
    result["log"] = [entry["description"] for entry in log["msg"]["items"]]
    details = conn.command(
        api_method="GET",
        api_path=f"audit-log/v1/logs/{log['msg']['items'][0]['id']}/detail",
        app_name="glp",
    )
    result["details"] = [details["code"], details["msg"]["header"]]

print(json.dumps(result))
