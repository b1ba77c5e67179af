"""Reads GLP devices and, if a cluster is given, Central's inventory with one unified block.

argv: nothing for GLP only, or cluster_name or base_url and its value.
"""

import json
import os
import sys

from pycentral import NewCentralBase

token_info = {
    "unified": {
        "client_id": os.environ["GLP_CLIENT_ID"],
        "client_secret": os.environ["GLP_CLIENT_SECRET"],
        "workspace_id": os.environ["GLP_WORKSPACE_ID"],
        **dict([sys.argv[1:]] if sys.argv[1:] else []),
    }
}

result = {}
with NewCentralBase(token_info=token_info) as conn:
    resp = conn.command(api_method="GET", api_path="devices/v1/devices", app_name="glp")
    result["glp"] = {"code": resp["code"], "total": resp["msg"].get("total")}
    try:
        resp = conn.command(api_method="GET", api_path="network-monitoring/v1/device-inventory")
        result["central"] = {"code": resp["code"], "total": resp["msg"].get("total")}
    except ValueError as error:
        result["central"] = str(error)

print(json.dumps(result))
