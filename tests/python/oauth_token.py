"""Asks the SSO issuer for a token and verifies it against the issuer's key set."""

import email.utils
import json
import os
import sys

import jwt
from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

dates = []


def note_date(response):
    dates.append(email.utils.parsedate_to_datetime(response.headers["Date"]).timestamp())
    return response


client = BackendApplicationClient(os.environ["GLP_CLIENT_ID"])
oauth = OAuth2Session(client=client)
oauth.register_compliance_hook("access_token_response", note_date)
auth = HTTPBasicAuth(os.environ["GLP_CLIENT_ID"], os.environ["GLP_CLIENT_SECRET"])
try:
    token = oauth.fetch_token(
        token_url="https://sso.common.cloud.hpe.com/as/token.oauth2",
        auth=auth,
    )
except OAuth2Error as error:
    print(json.dumps({"error": error.error, "type": type(error).__name__}))
    sys.exit(1)

keys = jwt.PyJWKClient("https://sso.common.cloud.hpe.com/pf/JWKS")
verified = jwt.decode_complete(
    token["access_token"],
    keys.get_signing_key_from_jwt(token["access_token"]).key,
    algorithms=["RS256"],
    audience="external_api",
    issuer="https://sso.common.cloud.hpe.com",
    # PyJWT judges time by this machine's clock; the issuer's own clock is in its Date header.
    options={"require": ["exp", "iat", "sub"], "verify_exp": False, "verify_iat": False},
)
claims = verified["payload"]

print(
    json.dumps(
        {
            "header": verified["header"],
            "claims": claims,
            "expires_in": token["expires_in"],
            "token_type": token["token_type"],
            "date": dates[-1],
            "live_at_date": claims["iat"] <= dates[-1] < claims["exp"],
        }
    )
)
