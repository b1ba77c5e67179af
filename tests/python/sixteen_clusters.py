"""Reads the device inventory on every cluster that pycentral knows.

argv: how a cluster is named, cluster_name or base_url.
"""

import json
import os
import sys

from pycentral import NewCentralBase
from pycentral.utils.constants import CLUSTER_BASE_URLS

how = sys.argv[1]
codes = {}
for cluster_name, base_url in CLUSTER_BASE_URLS.items():
    credentials = {
        "unified": {
            "client_id": os.environ["GLP_CLIENT_ID"],
            "client_secret": os.environ["GLP_CLIENT_SECRET"],
            "workspace_id": os.environ["GLP_WORKSPACE_ID"],
            how: {"cluster_name": cluster_name, "base_url": base_url}[how],
        }
    }
    with NewCentralBase(token_info=credentials, log_level="CRITICAL") as conn:
        resp = conn.command(
            api_method="GET",
            api_path="network-monitoring/v1/device-inventory",
        )
    codes[cluster_name] = resp["code"]

print(json.dumps({"codes": codes}))
