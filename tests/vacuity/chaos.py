"""A client that runs wild. Started for the first time in its directory it behaves, and later never again.

What it does depends on its argument and on how often it was started before."""
import json, os, random, signal, ssl, subprocess, sys, threading, time, urllib.request

CAN = "msp tenant list close reload clock token_file stream concurrent sleep_events classic refresh".split()
for start in range(10_000):
    try:
        os.close(os.open(f"start-{start}", os.O_CREAT | os.O_EXCL))
        break
    except FileExistsError:
        pass
dice = random.Random(f"{sys.argv[1]} {start}")


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def reply(ask, **more):
    say(json.dumps({"id": ask["id"], "ok": True} | more))


def garbage(ask):
    say(dice.choice(["{", "null", "[]", '{"id": -1}', '{"id": "x", "ok": 1}', '{"sleep": -1, "n": 1}', "{" * 5000]))


def not_text(ask):
    sys.stdout.buffer.write(dice.randbytes(300) + b"\n")
    sys.stdout.flush()


def flood(ask):
    stream = dice.choice([sys.stdout, sys.stderr])
    line = dice.choice(["x" * 70, "{}", json.dumps({"id": ask["id"], "ok": True})]) + "\n"
    for _ in range(2_000):
        stream.write(line * 1_000)


def one_long_line(ask):
    sys.stdout.write("x" * 50_000_000)
    say("")


def silence(ask):
    time.sleep(600)


def deaf(ask):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)


def chatter(ask):
    # Gives signs of life, and no reply.
    for _ in range(40):
        print("still here", file=sys.stderr, flush=True)
        time.sleep(0.1)
    sys.exit(0)


def crash(ask):
    os.kill(os.getpid(), dice.choice([signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT]))


def leave(ask):
    sys.exit(dice.choice([0, 1, 125]))


def close_streams(ask):
    os.close(1)
    time.sleep(dice.choice([0, 600]))


def orphan(ask):
    # Somebody else keeps its streams open.
    subprocess.Popen(["sleep", "600"])
    sys.exit(0)


def twice(ask):
    reply(ask)
    reply(ask)


def other_id(ask):
    say(json.dumps({"id": ask["id"] + dice.choice([-1, 1, 2**64]), "ok": True}))


def sleeper(ask):
    # The same number twice, a sleep that is not woken, one of an age.
    for n in (1, 1, 2):
        say(json.dumps({"sleep": dice.choice([0, 1e9, 1e-9]), "n": n}))
    reply(ask)


def lies(ask):
    reply(ask, status=dice.choice([200, 418]), ids=["x"] * 3, body={"deep": [[[[]]]]})


def random_requests(ask):
    hosts = ["global.api.greenlake.hpe.com", "sso.common.cloud.hpe.com", "nobody.example", "127.0.0.1:1"]

    def one(seed):
        mine = random.Random(seed)
        url = mine.choice(["https", "http"]) + "://" + mine.choice(hosts) + "/" + "%00/" * mine.randrange(5)
        method = mine.choice(["GET", "POST", "DELETE", "BREW"])
        headers = {"Authorization": "Bearer " + "x" * mine.randrange(1, 5_000)}
        try:
            request = urllib.request.Request(url, mine.randbytes(mine.randrange(9_000)), headers, method=method)
            urllib.request.urlopen(request, timeout=1, context=ssl._create_unverified_context()).read()
        except Exception as error:
            print(error, file=sys.stderr, flush=True)

    crowd = [threading.Thread(target=one, args=(dice.random(),), daemon=True) for _ in range(12)]
    for one_of_it in crowd:
        one_of_it.start()
    for one_of_it in crowd:
        one_of_it.join(1)
    reply(ask, status=200)


WILD = [garbage, not_text, flood, one_long_line, silence, deaf, chatter, crash, leave, close_streams, orphan, twice,
        other_id, sleeper, lies, random_requests]
# Every kind comes, and each at the first, second or third question; what comes before is answered.
kind, when = WILD[(start + int(sys.argv[1])) % len(WILD)], dice.randrange(3)
for nth, line in enumerate(sys.stdin):
    ask = json.loads(line)
    if "id" not in ask:
        continue
    if start > 0 and nth >= when:
        kind(ask)
    elif ask["do"] == "hello":
        reply(ask, v=1, name="chaos", version="1.0.0", scheme="semver", can=CAN)
    else:
        reply(ask, status=200, ids=[])
