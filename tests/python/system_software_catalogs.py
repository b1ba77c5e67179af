"""Asks the data services for the system software catalogs with a token of the SSO issuer."""

import json
import os

import requests
from oauthlib.oauth2 import BackendApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

client = BackendApplicationClient(os.environ["GLP_CLIENT_ID"])
oauth = OAuth2Session(client=client)
auth = HTTPBasicAuth(os.environ["GLP_CLIENT_ID"], os.environ["GLP_CLIENT_SECRET"])
token = oauth.fetch_token(token_url="https://sso.common.cloud.hpe.com/as/token.oauth2", auth=auth)

response = requests.get(
    "https://us1.data.cloud.hpe.com/private-cloud-business/v1beta1/system-software-catalogs",
    headers={"Authorization": f"Bearer {token['access_token']}"},
)

print(json.dumps({"code": response.status_code, "type": response.headers.get("Content-Type")}))
