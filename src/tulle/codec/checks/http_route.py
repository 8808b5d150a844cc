"""Rules for HTTPRoute: those of Gateway API v1.6 (the CEL rules of its CRD) and those Envoy adds."""

import re
from collections.abc import Iterator, Sequence

from tulle.codec.checks.forms import is_header, is_host, regex_fault
from tulle.codec.checks.gateway_api import (
    CORE_GROUPS,
    check_backends,
    check_parents,
    check_rule_name,
)
from tulle.codec.checks.repeats import repeats
from tulle.model.durations import seconds
from tulle.model.kinds.http_route import (
    HeaderMatch,
    HeaderModifier,
    HTTPRoute,
    HTTPRouteFilter,
    HTTPRouteMatch,
    HTTPRouteRule,
    HTTPRouteSpec,
    HTTPRouteTimeouts,
    PathMatch,
    QueryParamMatch,
)
from tulle.model.problems import Problem, Severity

MAX_MATCHES = 128
"""Matches of all rules together."""

_PATH = re.compile(r"(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+")
_PATH_PARTS = ("//", "/./", "/../", "%2f", "%2F", "#")
_SETTINGS = {
    "RequestHeaderModifier": "requestHeaderModifier",
    "ResponseHeaderModifier": "responseHeaderModifier",
}


def check(route: HTTPRoute) -> Iterator[Problem]:
    """The rules for an HTTPRoute."""
    spec = route.spec
    yield from check_parents(spec.parent_refs)
    yield from _hostnames(spec)
    for index, rule in enumerate(spec.rules):
        yield from _rule(rule, f"spec.rules[{index}]")
    for index, first in repeats(rule.name for rule in spec.rules):
        message = f"is the name of spec.rules[{first}] already"
        at = f"spec.rules[{index}].name"
        yield Problem(at, "duplicate-name", message, severity=Severity.WARNING)
    matches = sum(len(rule.matches) for rule in spec.rules)
    if matches > MAX_MATCHES:
        message = f"all rules together may have {MAX_MATCHES} matches, not {matches}"
        yield Problem("spec.rules", "out-of-range", message, "split the route")


def _hostnames(spec: HTTPRouteSpec) -> Iterator[Problem]:
    for index, hostname in enumerate(spec.hostnames):
        if not is_host(hostname.removeprefix("*.")) or hostname != hostname.lower():
            message = f"must be a host name in lower case, *. before it at most, not {hostname!r}"
            yield Problem(f"spec.hostnames[{index}]", "bad-host", message)
    services = [ref for ref in spec.parent_refs if ref.kind == "Service"]
    if spec.hostnames and any(ref.group in CORE_GROUPS for ref in services):
        yield Problem(
            "spec.hostnames",
            "field-without-effect",
            "has no effect where the parent is a Service: all requests to it are routed",
            "match the header Host instead",
            severity=Severity.WARNING,
        )


def _rule(rule: HTTPRouteRule, at: str) -> Iterator[Problem]:
    yield from check_rule_name(rule.name, at)
    for index, match in enumerate(rule.matches):
        yield from _match(match, f"{at}.matches[{index}]")
    yield from _filters(rule.filters, f"{at}.filters")
    yield from check_backends(rule.backend_refs, f"{at}.backendRefs")
    for index, backend in enumerate(rule.backend_refs):
        yield from _filters(backend.filters, f"{at}.backendRefs[{index}].filters")
    yield from _timeouts(rule.timeouts, f"{at}.timeouts")


def _match(match: HTTPRouteMatch, at: str) -> Iterator[Problem]:
    yield from _path(match.path, f"{at}.path.value")
    yield from _values(match.headers, f"{at}.headers", ignore_case=True)
    yield from _values(match.query_params, f"{at}.queryParams", ignore_case=False)


def _path(path: PathMatch, at: str) -> Iterator[Problem]:
    if path.type == "RegularExpression":
        yield from _regex(path.value, at)
        return
    if not path.value.startswith("/"):
        yield Problem(at, "bad-path", f"must begin with '/', not {path.value!r}")
    parts = [part for part in _PATH_PARTS if part in path.value]
    parts += [end for end in ("/..", "/.") if path.value.endswith(end)]
    if parts:
        message = f"must not contain {' or '.join(repr(part) for part in parts)}: requests are normalised first"
        yield Problem(at, "bad-path", message)
    elif not _PATH.fullmatch(path.value):
        message = f"has characters no path may have: {path.value!r}"
        yield Problem(at, "bad-path", message, "write them as %XX")


