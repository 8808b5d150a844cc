"""What resources have to say about themselves: the compiler's findings and the proxies' refusals, as statuses.

Pure: `StatusMemo.due` gives the resources whose status must be written, which is only when it changes. Where
something else keeps undoing what we write, we stop after a few times instead of arguing for ever.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from tulle.graph.mesh import ResourceStatus
from tulle.model.kinds.access_policy import AccessPolicy
from tulle.model.kinds.external_service import ExternalService
from tulle.model.kinds.gateway_api import CONTROLLER, ParentRef, ParentStatus, RouteStatus
from tulle.model.kinds.http_route import HTTPRoute
from tulle.model.kinds.mesh import Mesh
from tulle.model.kinds.service import Service
from tulle.model.kinds.tcp_route import TCPRoute
from tulle.model.kinds.tls_policy import TlsPolicy
from tulle.model.kinds.workload import Workload
from tulle.model.names import ResourceKey, WorkloadRef
from tulle.model.resources import Condition, Resource, key_of
from tulle.model.statuses import ConditionType, Reason, merge_conditions
from tulle.model.worlds import World
from tulle.reconcile.publish import ProxyState, Refusal

KINDS: tuple[type[Resource], ...] = (
    AccessPolicy,
    ExternalService,
    HTTPRoute,
    Mesh,
    Service,
    TCPRoute,
    TlsPolicy,
    Workload,
)
"""Kinds that have a status of ours."""

OWNED = frozenset({ConditionType.ACCEPTED, ConditionType.RESOLVED_REFS, ConditionType.PROGRAMMED})
"""Condition types this file writes; whatever else stands in a status is somebody else's."""

MAX_DETAIL = 1000
"""Characters of what a proxy said that go into a condition."""

PATIENCE = 5
"""Times the same status is written to the same object within `PATIENCE_S`."""

PATIENCE_S = 60.0

Conditions = tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """All that is known about one resource beside itself. `programmed` is how a Workload's proxy stands."""

    compiled: ResourceStatus | None = None
    refusals: tuple[Refusal, ...] = ()
    programmed: Condition | None = None


NOTHING = Findings()


@dataclass(slots=True)
class _Written:
    """The last thing written to an object, how often in a row, and since when (seconds)."""

    mark: tuple[str, int, Findings]
    since: float
    times: int = 0


@dataclass(slots=True)
class StatusMemo:
    """What was looked at and what was written, so that unchanged resources cost one comparison."""

    _seen: dict[ResourceKey, tuple[Resource, Findings]] = field(default_factory=dict)
    _written: dict[ResourceKey, _Written] = field(default_factory=dict)

    def due(
        self, world: World, findings: Mapping[ResourceKey, Findings], now: float
    ) -> Iterator[Resource]:
        """Resources with the status they should have, where it is not the one they have (Unix seconds)."""
        for kind in KINDS:
            for resource in world.all(kind):
                found = findings.get(resource.key, NOTHING)
                if self._is_news(resource, found):
                    yield from self._due(resource, found, now)

    def again(self, resources: Iterable[Resource]) -> None:
        """These could not be written: they are due once more."""
        for resource in resources:
            self._seen.pop(resource.key, None)

    def forget(self, keys: Iterable[ResourceKey]) -> None:
        """These are gone."""
        for key in keys:
            self._seen.pop(key, None)
            self._written.pop(key, None)

    def _is_news(self, resource: Resource, found: Findings) -> bool:
        seen = self._seen.get(resource.key)
        if seen is not None and seen[0] is resource and seen[1] == found:
            return False
        self._seen[resource.key] = (resource, found)
        return True

    def _due(self, resource: Resource, found: Findings, now: float) -> Iterator[Resource]:
        wanted = with_findings(resource, found, now)
        if wanted != resource and self._has_patience(resource, found, now):
            yield wanted

    def _has_patience(self, resource: Resource, found: Findings, now: float) -> bool:
        mark = (resource.metadata.uid, resource.metadata.generation, found)
        last = self._written.get(resource.key)
        if last is None or last.mark != mark or now - last.since > PATIENCE_S:
            last = self._written[resource.key] = _Written(mark, now)
        last.times += 1
        return last.times <= PATIENCE


def gather(
    compiled: Iterable[ResourceStatus], states: Iterable[ProxyState]
) -> dict[ResourceKey, Findings]:
    """Everything known, by the resource it is about."""
    statuses = {status.key: status for status in compiled}
    programmed: dict[ResourceKey, Condition] = {}
    refusals: dict[ResourceKey, list[Refusal]] = {}
    for state in states:
        if condition := _programmed(state):
            programmed[_workload_key(state.proxy)] = condition
        for refusal in state.refused:
            for key in {origin.resource for origin in refusal.origins}:
                refusals.setdefault(key, []).append(refusal)
    return {
        key: Findings(statuses.get(key), tuple(refusals.get(key, ())), programmed.get(key))
        for key in {*statuses, *programmed, *refusals}
    }


