"""Routes: which of them speak for a port, in which order their rules are tried, and what their status says.

Routes of a Service's own namespace (producer) are for every caller; those of another (consumer) are for the
callers of that namespace only, and replace the producer's for them (GAMMA). Within one such set HTTPRoutes
are merged, an HTTPRoute beats a TCPRoute, and of TCPRoutes the oldest counts.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tulle.graph.ages import age_of
from tulle.graph.memo import Memo
from tulle.graph.mesh import (
    DestinationRef,
    HttpRouting,
    ResourceStatus,
    Routing,
    TcpRouting,
)
from tulle.graph.notes import accepted, condition, origin_of, refused, warning
from tulle.graph.notes import listing as in_words
from tulle.graph.routing.http_rules import Rules, in_order, read_rules
from tulle.graph.routing.parents import PRODUCER, Attached, Attachment, attach
from tulle.graph.routing.shares import Route, Shares, read_shares
from tulle.graph.services.backends import Backends, Refusal, undeclared
from tulle.model.kinds.http_route import HTTPRoute
from tulle.model.kinds.tcp_route import TCPRoute
from tulle.model.names import ResourceKey
from tulle.model.problems import Problem
from tulle.model.resources import Condition
from tulle.model.statuses import ConditionType, Reason


@dataclass(frozen=True, slots=True)
class PortRoutes:
    """What routes say about one port. `producer` is None where only consumers' routes attach."""

    producer: Routing | None
    consumers: Mapping[str, Routing]


