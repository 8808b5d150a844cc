"""Weighted shares of a rule, and the header changes on the way to them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tulle.graph.mesh import DestinationRef, HeaderChanges, Share
from tulle.graph.notes import origin_of, warning
from tulle.graph.services.backends import Backends, Refusal
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


@dataclass(frozen=True, slots=True)
class Shares:
    """The shares of a rule: their weights always add up to more than nothing."""

    shares: tuple[Share, ...]
    refusals: tuple[Refusal, ...]
    problems: tuple[Problem, ...]


def read_shares(route: Route, field: str, refs: Sequence[BackendRef], backends: Backends) -> Shares:
    """The shares of the rule at `field`. Where nothing would get the traffic, one that answers 500 is added."""
    http = isinstance(route, HTTPRoute)
    found = [backends.resolve(ref, route.metadata.namespace, speaks_http=http) for ref in refs]
    shares = [
        _share(route, f"{field}.backendRefs[{index}]", ref, found[index])
        for index, ref in enumerate(refs)
    ]
    if not any(share.weight for share in shares):
        shares.append(Share(None, 1, origin_of(route, field)))
    return Shares(
        tuple(shares),
        tuple(one for one in found if isinstance(one, Refusal)),
        tuple(_problems(route, f"{field}.backendRefs", found)),
    )


def _share(route: Route, at: str, ref: BackendRef, found: DestinationRef | Refusal) -> Share:
    to = None if isinstance(found, Refusal) else found
    filters = ref.filters if isinstance(ref, HTTPBackendRef) else ()
    request, response = read_filters(filters)
    return Share(to, ref.weight, origin_of(route, at), request, response)


def _problems(
    route: Route, at: str, found: Sequence[DestinationRef | Refusal]
) -> Iterator[Problem]:
    if not found:
        yield warning(
            route,
            at,
            "route-without-backends",
            "it names no backend, so all of this traffic fails",
            hint="name the service itself to send it on",
        )
    for index, one in enumerate(found):
        if isinstance(one, Refusal) and one.code:
            yield warning(route, f"{at}[{index}]{one.field}", one.code, one.message, one.hint)


def read_filters(filters: Iterable[HTTPRouteFilter]) -> tuple[HeaderChanges, HeaderChanges]:
    """What filters change in requests and in responses; of two of one type the first counts."""
    found: dict[str, HeaderChanges] = {}
    for filter_ in filters:
        found.setdefault(filter_.type, _changes(_modifier(filter_)))
    return (
        found.get("RequestHeaderModifier", HeaderChanges()),
        found.get("ResponseHeaderModifier", HeaderChanges()),
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
        remove=tuple(dict.fromkeys(name.lower() for name in modifier.remove)),
    )


def _first_of_each(headers: Iterable[HTTPHeader]) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for header in headers:
        found.setdefault(header.name.lower(), header.value)
    return tuple(found.items())
