"""A running Greenroom: started, asked by its control surface, and used by steps that get things ready."""

import json
import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import requests

from tables import CannotRun

# Any fixed instant will do: a frozen clock and the built-in seed make every answer the same in every run.
START = "2026-01-15T12:00:00Z"
PATIENCE = 30


class Emulator:
    """One `greenroom serve` with a frozen clock, ended when the block ends."""

    def __init__(self, binary):
        self.binary = binary

    def __enter__(self):
        self._home = tempfile.TemporaryDirectory(prefix="greenroom-contract-")
        home = Path(self._home.name)
        ready, self._log = home / "ready.json", home / "log"
        # Nothing of the caller's environment may change what is checked.
        env = {name: value for name, value in os.environ.items() if not name.startswith("GREENROOM_")}
        command = [
            self.binary, "serve", "--port", "0", "--ready-file", ready, "--data-dir", home / "data",
            "--clock", "frozen", "--start-time", START, "--log", "warn",
        ]
        with open(self._log, "wb") as log:
            try:
                self._child = subprocess.Popen(
                    [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env
                )
            except OSError as error:
                raise CannotRun(f"{self.binary} does not start: {error.strerror}") from None
        try:
            deadline = time.monotonic() + PATIENCE
            while not ready.is_file():
                if self._child.poll() is not None or time.monotonic() > deadline:
                    raise CannotRun(f"{self.binary} does not start: {self.last_words() or 'it says nothing'}")
                time.sleep(0.01)
            self.url = json.loads(ready.read_text())["url"]
            self.session = requests.Session()
            # The variables of a proxy or of a netrc file lead elsewhere.
            self.session.trust_env = False
            self._tokens, self.known = {}, {}
            self._counter = 0
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
        self._home.cleanup()

    def log(self):
        return self._log.read_text(errors="replace")

    def last_words(self):
        lines = self.log().strip().splitlines()
        return lines[-1] if lines else ""

    def control(self, name, body=None):
        """Asks the control surface."""
        url = f"{self.url}/_greenroom/v1/{name}"
        if body is None:
            answer = self.session.get(url, timeout=PATIENCE)
        else:
            answer = self.session.post(url, json=body, timeout=PATIENCE)
        if not answer.ok:
            raise CannotRun(f"Greenroom refuses {name} {json.dumps(body)}: {answer.text}")
        return answer.json()

    def learn_the_world(self):
        """Makes the ids of the sample world known: `msp.id`, `client.standard.secret`."""
        world = self.control("world")
        for workspace in world["workspaces"]:
            symbol = workspace["symbol"]
            self.known[f"{symbol}.id"] = workspace["id"]
            self.known[f"{symbol}.central_tenant_id"] = workspace["central_tenant_id"]
        for client in world["clients"]:
            self.known[f"client.{client['name']}.id"] = client["client_id"]
            self.known[f"client.{client['name']}.secret"] = client["client_secret"]

    def bearer(self, wishes, actor):
        """The Authorization header of an actor; none for nobody."""
        if actor is None:
            return {}
        if actor not in self._tokens:
            self._tokens[actor] = self.control("tokens", wishes[actor])["access_token"]
        return {"Authorization": f"Bearer {self._tokens[actor]}"}

    def fill(self, value):
        """`value` with each `{name}` replaced by what is known under that name."""
        if isinstance(value, dict):
            return {self.fill(name): self.fill(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.fill(each) for each in value]
        if not isinstance(value, str):
            return value

        def known(found):
            name = found[1]
            if name == "n":
                self._counter += 1
                return str(self._counter)
            if name not in self.known:
                raise CannotRun(f"nobody knows {{{name}}}: known are {', '.join(sorted(self.known))}")
            return self.known[name]

        return re.sub(r"\{([\w.-]+)\}", known, value)

    def take(self, step, content, location):
        """Remembers what a step takes from an answer."""
        if step.name is None:
            return
        try:
            if step.take == "Location":
                value = urlsplit(location).path.rsplit("/", 1)[-1]
            else:
                value = json.loads(content)
                for part in step.take.strip("/").split("/"):
                    value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, TypeError, ValueError):
            raise CannotRun(f"there is no {step.take} in an answer that {step.request} needs it from") from None
        self.known[step.name] = str(value)

    def do(self, wishes, step):
        """Makes the request of a step, which must succeed; its answer."""
        method, path = step.request.split(" ", 1)
        body = None if step.body is None else self.fill(step.body)
        answer = self.session.request(
            method, self.url + self.fill(path), json=body, headers=self.bearer(wishes, step.actor),
            timeout=PATIENCE,
        )
        if not answer.ok:
            raise CannotRun(f"{step.request} gets nothing ready: {answer.status_code} {answer.text}")
        return answer
