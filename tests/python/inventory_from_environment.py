"""Reads the device inventory with credentials from the environment and a base URL."""

import json
import os

from pycentral import NewCentralBase

credentials = {
    "unified": {
        "client_id": os.environ["GLP_CLIENT_ID"],
        "client_secret": os.environ["GLP_CLIENT_SECRET"],
        "workspace_id": os.environ["GLP_WORKSPACE_ID"],
        "base_url": os.environ["CENTRAL_BASE_URL"],
    }
}

with NewCentralBase(token_info=credentials) as conn:
    resp = conn.command(
        api_method="GET",
        api_path="network-monitoring/v1/device-inventory",
    )

print(json.dumps({"code": resp["code"], "total": resp["msg"].get("total")}))
