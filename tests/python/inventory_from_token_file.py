"""Reads the device inventory with the credentials of a file: token.yaml unless named."""

import json
import pathlib
import sys

from pycentral import NewCentralBase

token_file = sys.argv[1] if len(sys.argv) > 1 else "token.yaml"

with NewCentralBase(token_info=token_file) as conn:
    resp = conn.command(
        api_method="GET",
        api_path="network-monitoring/v1/device-inventory",
    )

print(
    json.dumps(
        {
            "code": resp["code"],
            "total": resp["msg"].get("total"),
            "serials": [device["serialNumber"] for device in resp["msg"].get("items", [])],
            # pycentral writes the token it was given into the file.
            "token_in_file": "access_token:" in pathlib.Path(token_file).read_text(),
        }
    )
)