@dataclass(frozen=True, slots=True)
class RouteTable:
    """All routes, resolved. `made_http` are ports nobody declares a protocol for, but a route of their own
    namespace sends requests to.
    """

    ports: Mapping[DestinationRef, PortRoutes]
    made_http: frozenset[DestinationRef]
    statuses: tuple[ResourceStatus, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Read:
    """One route: what its parents gave and what its rules say."""

    route: Route
    parents: tuple[Attached, ...]
    said: Rules | Shares


@dataclass(frozen=True, slots=True)
class Loss:
    """That a route has no say on a port it asked for, and who has."""

    attachment: Attachment
    winner: ResourceKey


def read_routes(
    memo: Memo, backends: Backends, http: tuple[HTTPRoute, ...], tcp: tuple[TCPRoute, ...]
) -> RouteTable:
    """Resolve every route, settle who speaks for each port, and say so in statuses."""
    routes: tuple[Route, ...] = (*http, *tcp)
    read = {route.key: _read(route, backends) for route in routes}
    claims = _claims(read.values())
    winners = {claim: _winners(attachments) for claim, attachments in claims.items()}
    lost = [
        Loss(attachment, winners[claim][0].route.key)
        for claim in claims
        for attachment in claims[claim]
        if attachment not in winners[claim]
    ]
    ports: dict[DestinationRef, dict[str, Routing]] = {}
    for (to, audience), attachments in sorted(winners.items()):
        routing = memo.keep((to, audience), _routing(attachments, read))
        ports.setdefault(to, {})[audience] = routing
    return RouteTable(
        ports=MappingProxyType({to: _by_audience(found) for to, found in ports.items()}),
        made_http=frozenset(_made_http(read.values(), backends)),
        statuses=tuple(_status(one, lost) for one in read.values()),
        problems=tuple(problem for one in read.values() for problem in _problems(one, lost)),
    )


def _read(route: Route, backends: Backends) -> _Read:
    parents = tuple(attach(route, index, backends) for index in range(len(route.spec.parent_refs)))
    if isinstance(route, HTTPRoute):
        return _Read(route, parents, read_rules(route, backends))
    refs = [ref for rule in route.spec.rules[:1] for ref in rule.backend_refs]
    return _Read(route, parents, read_shares(route, "spec.rules[0]", refs, backends))


_Claim = tuple[DestinationRef, str]
"""A port and the audience a route wants to speak to."""


def _claims(read: Iterable[_Read]) -> dict[_Claim, list[Attachment]]:
    claims: dict[_Claim, list[Attachment]] = {}
    for one in read:
        for attachment in (a for parent in one.parents for a in parent.ports):
            claims.setdefault((attachment.to, attachment.audience), []).append(attachment)
    return claims


def _winners(attachments: list[Attachment]) -> list[Attachment]:
    """HTTPRoutes together, or else the oldest TCPRoute."""
    http = [attachment for attachment in attachments if isinstance(attachment.route, HTTPRoute)]
    if http:
        return http
    oldest = min(attachments, key=lambda a: age_of(a.route.metadata)).route
    return [attachment for attachment in attachments if attachment.route is oldest]


def _routing(attachments: list[Attachment], read: Mapping[ResourceKey, _Read]) -> Routing:
    routes = {attachment.route.key: attachment.route for attachment in attachments}
    said = [read[key].said for key in routes]
    tcp = next((shares for shares in said if isinstance(shares, Shares)), None)
    if tcp:
        return TcpRouting(tcp.shares, origin_of(next(iter(routes.values())), "spec.rules[0]"))
    rules = [ranked for one in said if isinstance(one, Rules) for ranked in one.rules]
    return HttpRouting(in_order(rules))


def _by_audience(found: dict[str, Routing]) -> PortRoutes:
    consumers = {audience: routing for audience, routing in found.items() if audience != PRODUCER}
    return PortRoutes(found.get(PRODUCER), MappingProxyType(consumers))


def _made_http(read: Iterable[_Read], backends: Backends) -> Iterator[DestinationRef]:
    """Ports whose protocol follows from a route: as its parent, or as a backend of it."""
    for one in read:
        parents = tuple(a.to for parent in one.parents for a in parent.ports)
        if parents and isinstance(one.said, Rules):
            reached = (*parents, *one.said.destinations())
            yield from undeclared(backends, reached, one.route.metadata.namespace)


def _status(one: _Read, lost: list[Loss]) -> ResourceStatus:
    resolved = _resolved(one)
    return ResourceStatus(
        one.route.key,
        parents=tuple((_accepted(one, index, lost), resolved) for index in range(len(one.parents))),
    )


def _accepted(one: _Read, index: int, lost: list[Loss]) -> Condition:
    parent = one.parents[index]
    if parent.refusal:
        return refused(one.route, parent.refusal.reason, parent.refusal.message)
    losses = _losses(one.route, index, lost)
    if losses and len(losses) == len(parent.ports):
        return refused(one.route, Reason.CONFLICTED, _conflict(losses))
    notes = [parent.note, _conflict(losses) if losses else ""]
    return accepted(one.route, "; ".join(filter(None, notes)))


def _losses(route: Route, parent: int, lost: list[Loss]) -> list[Loss]:
    return [
        loss for loss in lost if loss.attachment.route is route and loss.attachment.parent == parent
    ]


def _conflict(losses: list[Loss]) -> str:
    ports = in_words(loss.attachment.to.port for loss in losses)
    winners = in_words(dict.fromkeys(loss.winner for loss in losses))
    return f"port {ports} is taken by {winners} (an HTTPRoute goes first, then the oldest)"


def _resolved(one: _Read) -> Condition:
    first = next(iter(one.said.refusals), None)
    if first is None:
        return condition(one.route, ConditionType.RESOLVED_REFS, Reason.RESOLVED_REFS, holds=True)
    return condition(
        one.route, ConditionType.RESOLVED_REFS, first.reason, first.message, holds=False
    )


def _problems(one: _Read, lost: list[Loss]) -> Iterator[Problem]:
    route = one.route
    for index, parent in enumerate(one.parents):
        at = f"spec.parentRefs[{index}]"
        if parent.refusal and parent.refusal.code:
            yield _refused(route, at, parent.refusal)
        losses = _losses(route, index, lost)
        if losses:
            hint = "one of the routes has to go, or to name another port"
            yield warning(route, at, "route-conflicted", _conflict(losses), hint)
    yield from one.said.problems


def _refused(route: Route, at: str, refusal: Refusal) -> Problem:
    return warning(route, at + refusal.field, refusal.code, refusal.message, refusal.hint)
