"""Drives every operation that Greenroom implements by HPE's OpenAPI files, and prints what came of it.

Run by `check`, in its virtual environment: drive.py DIRECTORY GREENROOM TABLES [ROUTE…]
"""

import collections
import copy
import hashlib
import json
import re
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import hypothesis
import requests
import schemathesis
from schemathesis import GenerationMode

import judge
import tables
from emulator import Emulator
from tables import CannotRun

# How many cases of each mode are generated besides those at the borders of each parameter.
GENERATED = 25
# How many borders of the same kind are tried: there are 250 country codes.
ALIKE = 10
SETTINGS = hypothesis.settings(
    max_examples=GENERATED,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[hypothesis.Phase.generate],
    suppress_health_check=list(hypothesis.HealthCheck),
)


class Documents:
    """The user's copy of HPE's files."""

    def __init__(self, directory, files):
        self._directory = Path(directory)
        self._schemas = {}
        missing = [name for name in files if not (self._directory / name).is_file()]
        if missing:
            raise CannotRun(
                f"{self._directory} has no {', no '.join(missing)}: {tables.README} says where to get it"
            )
        read = {path: self._read(path) for path in sorted(self._directory.glob("*/*.json"))}
        self.other_editions = [
            name for name, digest in files.items()
            if hashlib.sha256((self._directory / name).read_bytes()).hexdigest() != digest
        ]
        # Names of path parameters differ between a file and Greenroom, so they do not count.
        self.operations = {
            (str(path.relative_to(self._directory)), method.upper(), _shape(at)): at
            for path, document in read.items()
            for at, methods in document.get("paths", {}).items()
            for method in methods
        }
        self._documents = {str(path.relative_to(self._directory)): read[path] for path in read}

    def _read(self, path):
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise CannotRun(f"{path} is no JSON ({error}): {tables.README} says which format to download") from None

    def operation(self, file, method, path):
        """An operation of a file, if it is in there."""
        at = self.operations.get((file, method, _shape(path)))
        if at is None:
            return None
        if file not in self._schemas:
            self._schemas[file] = schemathesis.openapi.from_dict(
                self._documents[file], config=schemathesis.Config()
            )
        return self._schemas[file][at][method]

    def files_with(self, method, path):
        return [file for file, *wanted in self.operations if wanted == [method, _shape(path)]]


def _shape(path):
    return re.sub(r"\{[^}]*\}", "{}", path)


