"""What `explain` answers, as values, and the same in lines for people."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from tulle.graph.explaining.requests import Request
from tulle.graph.mesh import DestinationRef, HeaderChanges, Origin, Protocol
from tulle.graph.notes import listing as in_words
from tulle.model.names import WorkloadRef

MOST_SKIPPED = 10
"""Rules that did not match, told one by one."""


class Outcome(StrEnum):
    """What becomes of the request, as far as the mesh decides it."""

    SENT = "sent"
    NOT_FOUND = "not-found"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A rule that was tried first and did not take the request."""

    rule: Origin
    reason: str


@dataclass(frozen=True, slots=True)
class Access:
    """What workloads behind a destination answer the caller, and the rule or policy that makes them."""

    allowed: bool
    guarded: bool
    workloads: tuple[WorkloadRef, ...]
    policies: tuple[Origin, ...]


@dataclass(frozen=True, slots=True)
class Landing:
    """A share of such requests: where it goes (None: answered 500), and how it is received there."""

    to: DestinationRef | None
    percent: float
    endpoints: int
    outside: bool
    origin: Origin
    access: tuple[Access, ...]
    request_headers: HeaderChanges
    response_headers: HeaderChanges


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole answer. `rule` is None where no route applies; `consumer` says whose own route it is.

    `local_port` is the loopback port of the caller's proxy for this service, None if it is no upstream of it;
    `captured` where a captured caller means it by connecting there.
    """

    caller: WorkloadRef
    to: DestinationRef
    protocol: Protocol
    request: Request
    outcome: Outcome
    local_port: int | None
    captured: tuple[str, ...]
    rule: Origin | None
    rule_name: str
    consumer: str
    skipped: tuple[Skipped, ...]
    shares: tuple[Landing, ...]
    timeout_s: float | None
    backend_timeout_s: float | None
    request_headers: HeaderChanges
    response_headers: HeaderChanges

    @property
    def lines(self) -> tuple[str, ...]:
        """The answer for people: a fact a line, each with where it comes from."""
        return tuple(_lines(self))


def _lines(told: Explanation) -> Iterator[str]:
    service = f"{told.to.service} port {told.to.port} ({told.protocol})"
    if told.protocol.is_http:
        yield f"{told.request.method} {told.request.path} from {told.caller} to {service}"
    else:
        yield f"a connection from {told.caller} to {service}"
    yield from _way_in(told)
    yield from _route(told)
    yield from _changes("", told.request_headers, told.response_headers)
    for share in told.shares:
        yield from _share(share)
    yield from _timeouts(told)


def _way_in(told: Explanation) -> Iterator[str]:
    if told.local_port:
        yield f"enters the mesh at 127.0.0.1:{told.local_port} of the caller's proxy"
    if told.captured:
        yield f"is captured on its way to {', '.join(told.captured)} and enters the caller's proxy"
    if not told.local_port and not told.captured:
        yield (
            f"does not enter the mesh: {told.to.service}:{told.to.port} is no upstream of "
            f"{told.caller}, so its proxy listens nowhere for it; with that upstream:"
        )


def _route(told: Explanation) -> Iterator[str]:
    if told.rule:
        name = f" ({told.rule_name})" if told.rule_name else ""
        whose = f", a route of the callers in {told.consumer}" if told.consumer else ""
        yield f"taken by {told.rule}{name}{whose}"
    elif told.outcome is Outcome.NOT_FOUND:
        yield "answered 404: routes are attached, and none of their rules takes it"
    else:
        yield "no route is attached: it goes to the service itself"
    for skipped in told.skipped[:MOST_SKIPPED]:
        yield f"  not by {skipped.rule}: {skipped.reason}"
    if len(told.skipped) > MOST_SKIPPED:
        yield f"  nor by {len(told.skipped) - MOST_SKIPPED} more rules before it"


def _share(share: Landing) -> Iterator[str]:
    percent = f"{share.percent:.4g} %"
    if share.to is None:
        yield f"{percent} fails (500): its backend is not there, see {share.origin}"
        return
    where = "outside the mesh" if share.outside else _endpoints(share.endpoints)
    yield f"{percent} to {share.to.service}:{share.to.port}, {where} ({share.origin})"
    yield from _changes("  ", share.request_headers, share.response_headers)
    for access in share.access:
        yield f"  {_access(access)}"


def _endpoints(count: int) -> str:
    if count == 0:
        return "no endpoint takes traffic: answered 503"
    return "1 endpoint" if count == 1 else f"{count} endpoints"


def _access(access: Access) -> str:
    who = in_words(access.workloads, most=3)
    origins = in_words(access.policies, most=3)
    if not access.guarded:
        return f"allowed at {who}: no AccessPolicy covers the port"
    if access.allowed:
        return f"allowed at {who} by {origins}"
    return f"DENIED at {who}: no rule of {origins} lets the caller in"


def _changes(indent: str, request: HeaderChanges, response: HeaderChanges) -> Iterator[str]:
    for what, changes in (("request", request), ("response", response)):
        words = [
            *(f"set {name}: {value}" for name, value in changes.set),
            *(f"add {name}: {value}" for name, value in changes.add),
            *(f"remove {name}" for name in changes.remove),
        ]
        if words:
            yield f"{indent}{what} headers: {'; '.join(words)}"


def _timeouts(told: Explanation) -> Iterator[str]:
    for what, seconds in (("request", told.timeout_s), ("backend", told.backend_timeout_s)):
        if seconds is not None:
            yield f"{what} timeout {seconds:g} s" if seconds else f"no {what} timeout"
