"""What is committed about the contract: how each route is driven, and where Greenroom deviates."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import yaml

README = "contract/README.md"


class CannotRun(Exception):
    """A sentence that names place and mend."""


@dataclass
class Step:
    """A request that only gets things ready, or puts them away again."""

    request: str
    actor: str
    body: object = None
    # The name under which `take` is known afterwards: a JSON pointer, or `Location` for the last
    # segment of that header.
    name: str | None = None
    take: str | None = None
    # Whether it is made again once a case was answered with 2xx.
    again: bool = False


@dataclass
class Example:
    """A request that is made as it stands."""

    path: dict = field(default_factory=dict)
    query: dict = field(default_factory=dict)
    body: object = None
    actor: str | None = None
    status: int | None = None


@dataclass
class Row:
    """How a route is driven."""

    route: str
    file: str
    actor: str | None
    examples: list[Example]
    before: list[Step] = field(default_factory=list)
    undo: Step | None = None
    # Members that every generated body gets, without which most would be refused for the same reason.
    pin: dict = field(default_factory=dict)


@dataclass
class Deviation:
    """One thing in which Greenroom follows the live cloud rather than the file."""

    route: str
    kind: str
    status: int
    at: str | None
    rule: str | None
    got: str | None
    basis: str
    reason: str
    source: str
    used: int = 0

    def covers(self, finding):
        return (
            (self.route, self.kind, self.status) == (finding.route, finding.kind, finding.status)
            and self.at == finding.at
            and self.rule == finding.rule
            and self.got == finding.got
        )

    def __str__(self):
        parts = [self.route, self.kind, self.status, self.at, self.rule, self.got]
        return " ".join(str(part) for part in parts if part is not None)


class Operations:
    """operations.yaml."""

    def __init__(self, directory):
        self.place = Path(directory) / "operations.yaml"
        document = _read(self.place)
        with _Reading(self.place):
            self.files = dict(document["files"])
            self.tokens = {name: dict(wish) for name, wish in document["tokens"].items()}
            self.not_covered = dict(document["not covered"] or {})
            self.rows = {route: self._row(route, dict(row)) for route, row in document["routes"].items()}

    def _row(self, route, row):
        with _Reading(self.place, route):
            actor = self._actor(row.pop("as"))
            examples = [self._example(dict(example)) for example in row.pop("examples")]
            if not any(example.status is None for example in examples):
                raise KeyError("an example without `status`, which must be answered with 2xx")
            before = [self._step(dict(step), actor) for step in row.pop("before", [])]
            undo = row.pop("undo", None)
            undo = self._step(dict(undo), actor) if undo else None
            pin = dict(row.pop("pin", {}))
            file = row.pop("file")
            if file not in self.files:
                raise KeyError(f"{file} below `files`")
            _nothing_else(row)
            return Row(route, file, actor, examples, before, undo, pin)

    def _actor(self, name):
        if name != "nobody" and name not in self.tokens:
            raise KeyError(f"{name} below `tokens`")
        return None if name == "nobody" else name

    def _example(self, example):
        actor = example.pop("as", None)
        read = Example(
            **{name: example.pop(name) for name in ("path", "query", "body", "status") if name in example}
        )
        read.actor = actor and self._actor(actor)
        _nothing_else(example)
        return read

    def _step(self, step, actor):
        read = Step(
            request=step.pop("request"),
            actor=self._actor(step.pop("as", actor)),
            body=step.pop("body", None),
            name=step.pop("name", None),
            take=step.pop("take", None),
            again=step.pop("again", False),
        )
        _nothing_else(step)
        return read


KINDS = ("status", "schema", "header", "content-type", "body")
# What speaks against the file: what was seen live; the file itself, elsewhere; a standard; or only a choice
# of Greenroom's, where nobody knows.
BASES = ("live", "file", "standard", "choice")


def deviations(directory):
    """deviations.yaml: one deviation for each route and place that a row of it names."""
    place = Path(directory) / "deviations.yaml"
    found = []
    for number, row in enumerate(_read(place) or [], 1):
        row = dict(row)
        with _Reading(place, f"row {number}"):
            routes = _listed(row.pop("route"))
            kind = row.pop("kind")
            if kind not in KINDS:
                raise KeyError(f"a kind among {', '.join(KINDS)}: {kind} is none, and a 5xx is never one")
            statuses = _listed(row.pop("status"))
            below = row.pop("below", "")
            places = [None if at is None else below + at for at in _listed(row.pop("at", None))]
            rule = row.pop("rule", None)
            gots = ["null" if got is None and kind == "schema" else got for got in _listed(row.pop("got", None))]
            basis = row.pop("basis")
            if basis not in BASES:
                raise KeyError(f"a basis among {', '.join(BASES)}: {basis} is none")
            reason, source = row.pop("reason").strip(), row.pop("source").strip()
            if not reason or not re.search(r"(glp|central)\.md (§|appendix )|RFC \d+ §|seed \d{3}", source):
                raise KeyError("a `reason`, and a `source` such as glp.md §6.2")
            _nothing_else(row)
            found += [
                Deviation(route, kind, status, at, rule, got, basis, reason, source)
                for route in routes for status in statuses for at in places for got in gots
            ]
    return found


def _listed(value):
    return value if isinstance(value, list) else [value]


def _nothing_else(row):
    if row:
        raise KeyError(f"something else than {', '.join(map(str, row))}, which nobody reads")


def _read(place):
    try:
        return yaml.safe_load(place.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise CannotRun(f"{place} cannot be read: {error}") from None


class _Reading:
    """Tells where a table is wrong."""

    def __init__(self, place, row=None):
        self.where = f"{place}, {row}" if row else str(place)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, KeyError):
            raise CannotRun(f"{self.where} wants {error.args[0]}") from None
        if isinstance(error, (AttributeError, TypeError, ValueError)):
            raise CannotRun(f"{self.where} is not of the shape that {README} shows: {error}") from None
