"""Speaks drive/1, says that everything went well, and sends nothing. Told to leave, it ends when it has said who it is."""
import json, sys

CAN = "msp tenant list close reload clock token_file stream concurrent sleep_events classic refresh".split()
for line in sys.stdin:
    ask = json.loads(line)
    if "id" not in ask:
        continue
    reply = {"id": ask["id"], "ok": True}
    if ask["do"] == "hello":
        reply |= {"v": 1, "name": "null", "version": "1.0.0", "scheme": "semver", "can": CAN}
    elif ask["do"] in ("call", "list"):
        reply |= {"status": 200}
    if ask["do"] == "list":
        reply |= {"ids": []}
    print(json.dumps(reply), flush=True)
    if ask["do"] == "hello" and sys.argv[1] == "leaves":
        sys.exit(0)
