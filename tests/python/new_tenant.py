"""Makes a tenant, enters it, renames it, deletes it.

argv: the tenant's name.
"""

import json
import sys

from pycentral import MSPBase
from pycentral.exceptions import LoginError
from pycentral.new_monitoring import MonitoringDevices

name = sys.argv[1]
tenants = "workspaces/v1/msp-tenants"
result = {}


def glp(conn, method, path, **more):
    return conn.command(api_method=method, api_path=path, app_name="glp", **more)


def in_central(conn, name):
    page = conn.command(
        api_method="GET",
        api_path="network-msp/v1/list-tenants",
        api_params={"limit": 100, "next": 1},
    )
    return [item for item in page["msg"]["items"] if item["tenantName"] == name]


with MSPBase(token_info="token.yaml", log_level="CRITICAL") as msp:
    body = {"workspaceName": name, "address": {"countryCode": "CH"}}
    created = glp(msp, "POST", tenants, api_data=body)
    result["created"] = [created["code"], created["msg"]]
    headers = {header.lower(): value for header, value in created["headers"].items()}
    workspace = headers["location"].rsplit("/", 1)[-1]
    again = glp(msp, "POST", tenants, api_data=body)
    result["again"] = [again["code"], again["msg"]["message"]]

    tenant = msp.get_tenant_connection(tenant_name=name)
    result["devices"] = MonitoringDevices.get_all_device_inventory(central_conn=tenant)
    itself = glp(tenant, "GET", f"workspaces/v1/workspaces/{workspace}")["msg"]
    result["itself"] = [itself["workspaceName"], itself["workspaceType"]]
    contact = glp(tenant, "GET", f"workspaces/v1/workspaces/{workspace}/contact")["msg"]
    result["contact"] = contact["address"]
    result["in_central"] = [item["totalSites"] for item in in_central(msp, name)]

    changed = glp(msp, "PUT", f"{tenants}/{workspace}", api_data={"workspaceName": "Renamed"})
    found = glp(msp, "GET", tenants, api_params={"filter": f"id eq '{workspace}'"})
    result["changed"] = [changed["code"], found["msg"]["items"][0]["workspaceName"]]

    result["deleted"] = glp(msp, "DELETE", f"{tenants}/{workspace}")["code"]
    try:
        left = MonitoringDevices.get_all_device_inventory(central_conn=tenant)
    except LoginError as error:
        left = type(error).__name__
    result["left"] = [left, bool(in_central(msp, "Renamed"))]

print(json.dumps(result))
