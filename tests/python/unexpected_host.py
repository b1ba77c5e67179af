"""Tries to reach a host that HPE does not own, through a tunnel and without one.

argv: the host.
"""

import json
import sys

import requests

host = sys.argv[1]
try:
    requests.get(f"https://{host}/")
    tunnel = None
except requests.exceptions.ProxyError as error:
    tunnel = str(error)

print(json.dumps({"tunnel": tunnel, "plain": requests.get(f"http://{host}/").status_code}))
