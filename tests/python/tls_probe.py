"""Opens a tunnel to each host named, under the certificate rules of CPython 3.13, and asks once.

argv: URLs.
"""

import http.client
import json
import os
import ssl
import sys
from urllib.parse import urlsplit

proxy = urlsplit(os.environ["HTTPS_PROXY"])
context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
context.verify_flags |= ssl.VERIFY_X509_STRICT

answers = []
for url in map(urlsplit, sys.argv[1:]):
    connection = http.client.HTTPSConnection(proxy.hostname, proxy.port, context=context)
    connection.set_tunnel(url.hostname, 443)
    connection.connect()
    certificate, tls = connection.sock.getpeercert(), connection.sock.version()
    connection.request("GET", url.path)
    answers.append(
        {
            "host": url.hostname,
            "code": connection.getresponse().status,
            "names": [name for kind, name in certificate["subjectAltName"] if kind == "DNS"],
            "tls": tls,
        }
    )
    connection.close()

print(json.dumps({"answers": answers}))