def with_findings(resource: Resource, found: Findings, now: float) -> Resource:
    """The resource with the status that follows from what is known about it."""
    time = timestamp(now)
    compiled = found.compiled or ResourceStatus(resource.key)
    refused = _refused(resource, found.refusals)
    conditions = (*compiled.conditions, *refused)
    match resource:
        case HTTPRoute() | TCPRoute():
            routes = _route_status(resource, compiled, refused, time)
            return msgspec.structs.replace(resource, status=routes)
        case Service():
            return _with_conditions(_with_addresses(resource, compiled), conditions, time)
        case Workload():
            return _with_conditions(resource, _of_workload(resource, found, conditions), time)
        case ExternalService():
            addressed = _with_addresses(resource, compiled)
            return _with_conditions(addressed, conditions, time)
        case AccessPolicy() | TlsPolicy() | Mesh():
            return _with_conditions(resource, conditions, time)
        case _:
            return resource


def timestamp(now: float) -> str:
    """Unix seconds as Kubernetes writes times."""
    return datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Addressed = TypeVar("Addressed", Service, ExternalService)
Conditioned = AccessPolicy | ExternalService | Mesh | Service | TlsPolicy | Workload


def _with_conditions(resource: Conditioned, own: Conditions, time: str) -> Resource:
    """Our conditions in place of the earlier ones of ours; those of others stay."""
    status = resource.status
    others = tuple(c for c in status.conditions if c.type not in OWNED)
    merged = merge_conditions(status.conditions, (*own, *others), time)
    return msgspec.structs.replace(
        resource, status=msgspec.structs.replace(status, conditions=merged)
    )


def _with_addresses(service: Addressed, compiled: ResourceStatus) -> Addressed:
    addresses = compiled.virtual_addresses or service.status.virtual_addresses
    status = msgspec.structs.replace(service.status, virtual_addresses=addresses)
    return msgspec.structs.replace(service, status=status)


def _of_workload(workload: Workload, found: Findings, conditions: Conditions) -> Conditions:
    """Programmed speaks of its proxy. Nothing new known of it (a server just started): as it was."""
    if any(condition.type == ConditionType.PROGRAMMED for condition in conditions):
        return conditions
    if found.programmed is None:
        return (*conditions, *(c for c in workload.status.conditions if _is_programmed(c)))
    generation = workload.metadata.generation
    own = msgspec.structs.replace(found.programmed, observed_generation=generation)
    return (*conditions, own)


def _is_programmed(condition: Condition) -> bool:
    return condition.type == ConditionType.PROGRAMMED


def _programmed(state: ProxyState) -> Condition | None:
    """How the proxy itself stands, said so that ordinary pushes do not change it."""
    if state.refused:
        detail = "; ".join(refusal.detail for refusal in state.refused)[:MAX_DETAIL]
        return _condition("False", Reason.REFUSED_BY_PROXY, detail)
    if state.problems:
        detail = "; ".join(map(str, state.problems))[:MAX_DETAIL]
        return _condition("False", Reason.INVALID, detail)
    if state.in_sync or state.revision:
        return _condition("True", Reason.PROGRAMMED, "the proxy has its configuration")
    return None


def _refused(resource: Resource, refusals: tuple[Refusal, ...]) -> Conditions:
    """What proxies refuse of this version of the resource; refusals of an earlier one say nothing about it."""
    generation = resource.metadata.generation
    current = [
        (refusal, origin)
        for refusal in refusals
        for origin in refusal.origins
        if origin.resource == resource.key and origin.generation in {0, generation}
    ]
    if not current:
        return ()
    refusal, origin = current[0]
    proxies = sorted({str(refusal.proxy) for refusal, _ in current})
    others = f" and {len(proxies) - 1} more" if len(proxies) > 1 else ""
    where = f"{origin.field}: " if origin.field else ""
    message = f"{where}refused by {proxies[0]}{others}: {refusal.detail[:MAX_DETAIL]}"
    condition = _condition("False", Reason.REFUSED_BY_PROXY, message)
    return (msgspec.structs.replace(condition, observed_generation=generation),)


def _condition(status: str, reason: Reason, message: str) -> Condition:
    return Condition(type=ConditionType.PROGRAMMED, status=status, reason=reason, message=message)


def _route_status(
    route: HTTPRoute | TCPRoute, compiled: ResourceStatus, refused: Conditions, time: str
) -> RouteStatus:
    """One entry per parent of ours, in the order of the spec, then those of other controllers."""
    old = {
        entry.parent_ref: entry.conditions
        for entry in route.status.parents
        if entry.controller_name == CONTROLLER
    }
    ours = tuple(
        _parent(ref, (*conditions, *refused), old.get(ref, ()), time)
        for ref, conditions in zip(route.spec.parent_refs, compiled.parents, strict=False)
        if conditions
    )
    others = (entry for entry in route.status.parents if entry.controller_name != CONTROLLER)
    return RouteStatus(parents=(*ours, *others))


def _parent(ref: ParentRef, new: Conditions, old: Conditions, time: str) -> ParentStatus:
    return ParentStatus(
        parent_ref=ref, controller_name=CONTROLLER, conditions=merge_conditions(old, new, time)
    )


def _workload_key(proxy: WorkloadRef) -> ResourceKey:
    return key_of(Workload, proxy.namespace, proxy.name)
