"""Makes the same call in one tenant again and again.

argv: the tenant's name, how many calls.
"""

import json
import sys

from pycentral import MSPBase
from pycentral.exceptions import LoginError

codes = []
try:
    with MSPBase(token_info="token.yaml", log_level="ERROR") as msp_conn:
        tenant_conn = msp_conn.get_tenant_connection(tenant_name=sys.argv[1])
        for _ in range(int(sys.argv[2])):
            resp = tenant_conn.command(
                api_method="GET",
                api_path="network-monitoring/v1/device-inventory",
            )
            codes.append(resp["code"])
except LoginError as error:
    print(json.dumps({"codes": codes, "error": str(error), "type": "LoginError"}))
    sys.exit(1)

print(json.dumps({"codes": codes}))