class Drive:
    """One operation, from its first case to its last."""

    def __init__(self, emulator, operations, row, operation, transcript):
        self.emulator, self.wishes = emulator, operations.tokens
        self.row, self.operation = row, operation
        self.transcript = transcript
        self.statuses = collections.Counter()
        # Findings by what they are, each with how often and the first request that showed it.
        self.findings = {}
        self.problems = []
        # Whether a case has used up what `before` got ready.
        self.used_up = False

    def run(self):
        self.emulator.learn_the_world()
        for step in self.row.before:
            self._prepare(step)
        for example in self.row.examples:
            self._example(example)
        if self.row.actor is not None:
            self._strangers()
        self._borders()
        for mode in GenerationMode:
            self._generate(mode)
        # A request whose connection is dropped is sent again, so a panic shows in the log only.
        if "panicked" in self.emulator.log():
            self.problems.append(f"Greenroom panicked; its log ends with: {self.emulator.last_words()}")
        if not any(200 <= status < 300 for status in self.statuses):
            self.problems.append(f"was never answered with 2xx, but with {tally(self.statuses)}")

    def _example(self, example):
        self._freshen()
        fill = self.emulator.fill
        body = {} if example.body is None else {"body": fill(copy.deepcopy(example.body))}
        if body:
            body["media_type"] = next(iter(self.operation.body)).media_type
        case = self.operation.Case(path_parameters=fill(example.path), query=fill(example.query), **body)
        response = self._send(case, example.actor or self.row.actor)
        right = [example.status] if example.status else range(200, 300)
        if response is not None and response.status_code not in right:
            wanted = example.status or "2xx"
            self.problems.append(
                f"{_told(response)} wants {wanted}, and got {response.status_code} {shown(response.content)}"
            )

    def _strangers(self):
        """Nobody, and somebody with a token that says nothing."""
        first = self.row.examples[0]
        for what, header in (("no token", {}), ("a token that is none", {"Authorization": "Bearer nonsense"})):
            self._freshen()
            case = self.operation.Case(path_parameters=self.emulator.fill(first.path),
                                       query=self.emulator.fill(first.query))
            response = self._send(case, None, header)
            if response is not None and response.status_code != 401:
                self.problems.append(f"{_told(response)} with {what} wants 401, and got {response.status_code}")

    def _borders(self):
        """What schemathesis makes of the borders of each parameter, and of the examples in the file."""
        schema = self.operation.schema
        config = schema.config.generation_for(operation=self.operation, phase="coverage")
        cases = schema.iter_coverage_cases(
            self.operation, generation_modes=list(GenerationMode), generation_config=config
        )
        tried = collections.Counter()
        for case in cases:
            border = case.meta.phase.data
            kind = border.scenario, border.parameter, border.parameter_location, border.description
            tried[kind] += 1
            # Other methods are other operations.
            if case.method.upper() != self.operation.method.upper() or tried[kind] > ALIKE:
                continue
            if self._pinned is not None:
                self._send_generated(self.operation.Case(
                    path_parameters=self._pinned, query=case.query, body=case.body, media_type=case.media_type
                ), True)
            self._send_generated(case, self._pinned is None)

    def _generate(self, mode):
        """Random cases, with path and query of what is there and, where there are any, with random ones too."""
        query = self.emulator.fill(self.row.examples[0].query) or None
        self._generate_with(mode, self._pinned, query)
        if self._pinned is not None or query is not None:
            self._generate_with(mode, None, None)

    def _generate_with(self, mode, pinned, query):
        meets = pinned is not None or self._pinned is None
        strategy = self.operation.as_strategy(generation_mode=mode, path_parameters=pinned, query=query)

        @SETTINGS
        # Without a number the cases would follow from the source text of this function.
        @hypothesis.seed(1)
        @hypothesis.given(strategy)
        def drive(case):
            self._send_generated(case, meets)

        try:
            drive()
        except hypothesis.errors.Unsatisfiable:
            # Nothing is wrong: an operation without parameters has nothing to get wrong, say.
            pass

    @property
    def _pinned(self):
        """Path parameters of something that is there."""
        path = self.row.examples[0].path
        return self.emulator.fill(path) if path else None

    def _freshen(self):
        """Gets ready again what was used up."""
        if self.used_up:
            self.used_up = False
            for step in self.row.before:
                if step.again:
                    self._prepare(step)

    def _prepare(self, step):
        answer = self.emulator.do(self.wishes, step)
        self.emulator.take(step, answer.content, answer.headers.get("Location"))

    def _send_generated(self, case, meets):
        """Sends a generated case, which `meets` something that is there or not. With members to pin, it is sent
        with them too."""
        body = case.body
        pinned = isinstance(body, dict) and bool(self.row.pin)
        for pin in [False, True] if pinned else [False]:
            if meets:
                self._freshen()
                if case.path_parameters:
                    case.path_parameters = dict(self._pinned)
            if pin:
                case.body = {**body, **self.emulator.fill(self.row.pin)}
            response = self._send(case, self.row.actor)
            undo = self.row.undo
            if undo and response is not None and 200 <= response.status_code < 300:
                self.emulator.take(undo, response.content, response.headers.get("location", [None])[0])
                self.emulator.do(self.wishes, undo)

    def _send(self, case, actor, headers=None):
        bearer = self.emulator.bearer(self.wishes, actor) if headers is None else headers
        if not bearer:
            case.headers.pop("Authorization", None)
        try:
            response = case.call(
                base_url=self.emulator.url, session=self.emulator.session, headers=bearer, allow_redirects=False
            )
        except requests.RequestException as error:
            self.problems.append(f"{case.method} {case.path} gets no answer: {type(error).__name__}")
            return None
        self.statuses[response.status_code] += 1
        self.used_up |= 200 <= response.status_code < 300
        told = _told(response)
        for part in (told, str(response.status_code), json.dumps(sorted(response.headers.items()))):
            self.transcript.update(part.encode())
        self.transcript.update(response.content)
        for finding in judge.findings(self.row.route, case, response):
            count, *_ = self.findings.get(finding.key(), (0,))
            kept = self.findings[finding.key()][1:] if count else (finding, told, actor, response.content)
            self.findings[finding.key()] = (count + 1, *kept)
        return response


def _told(response):
    """A request as people read it, without its token."""
    url = urlsplit(response.request.url)
    text = f"{response.request.method} {url.path}{'?' if url.query else ''}{url.query}"
    body = response.request.body
    if body:
        body = body.decode(errors="replace") if isinstance(body, bytes) else str(body)
        text += f" {body}"
    return re.sub(r"(client_secret=)[^&]*", r"\1…", text)


def tally(counter):
    return " ".join(f"{status}×{count}" for status, count in sorted(counter.items())) or "nothing"


