"""Makes the same MSP-level call again and again.

argv: how many calls.
"""

import json
import sys

from pycentral import MSPBase
from pycentral.exceptions import LoginError

codes = []
try:
    with MSPBase(token_info="token.yaml", log_level="ERROR") as msp_conn:
        for _ in range(int(sys.argv[1])):
            resp = msp_conn.command(
                api_method="GET",
                api_path="network-msp/v1/list-tenants",
                api_params={"limit": 100, "next": 1},
            )
            codes.append(resp["code"])
except LoginError as error:
    print(json.dumps({"codes": codes, "error": str(error), "type": "LoginError"}))
    sys.exit(1)

print(json.dumps({"codes": codes}))
