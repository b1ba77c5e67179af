"""The listing of seed 003 with its missing import: the system software catalogs, with a token of the SSO issuer.

With the argument as-listed the header holds the whole object, as in the listing; without it the token.
"""

import json
import os
import sys

import requests
from oauthlib.oauth2 import BackendApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

client = BackendApplicationClient(os.environ["GLP_CLIENT_ID"])
oauth = OAuth2Session(client=client)
auth = HTTPBasicAuth(os.environ["GLP_CLIENT_ID"], os.environ["GLP_CLIENT_SECRET"])
token = oauth.fetch_token(token_url="https://sso.common.cloud.hpe.com/as/token.oauth2", auth=auth)
access_token = token["access_token"]

url = "https://us1.data.cloud.hpe.com/private-cloud-business/v1beta1/system-software-catalogs"
bearer = token if sys.argv[1:] == ["as-listed"] else access_token
headers = {"Authorization": f"Bearer {bearer}"}
response = requests.get(url, headers=headers)
print(json.dumps(response.json(), indent=4, sort_keys=True))
