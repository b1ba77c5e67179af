"""What is wrong with an answer, by the file of its operation."""

from dataclasses import dataclass

from schemathesis.core.failures import FailureGroup
from schemathesis.openapi import checks as failures
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    status_code_conformance,
)

CHECKS = [status_code_conformance, content_type_conformance, response_headers_conformance]


@dataclass(frozen=True)
class Finding:
    """One way in which an answer differs from the file. `at`, `rule` and `got` are none where the kind
    has no such thing; a pointer has `*` for every index, so that a list has one finding, not many."""

    route: str
    kind: str
    status: int
    at: str | None = None
    rule: str | None = None
    got: str | None = None
    words: str = ""

    def key(self):
        return (self.route, self.kind, self.status, self.at, self.rule, self.got)


def findings(route, case, response):
    """All of an answer, each once."""
    found = {}
    for finding in _all(route, case, response):
        found.setdefault(finding.key(), finding)
    return list(found.values())


def _all(route, case, response):
    status = response.status_code
    if status >= 500:
        yield Finding(route, "5xx", status, words="Greenroom answers no server error of its own accord")
    try:
        case.validate_response(response, checks=CHECKS)
    except FailureGroup as group:
        for failure in group.exceptions:
            yield _finding(route, status, failure)
    definition = case.operation.responses.find_by_status_code(status)
    if definition is not None:
        yield from _body(route, definition, response)


def _finding(route, status, failure):
    match failure:
        case failures.UndefinedStatusCode():
            documented = ", ".join(failure.defined_status_codes)
            return Finding(route, "status", status, words=f"the file has {documented}")
        case failures.UndefinedContentType():
            documented = ", ".join(failure.defined_content_types)
            return Finding(route, "content-type", status, got=failure.content_type,
                           words=f"the file has {documented}")
        case failures.MissingContentType():
            return Finding(route, "content-type", status, got="none", words=failure.message)
        case failures.MissingHeaders():
            return Finding(route, "header", status, rule="required", words=failure.message)
        case failures.JsonSchemaError():
            return Finding(route, "header", status, rule=_rule(failure), words=failure.validation_message)
        case _:
            return Finding(route, "header", status, words=str(failure))


def _body(route, definition, response):
    """The body against the schema of its status. Schemathesis has a check of that, which tells one error
    of each place in the schema only: a known one in the first item would hide another in the second."""
    status = response.status_code
    if not response.content:
        return
    if not definition.definition.get("content"):
        yield Finding(route, "body", status, words="the file has no body for this status")
        return
    content_type = (response.headers.get("content-type") or [None])[0]
    resolved = definition.get_schema(content_type)
    if resolved.schema is None:
        return
    try:
        value = response.json()
    except ValueError:
        yield Finding(route, "body", status, words="the body is no JSON")
        return
    validator = definition.get_validator(resolved.media_type, resolved.schema, validate_formats=True)
    seen = set()
    for error in validator.iter_errors(value):
        at = "".join("/*" if isinstance(part, int) else f"/{part}" for part in error.instance_path) or "/"
        key = at, _rule(error), _got(error)
        if key not in seen:
            seen.add(key)
            words = error.message if len(error.message) < 200 else f"{error.message[:200]}…"
            where = "".join(f"/{part}" for part in error.instance_path) or "/"
            yield Finding(route, "schema", status, *key, f"{where}: {words}")


def _rule(error):
    """The keyword that is broken."""
    return next((part for part in reversed(error.schema_path) if isinstance(part, str)), None)


def _got(error):
    """The value where the rule lists values, the member that is missing, else what kind of value it is."""
    if _rule(error) == "required":
        return error.kind.property
    if _rule(error) in ("enum", "const") and isinstance(error.instance, str):
        return error.instance
    names = {type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string",
             list: "array", dict: "object"}
    return names[type(error.instance)]
