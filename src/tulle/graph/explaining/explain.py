"""Why a request goes where it goes: the route, the rules before it, the shares, and who lets it in there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tulle.graph.explaining.explanations import Access, Explanation, Landing, Outcome, Skipped
from tulle.graph.explaining.requests import Request, request_of, why_not
from tulle.graph.hosts import resolve
from tulle.graph.mesh import (
    Destination,
    DestinationRef,
    HeaderChanges,
    HttpRouting,
    HttpRule,
    InboundPort,
    MeshGraph,
    Origin,
    Routing,
    ServicePort,
    Share,
    TcpRouting,
    WorkloadNode,
)
from tulle.graph.notes import did_you_mean
from tulle.graph.views import spoken
from tulle.graph.workloads.captured import captured_ports
from tulle.model.names import WorkloadRef
from tulle.model.problems import Problem


@dataclass(frozen=True, slots=True)
class _Choice:
    """Which rule takes the request (None: no route, or none of its rules), and those tried before it."""

    rule: HttpRule | TcpRouting | None
    skipped: tuple[Skipped, ...]
    shares: tuple[Share, ...]


def explain_request(
    graph: MeshGraph,
    caller: WorkloadRef,
    method: str,
    url: str,
    headers: Sequence[tuple[str, str]] = (),
) -> Explanation | Problem:
    """What happens to a request of a workload, or why the question cannot be answered."""
    workload = graph.workloads.get(caller)
    if workload is None:
        return _unknown_caller(graph, caller)
    place = resolve(graph, workload, url)
    if isinstance(place, Problem):
        return place
    request = request_of(method, place.path, place.query, headers)
    return _explain(graph, workload, place.to, request)


def _explain(
    graph: MeshGraph, caller: WorkloadNode, to: DestinationRef, request: Request
) -> Explanation:
    port = graph.port(to)
    routing = port.routing_for(caller.ref.namespace)
    choice = _choose(routing, port, request)
    rule = choice.rule if isinstance(choice.rule, HttpRule) else None
    shares = tuple(_landings(graph, caller, choice.shares))
    return Explanation(
        caller=caller.ref,
        to=to,
        protocol=spoken(routing, port.destination.protocol),
        request=request,
        outcome=_outcome(shares),
        local_port=_local_port(caller, to),
        captured=tuple(_captured(graph, caller, to)),
        rule=choice.rule.origin if choice.rule else None,
        rule_name=rule.name if rule else "",
        consumer=caller.ref.namespace if caller.ref.namespace in port.consumer_routing else "",
        skipped=choice.skipped,
        shares=shares,
        timeout_s=rule.timeout_s if rule else None,
        backend_timeout_s=rule.backend_timeout_s if rule else None,
        request_headers=rule.request_headers if rule else HeaderChanges(),
        response_headers=rule.response_headers if rule else HeaderChanges(),
    )


def _choose(routing: Routing, port: ServicePort, request: Request) -> _Choice:
    itself = (Share(port.destination.ref, 1, port.destination.origin),)
    match routing:
        case TcpRouting(shares=shares):
            return _Choice(routing if shares else None, (), shares or itself)
        case HttpRouting(rules=()):
            return _Choice(None, (), itself)
        case HttpRouting(rules=rules):
            return _first_match(rules, request)


def _first_match(rules: Sequence[HttpRule], request: Request) -> _Choice:
    skipped: list[Skipped] = []
    for rule in rules:
        reason = why_not(rule.match, request)
        if not reason:
            return _Choice(rule, tuple(skipped), rule.shares)
        skipped.append(Skipped(rule.origin, reason))
    return _Choice(None, tuple(skipped), ())


def _landings(graph: MeshGraph, caller: WorkloadNode, shares: Sequence[Share]) -> Iterator[Landing]:
    total = sum(share.weight for share in shares)
    for share in shares:
        if share.weight:
            found = graph.destination(share.to) if share.to else None
            yield Landing(
                to=share.to,
                percent=100 * share.weight / total,
                endpoints=len(found.endpoints) if found else 0,
                outside=found is not None and found.external is not None,
                origin=share.origin,
                access=tuple(_access(graph, caller, found)) if found else (),
                request_headers=share.request_headers,
                response_headers=share.response_headers,
            )


def _access(graph: MeshGraph, caller: WorkloadNode, to: Destination) -> Iterator[Access]:
    """Workloads that answer alike are told once; those that take no traffic now are asked too."""
    answers: dict[tuple[bool, bool, tuple[Origin, ...]], list[WorkloadRef]] = {}
    for ref in graph.services[to.service].workloads:
        port = _inbound_port(graph.workloads[ref], to.target_port)
        if port:
            allowed, rule = port.permission.decide(caller.account)
            policies = (rule,) if rule else port.permission.policies
            key = (allowed, port.permission.guarded, policies)
            answers.setdefault(key, []).append(ref)
    for (allowed, guarded, policies), workloads in answers.items():
        yield Access(allowed, guarded, tuple(workloads), policies)


def _inbound_port(workload: WorkloadNode, target: str) -> InboundPort | None:
    return next((port for port in workload.inbound if target in port.targets), None)


def _outcome(shares: Sequence[Landing]) -> Outcome:
    if not shares:
        return Outcome.NOT_FOUND
    return Outcome.SENT if any(share.to for share in shares) else Outcome.FAILED


def _local_port(caller: WorkloadNode, to: DestinationRef) -> int | None:
    ports = (o.local_port for o in caller.outbound if (o.service, o.port) == (to.service, to.port))
    return next(ports, None)


def _captured(graph: MeshGraph, caller: WorkloadNode, to: DestinationRef) -> Iterator[str]:
    for port in captured_ports(graph, caller):
        if (port.service, port.port) == (to.service, to.port):
            for address in port.addresses:
                host = f"[{address}]" if ":" in address else address
                yield f"{host}:{port.listens}"


def _unknown_caller(graph: MeshGraph, caller: WorkloadRef) -> Problem:
    return Problem(
        "from",
        "workload-unknown",
        f"there is no Workload {caller}",
        did_you_mean(str(caller), [str(ref) for ref in graph.workloads]),
    )
