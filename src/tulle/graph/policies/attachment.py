"""Which policy meets which port: targets resolved, and the ports each target covers.

A policy reaches workloads of its own namespace only, or everything when it targets the Mesh. The levels say
how specific a target is.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, TypeVar

from tulle.graph.mesh import ResourceStatus
from tulle.graph.notes import accepted, did_you_mean, refused, warning
from tulle.graph.plans import Role
from tulle.graph.services.backends import CORE_GROUPS
from tulle.graph.services.catalogue import Catalogue
from tulle.model.kinds.access_policy import AccessPolicy
from tulle.model.kinds.mesh import DEFAULT_NAME
from tulle.model.kinds.policies import PolicyTargetRef
from tulle.model.kinds.tls_policy import TlsPolicy
from tulle.model.names import ServiceRef, WorkloadRef
from tulle.model.problems import Problem
from tulle.model.statuses import Reason

Policy = AccessPolicy | TlsPolicy

MESH_GROUPS = frozenset({"", "tulle.dev"})
"""How people write the group of the Mesh."""

T = TypeVar("T")


OVERRIDDEN = "policy-overridden"
"""Code of the problem that another policy has every target of this one."""


class Level(IntEnum):
    """How specific a target is."""

    MESH = 0
    NAMESPACE = 1
    SERVICE = 2
    PORT = 3


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """What a policy covers. `service` and `port` (the Service's) are set from their levels on."""

    level: Level
    namespace: str = ""
    service: ServiceRef | None = None
    port: int = 0


@dataclass(frozen=True, slots=True)
class Reach:
    """The targets of one policy that exist, and the problems with the others."""

    targets: tuple[Target, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Coverage(Generic[T]):
    """Something per policy, by target."""

    by_target: Mapping[Target, tuple[T, ...]]

    def over(self, program: WorkloadRef, port: int, role: Role) -> Iterator[tuple[Target, T]]:
        """All that covers a port of a program, from the widest target to the most specific."""
        for target in targets_over(program, port, role):
            for covering in self.by_target.get(target, ()):
                yield target, covering


def cover(reached: Iterable[tuple[T, Reach]]) -> dict[Target, tuple[T, ...]]:
    """Index what covers each target, in the order given."""
    found: dict[Target, list[T]] = {}
    for covering, reach in reached:
        for target in reach.targets:
            found.setdefault(target, []).append(covering)
    return {target: tuple(found[target]) for target in sorted(found, key=_order)}


def _order(target: Target) -> tuple[int, str, str, int]:
    return (target.level, target.namespace, str(target.service or ""), target.port)


def targets_over(program: WorkloadRef, port: int, role: Role) -> tuple[Target, ...]:
    """Every target that would cover a port of a program, the widest first.

    A Service covers every port of its workloads, also those it does not expose.
    """
    namespace = program.namespace
    return (
        Target(Level.MESH),
        Target(Level.NAMESPACE, namespace),
        *(Target(Level.SERVICE, namespace, service) for service in role.services),
        *(
            Target(Level.PORT, namespace, exposure.service, exposure.service_port)
            for exposure in role.exposures
            if exposure.port == port
        ),
    )


def read_targets(policy: Policy, catalogue: Catalogue) -> Reach:
    """Resolve `spec.targetRefs`; without any, the policy covers its namespace."""
    refs = policy.spec.target_refs
    if not refs:
        return Reach((Target(Level.NAMESPACE, policy.metadata.namespace),), ())
    found = [_target(policy, index, ref, catalogue) for index, ref in enumerate(refs)]
    return Reach(
        tuple(dict.fromkeys(one for one in found if isinstance(one, Target))),
        tuple(one for one in found if isinstance(one, Problem)),
    )


def _target(
    policy: Policy, index: int, ref: PolicyTargetRef, catalogue: Catalogue
) -> Target | Problem:
    at = f"spec.targetRefs[{index}]"
    own = policy.metadata.namespace
    match ref.kind:
        case "Service":
            return _service_target(policy, at, ref, catalogue)
        case "Namespace":
            if ref.group in CORE_GROUPS and ref.name == own and not ref.section_name:
                return Target(Level.NAMESPACE, own)
            return _wide_target_unknown(policy, at, f"its own namespace, {own!r}")
        case "Mesh":
            if ref.group in MESH_GROUPS and ref.name == DEFAULT_NAME and not ref.section_name:
                return Target(Level.MESH)
            return _wide_target_unknown(policy, at, f"the Mesh {DEFAULT_NAME!r} (group tulle.dev)")


def _wide_target_unknown(policy: Policy, at: str, instead: str) -> Problem:
    return warning(
        policy,
        at,
        "policy-target-unknown",
        "a policy reaches no other namespace or mesh than its own, and those as a whole",
        hint=f"name {instead}, without sectionName",
    )


def _service_target(
    policy: Policy, at: str, ref: PolicyTargetRef, catalogue: Catalogue
) -> Target | Problem:
    namespace = policy.metadata.namespace
    service = ServiceRef(namespace, ref.name)
    listing = catalogue.listings.get(service)
    if listing is None or ref.group not in CORE_GROUPS:
        return warning(
            policy,
            f"{at}.name" if listing is None else f"{at}.group",
            "policy-target-unknown",
            f"there is no Service {service} of group {ref.group!r}, so it covers nothing there",
            hint=did_you_mean(ref.name, catalogue.names_in(namespace)),
        )
    if not ref.section_name:
        return Target(Level.SERVICE, namespace, service)
    named = next((port for port in listing.ports if port.name == ref.section_name), None)
    if named is None:
        return warning(
            policy,
            f"{at}.sectionName",
            "policy-target-unknown",
            f"Service {service} has no port named {ref.section_name!r}, so it covers nothing there",
            hint=f"its ports are {listing.ports_in_words()}",
        )
    return Target(Level.PORT, namespace, service, named.number)


def status_of(policy: Policy, reach: Reach, problems: Iterable[Problem]) -> ResourceStatus:
    """Accepted, unless it has no target or another policy has all of them; the message says what is odd."""
    found = list(problems)
    message = "; ".join(problem.message for problem in found)
    if not reach.targets:
        condition = refused(policy, Reason.TARGET_NOT_FOUND, message)
    elif any(problem.code == OVERRIDDEN for problem in found):
        condition = refused(policy, Reason.CONFLICTED, message)
    else:
        condition = accepted(policy, message)
    return ResourceStatus(policy.key, (condition,))


def covers_nothing(policy: Policy) -> Problem:
    """That its targets exist but no port of a workload stands behind them."""
    return warning(
        policy,
        "spec.targetRefs" if policy.spec.target_refs else "",
        "policy-covers-nothing",
        "no workload stands behind its targets, so it changes nothing",
        hint="check the selectors of the Services it targets, or start their workloads",
    )
