"""A client of a few lines that speaks drive/1, and breaks down as it is told to by its argument."""
import base64, hashlib, json, os, random, socket, subprocess, sys, threading, time, urllib.error, urllib.parse, urllib.request

HOW = sys.argv[1] if len(sys.argv) > 1 else "good"
CAN = ["concurrent", "close", "clock", "token_file", "sleep_events", "msp"]
out, wakes, clients, calls, kept, sleeps = threading.Lock(), {}, {}, [], [], iter(range(1, 1000))


def say(line):
    with out:
        print(json.dumps(line), flush=True)


def fingerprint(secret):
    """Tells the test which secret it must look for, and whoever reads it nothing."""
    return "sha256:" + hashlib.sha256(secret.encode()).hexdigest()


def sleep(seconds):
    n = next(sleeps)
    wakes[n] = threading.Event()
    say({"sleep": seconds, "n": n})
    wakes[n].wait()


def send(method, url, headers=(), data=None):
    handlers = []
    if HOW == "direct":
        # Past the proxy, to where nobody is.
        handlers, url = [urllib.request.ProxyHandler({})], "http://127.0.0.1:9"
    request = urllib.request.Request(url, data, dict(headers), method=method)
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


class Client:
    def __init__(self, config):
        if "token_file" in config:
            config = json.load(open(config["token_file"]))
        self.of = config["unified"]
        self.token = self.of.get("access_token")
        self.lock = threading.Lock()

    def renew(self, old):
        with self.lock:
            if self.token == old:
                url = "https://global.api.greenlake.hpe.com/authorization/v2/oauth2/%s/token"
                basic = base64.b64encode(f"{self.of['client_id']}:{self.of['client_secret']}".encode()).decode()
                form = urllib.parse.urlencode({"grant_type": "client_credentials"}).encode()
                _, _, body = send("POST", url % self.of["workspace_id"].replace("-", ""), {"Authorization": "Basic " + basic}, form)
                self.token = json.loads(body)["access_token"]
            return self.token

    def call(self, ask):
        base = self.of.get("central_url") if ask["api"] == "central" else "https://global.api.greenlake.hpe.com"
        url = base + ask["path"] + ("?" + urllib.parse.urlencode(ask["query"]) if ask.get("query") else "")
        token, renewed = self.token or self.renew(None), False
        while True:
            status, headers, body = send(ask["method"], url, {"Authorization": "Bearer " + token})
            if status == 401 and (not renewed or HOW == "unbounded"):
                token, renewed = self.renew(token), True
            elif status == 429:
                sleep(float(headers["Retry-After"]))
            else:
                return {"ok": True, "status": status}


def reply(ask):
    do = ask["do"]
    if do == "hello":
        can = CAN if HOW != "plain" else []
        return {"ok": True, "v": 1, "name": "script", "version": "1.0.0", "scheme": "semver", "can": can}
    if do == "open":
        if HOW == "cannot-open":
            secret = ask["config"]["unified"]["client_secret"]
            return {"ok": False, "kind": "auth", "status": 401, "message": f"no: {secret}, {fingerprint(secret)}"}
        client = clients[ask["as"]] = Client(ask["config"])
        if HOW in ("keeps-a-socket", "closes-late"):
            proxy = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
            kept.append(socket.create_connection((proxy.hostname, proxy.port)))
        if HOW == "random-order":
            for limit in random.sample(range(1, 9), 8):
                client.call({"api": "glp", "method": "GET", "path": "/devices/v1/devices", "query": {"limit": limit}})
        return {"ok": True}
    if do == "call":
        if HOW == "dies":
            secret = clients[ask["client"]].of["client_secret"]
            print(f"it is all over, {secret}, {fingerprint(secret)}", file=sys.stderr, flush=True)
            os._exit(3)
        if HOW == "floods":
            while True:
                sys.stderr.write("x" * 65536)
        calls.append(ask)
        if HOW == "stalls-later" and len(calls) > 1:
            time.sleep(3600)
        if HOW == "chatters-later" and len(calls) > 1:
            while True:
                print("still here", file=sys.stderr, flush=True)
                time.sleep(0.02)
        if HOW == "wrong":
            return {"ok": "perhaps"}
        if HOW == "wrong-id":
            return {"id": 77, "ok": True, "status": 200}
        if HOW == "leaves-a-child":
            print("child", subprocess.Popen(["sleep", "3600"]).pid, file=sys.stderr, flush=True)
        if HOW == "fickle":
            ask["query"]["n"] = os.getpid()
        try:
            return clients[ask["client"]].call(ask)
        except OSError as error:
            return {"ok": False, "kind": "transport", "message": str(error)}
    if do == "close" and HOW == "closes-late":
        threading.Timer(0.2, kept.pop().close).start()
    return {"ok": True}


def answer(ask):
    say({"id": ask["id"], **reply(ask)})


for line in sys.stdin:
    line = json.loads(line)
    if "wake" in line:
        wakes[line["wake"]].set()
    else:
        threading.Thread(target=answer, args=(line,), daemon=True).start()