def _regex(text: str, at: str) -> Iterator[Problem]:
    if fault := regex_fault(text):
        hint = "Envoy's engine is RE2: https://github.com/google/re2/wiki/Syntax"
        yield Problem(at, "bad-regex", f"no regular expression Envoy takes: {fault}", hint)


def _values(
    matches: Sequence[HeaderMatch | QueryParamMatch], at: str, *, ignore_case: bool
) -> Iterator[Problem]:
    for index, match in enumerate(matches):
        if match.type == "RegularExpression":
            yield from _regex(match.value, f"{at}[{index}].value")
    yield from _twice([match.name for match in matches], at, ".name", ignore_case=ignore_case)


def _twice(names: Sequence[str], at: str, field: str, *, ignore_case: bool) -> Iterator[Problem]:
    """Of two names that differ in case the first counts, as Gateway API says; of two equal ones none may be."""
    keys = [name.lower() if ignore_case else name for name in names]
    for index, first in repeats(keys):
        equal = names[index] in names[:index]
        yield Problem(
            f"{at}[{index}]{field}",
            "duplicate-name",
            f"{names[index]} is named twice, first by {at}[{first}]",
            "keep one of them" if equal else "names of headers ignore case: only the first counts",
            severity=Severity.ERROR if equal else Severity.WARNING,
        )


def _filters(filters: Sequence[HTTPRouteFilter], at: str) -> Iterator[Problem]:
    for index, first in repeats(one.type for one in filters):
        message = f"{filters[index].type} may be there once, and is {at}[{first}] already"
        hint = "write both into one filter"
        yield Problem(f"{at}[{index}].type", "duplicate-filter", message, hint)
    for index, one in enumerate(filters):
        yield from _filter(one, f"{at}[{index}]")


def _filter(one: HTTPRouteFilter, at: str) -> Iterator[Problem]:
    given = {
        "requestHeaderModifier": one.request_header_modifier,
        "responseHeaderModifier": one.response_header_modifier,
    }
    for name, modifier in given.items():
        if modifier is not None and name != _SETTINGS[one.type]:
            message = f"does not belong to a filter of type {one.type}"
            yield Problem(f"{at}.{name}", "conflict", message)
        elif modifier is None and name == _SETTINGS[one.type]:
            yield Problem(f"{at}.{name}", "missing-field", f"is required for type {one.type}")
        elif modifier is not None:
            yield from _modifier(modifier, f"{at}.{name}")


def _modifier(modifier: HeaderModifier, at: str) -> Iterator[Problem]:
    named = {
        "set": [header.name for header in modifier.set],
        "add": [header.name for header in modifier.add],
        "remove": list(modifier.remove),
    }
    if not any(named.values()):
        message = "sets, adds and removes nothing"
        hint = "name a header in it, or remove it"
        yield Problem(at, "field-without-effect", message, hint, severity=Severity.WARNING)
    for action, names in named.items():
        field = "" if action == "remove" else ".name"
        for index, name in enumerate(names):
            yield from _changeable(name, f"{at}.{action}[{index}]{field}")
        yield from _twice(names, f"{at}.{action}", field, ignore_case=True)


def _changeable(name: str, at: str) -> Iterator[Problem]:
    if not is_header(name):
        yield Problem(at, "bad-name", f"must be the name of a header, not {name!r}")
    elif name.lower() == "host":
        message = "the header Host decides where a request goes: Envoy lets no filter change it"
        yield Problem(at, "header-not-changeable", message, "leave it alone here")


def _timeouts(timeouts: HTTPRouteTimeouts, at: str) -> Iterator[Problem]:
    if timeouts.request is None or timeouts.backend_request is None:
        return
    whole, each = seconds(timeouts.request), seconds(timeouts.backend_request)
    if whole and each > whole:
        message = f"must not be longer than {at}.request, {timeouts.request}, as {timeouts.backend_request} is"
        yield Problem(f"{at}.backendRequest", "out-of-range", message)
