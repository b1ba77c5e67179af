"""Reads the device inventory so many times with nothing but an access token.

argv: the token file, the number of calls.
"""

import json
import sys

from pycentral import NewCentralBase

token_file, calls = sys.argv[1], int(sys.argv[2])
codes = []
try:
    with NewCentralBase(token_info=token_file) as conn:
        for _ in range(calls):
            resp = conn.command(
                api_method="GET",
                api_path="network-monitoring/v1/device-inventory",
            )
            codes.append(resp["code"])
except ValueError as error:
    print(json.dumps({"codes": codes, "error": str(error), "type": type(error).__name__}))
    sys.exit(1)

print(json.dumps({"codes": codes}))
