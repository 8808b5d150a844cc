"""Weighted shares of a rule, and the header changes on the way to them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tulle.graph.backends import Backends, Refusal
from tulle.graph.mesh import HeaderChanges, Share
from tulle.graph.notes import origin_of, warning
from tulle.model.kinds.gateway_api import BackendRef
from tulle.model.kinds.http_route import (
    HeaderModifier,
    HTTPBackendRef,
    HTTPHeader,
    HTTPRoute,
    HTTPRouteFilter,
)
from tulle.model.kinds.tcp_route import TCPRoute
from tulle.model.problems import Problem

Route = HTTPRoute | TCPRoute

PROTECTED_HEADERS = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "upgrade"}
)
"""Headers that belong to the connection or to routing: changing them is not a header filter's business."""


NO_CHANGES = HeaderChanges()


@dataclass(frozen=True, slots=True)
class Shares:
    """The shares of a rule: their weights always add up to more than nothing."""

    shares: tuple[Share, ...]
    refusals: tuple[Refusal, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """What the filters of a rule or backend change."""

    request: HeaderChanges = NO_CHANGES
    response: HeaderChanges = NO_CHANGES
    problems: tuple[Problem, ...] = ()


def read_shares(route: Route, field: str, refs: Sequence[BackendRef], backends: Backends) -> Shares:
    """The shares of the rule at `field`. Where nothing would get the traffic, one that answers 500 is added."""
    refusals: list[Refusal] = []
    problems: list[Problem] = []
    shares: list[Share] = []
    http = isinstance(route, HTTPRoute)
    for index, ref in enumerate(refs):
        at = f"{field}.backendRefs[{index}]"
        found = backends.resolve(ref, route.metadata.namespace, speaks_http=http)
        to = None if isinstance(found, Refusal) else found
        if isinstance(found, Refusal):
            refusals.append(found)
            problems.append(warning(route, at + found.field, found.code, found.message, found.hint))
        changes = (
            read_filters(route, at, ref.filters) if isinstance(ref, HTTPBackendRef) else Changes()
        )
        problems.extend(changes.problems)
        shares.append(
            Share(to, ref.weight, origin_of(route, at), changes.request, changes.response)
        )
    if not any(share.weight for share in shares):
        problems.append(_nobody(route, field, shares))
        shares.append(Share(None, 1, origin_of(route, field)))
    return Shares(tuple(shares), tuple(refusals), tuple(problems))


def _nobody(route: Route, field: str, shares: Sequence[Share]) -> Problem:
    if shares:
        return warning(
            route,
            f"{field}.backendRefs",
            "route-weights-zero",
            "every weight is 0, so all of this traffic fails",
        )
    return warning(
        route,
        f"{field}.backendRefs",
        "route-without-backends",
        "it names no backend, so all of this traffic fails",
        hint="name the service itself to send it on",
    )


def read_filters(route: Route, field: str, filters: Sequence[HTTPRouteFilter]) -> Changes:
    """The header changes of the filters at `field`; of two of one type the first counts."""
    found: dict[str, HeaderChanges] = {}
    problems: list[Problem] = []
    for index, filter_ in enumerate(filters):
        at = f"{field}.filters[{index}]"
        if filter_.type in found:
            problems.append(
                warning(
                    route, at, "route-filter-repeated", f"a second {filter_.type} changes nothing"
                )
            )
            continue
        found[filter_.type] = _changes(_modifier(filter_))
        problems.extend(_protected(route, at, _modifier(filter_)))
    return Changes(
        found.get("RequestHeaderModifier", NO_CHANGES),
        found.get("ResponseHeaderModifier", NO_CHANGES),
        tuple(problems),
    )


def _modifier(filter_: HTTPRouteFilter) -> HeaderModifier:
    match filter_.type:
        case "RequestHeaderModifier":
            return filter_.request_header_modifier or HeaderModifier()
        case "ResponseHeaderModifier":
            return filter_.response_header_modifier or HeaderModifier()


def _changes(modifier: HeaderModifier) -> HeaderChanges:
    return HeaderChanges(
        set=_first_of_each(modifier.set),
        add=_first_of_each(modifier.add),
        remove=tuple(dict.fromkeys(filter(_may_change, map(str.lower, modifier.remove)))),
    )


def _first_of_each(headers: Iterable[HTTPHeader]) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for header in headers:
        if _may_change(header.name.lower()):
            found.setdefault(header.name.lower(), header.value)
    return tuple(found.items())


def _may_change(name: str) -> bool:
    return bool(name) and name not in PROTECTED_HEADERS and not name.startswith(":")


def _protected(route: Route, field: str, modifier: HeaderModifier) -> Iterator[Problem]:
    names = [header.name for header in (*modifier.set, *modifier.add)] + list(modifier.remove)
    for name in names:
        if not _may_change(name.lower()):
            yield warning(
                route,
                field,
                "route-header-protected",
                f"{name!r} is not changed: it belongs to the connection, not to the message",
            )
