"""Signs in to Classic Central from files, with OAuth and with a token only, and lives through the end of a token."""

import importlib
import json
import os

import requests
import yaml

try:
    importlib.import_module("pycentral.classic")
    CLASSIC = "pycentral.classic"
except ImportError:
    CLASSIC = "pycentral"


def module(name):
    return importlib.import_module(f"{CLASSIC}.{name}")


get_conn_from_file = module("workflows.workflows_utils").get_conn_from_file

base_url = os.environ["CLASSIC_CENTRAL_BASE_URL"]
oauth = {
    "username": os.environ["CLASSIC_CENTRAL_USERNAME"],
    "password": os.environ["CLASSIC_CENTRAL_PASSWORD"],
    "client_id": os.environ["CLASSIC_CENTRAL_CLIENT_ID"],
    "client_secret": os.environ["CLASSIC_CENTRAL_CLIENT_SECRET"],
    "customer_id": os.environ["CLASSIC_CENTRAL_CUSTOMER_ID"],
    "base_url": base_url,
}


def write(name, content):
    with open(name, "w") as file:
        yaml.safe_dump(content, file)
    return name


def stored():
    with open(f"temp/tok_{oauth['customer_id']}_{oauth['client_id']}.json") as file:
        return json.load(file)


conn = get_conn_from_file(write("classic.yaml", {"central_info": oauth, "ssl_verify": True}))
first = dict(conn.central_info["token"])
kept_first = stored() == first

inventory = module("device_inventory").Inventory().get_inventory(conn, limit=10)
groups = module("configuration").Groups().get_groups(conn)
customers = module("msp").MSP().get_all_customers(conn)
log = module("audit_logs").Audit().get_traillogs(conn, limit=5)

# The token runs out before this call, which is the fifth.
again = module("device_inventory").Inventory().get_inventory(conn, limit=10)
second = dict(conn.central_info["token"])

headers = {"Content-Type": "application/json", "TenantID": customers[0]["customer_id"]}
tenant = conn.command("GET", "/platform/device_inventory/v1/devices", headers=headers)

# Another run of the program finds the token that was stored.
found = get_conn_from_file("classic.yaml")

only = {"central_info": {"base_url": base_url, "token": {"access_token": second["access_token"]}}}
token_only = get_conn_from_file(write("token-only.yaml", only))
by_token = module("configuration").Groups().get_groups(token_only)

old = requests.get(
    f"{base_url}/configuration/v2/groups",
    headers={"Authorization": f"Bearer {first['access_token']}"},
    timeout=10,
)

print(
    json.dumps(
        {
            "classic": CLASSIC,
            "token": {name: first[name] for name in ("token_type", "expires_in")},
            "kept": [kept_first, stored() == second],
            "codes": [answer["code"] for answer in (inventory, groups, log, again, tenant, by_token)],
            "devices": [inventory["msg"]["total"], len(inventory["msg"]["devices"])],
            "tenant": tenant["msg"]["total"],
            "groups": groups["msg"]["data"],
            "customers": [customer["customer_name"] for customer in customers],
            "log": log["msg"]["total"],
            "rotated": [first[name] != second[name] for name in ("access_token", "refresh_token")],
            "refreshed_again": conn.refreshToken(first) is not None,
            "found": found.central_info["token"] == second,
            "old": [old.status_code, old.json()["error"]],
        }
    )
)