def unmatched(operations, documents, served):
    """What the tables say of routes, held against the routes and the files there are."""
    table = operations.place
    for route, (method, path) in served.items():
        found = documents.files_with(method, path)
        if route in operations.not_covered:
            if found:
                yield (f"{route} ({method} {path}) is listed as not covered, and {found[0]} has it: "
                       f"give it a row below `routes` in {table}")
        elif route not in operations.rows:
            where = f"it is in {found[0]}: give it a row below `routes`" if found else (
                "none of the files has it: list it below `not covered` with its source")
            yield f"{route} ({method} {path}) has no row; {where} in {table}"
        elif documents.operation(operations.rows[route].file, method, path) is None:
            yield f"{operations.rows[route].file} has no {method} {path}, which {table} says of {route}"
    for route in {*operations.rows, *operations.not_covered} - {*served}:
        yield f"Greenroom serves no {route}: take it out of {table}"


def main(directory, binary, tables_at, *only):
    began = time.monotonic()
    operations = tables.Operations(tables_at)
    deviations = tables.deviations(tables_at)
    documents = Documents(directory, operations.files)
    with Emulator(binary) as emulator:
        served = {
            route["route"]: (route["method"], route["path"])
            for route in emulator.control("fidelity")["routes"]
        }
    problems = list(unmatched(operations, documents, served))
    unknown = {*only} - {*operations.rows}
    if unknown:
        raise CannotRun(f"{operations.place} has no row for {', '.join(sorted(unknown))}")
    rows = [row for row in operations.rows.values() if row.route in served and (not only or row.route in only)]
    width = max((len(row.route) for row in rows), default=0)
    transcript = hashlib.sha256()
    cases = passed = 0
    for row in rows:
        method, path = served[row.route]
        operation = documents.operation(row.file, method, path)
        if operation is None:
            continue
        with Emulator(binary) as emulator:
            drive = Drive(emulator, operations, row, operation, transcript)
            try:
                drive.run()
            except CannotRun as error:
                drive.problems.append(str(error))
            last_words = emulator.last_words()
        cases += drive.statuses.total()
        wrong = [f"{row.route}: {problem}" for problem in drive.problems]
        used = 0
        for count, finding, told, actor, content in drive.findings.values():
            known = [deviation for deviation in deviations if deviation.covers(finding)]
            for deviation in known:
                deviation.used += count
            used += len(known)
            if not known:
                wrong.append(report(count, finding, told, actor, content, last_words))
        passed += not wrong
        print(
            f"{'FAIL' if wrong else 'ok':4} {row.route:{width}}  {operation.label}\n"
            f"     {' ' * width}  {drive.statuses.total()} cases, {tally(drive.statuses)}; "
            f"{len(wrong)} wrong, {used} known deviations",
            flush=True,
        )
        problems += wrong
    driven = {row.route for row in rows}
    unused = [
        deviation for deviation in deviations
        if not deviation.used and (deviation.route in driven or not only)
    ]
    if unused:
        problems.append("\n    ".join([
            "These deviations were not seen: take them out of deviations.yaml, for what is known to fail passes.",
            *map(str, unused),
        ]))
    for route, why in operations.not_covered.items():
        if route in served:
            print(f"-    {route:{width}}  not covered: {why}")
    if documents.other_editions:
        print(f"\nNote: {', '.join(documents.other_editions)}: another edition than the one that the tables "
              "were written for. A failure below may be HPE's news.")
    seen = collections.Counter(deviation.basis for deviation in deviations if deviation.used)
    for problem in problems:
        print(f"\n{problem}")
    print(
        f"\n{len(rows)} operations driven, {passed} as documented or as known; {cases} cases; "
        f"{seen.total()} deviations seen ({tally(seen)}); "
        f"{len(operations.not_covered)} routes not covered; {len(problems)} problems; "
        f"{time.monotonic() - began:.0f} s; transcript {transcript.hexdigest()[:12]}"
    )
    return 1 if problems else 0


def report(count, finding, told, actor, content, last_words):
    """A finding as people read it."""
    what = [finding.kind, str(finding.status)]
    what += [f"{name} {value}" for name, value in
             (("at", finding.at), ("rule", finding.rule), ("got", finding.got)) if value is not None]
    lines = [
        f"{finding.route}: {', '.join(what)} ({count} cases)",
        f"    {finding.words}",
        f"    asked as {actor or 'nobody'}: {told[:600]}",
    ]
    # A schema finding names its place, and a page of devices is long.
    if finding.kind != "schema":
        lines.append(f"    answered: {shown(content)}")
    if finding.kind == "5xx" and last_words:
        lines.append(f"    its log ends with: {last_words}")
    return "\n".join(lines)


def shown(content):
    """A body as people read it."""
    text = content[:600].decode(errors="replace")
    return re.sub(r'("(?:access_token|client_?[sS]ecret)":")[^"]*', r"\1…", text)


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except CannotRun as error:
        print(f"contract/check: {error}", file=sys.stderr)
        sys.exit(2)
