"""TlsPolicies: which ports take plaintext beside mutual TLS. Nowhere, unless somebody says so.

The most specific policy wins; of two on one target the older, and the other is told.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

from tulle.graph.attachment import Coverage, Reach, Target, cover, read_targets, status_of
from tulle.graph.matches import Age, age_of
from tulle.graph.mesh import Origin, ResourceStatus
from tulle.graph.notes import origin_of, warning
from tulle.graph.plans import Role
from tulle.graph.programs import Program
from tulle.graph.services import Catalogue
from tulle.model.kinds.tls_policy import TlsPolicy
from tulle.model.problems import Problem


@dataclass(frozen=True, slots=True)
class TlsMode:
    """What one TlsPolicy asks for."""

    permissive: bool
    age: Age
    origin: Origin


@dataclass(frozen=True, slots=True)
class TlsTable:
    """All TlsPolicies by target, the oldest first."""

    coverage: Coverage[TlsMode]
    reaches: tuple[tuple[TlsPolicy, Reach], ...]
    statuses: tuple[ResourceStatus, ...]
    problems: tuple[Problem, ...]


def read_tls(policies: tuple[TlsPolicy, ...], catalogue: Catalogue) -> TlsTable:
    """Read every TlsPolicy and resolve its targets; those that lose every target are told so."""
    reaches = tuple((policy, read_targets(policy, catalogue)) for policy in policies)
    oldest_first = sorted(reaches, key=lambda item: age_of(item[0].metadata))
    covering = cover((_mode(policy), reach) for policy, reach in oldest_first)
    losers = {
        policy.key: why
        for policy, reach in reaches
        if (why := _overridden(policy, reach, covering))
    }
    return TlsTable(
        Coverage(MappingProxyType(covering)),
        reaches,
        tuple(status_of(policy, reach, losers.get(policy.key, "")) for policy, reach in reaches),
        tuple(
            problem
            for policy, reach in reaches
            for problem in (*reach.problems, *_loss(policy, losers.get(policy.key, "")))
        ),
    )


def mode_of(program: Program, port: int, role: Role, coverage: Coverage[TlsMode]) -> TlsMode | None:
    """What holds for a port: the oldest policy of the most specific targets; None where none covers it."""
    covering = coverage.over(program.ref, port, role)
    best = min(covering, key=lambda found: (-found[0].level, found[1].age), default=None)
    return best[1] if best else None


def _mode(policy: TlsPolicy) -> TlsMode:
    permissive = policy.spec.mode == "PERMISSIVE"
    return TlsMode(permissive, age_of(policy.metadata), origin_of(policy, "spec.mode"))


def _overridden(
    policy: TlsPolicy, reach: Reach, covering: dict[Target, tuple[TlsMode, ...]]
) -> str:
    """Who wins, if each of its targets has an older policy; else ""."""
    winners = [covering[target][0].origin.resource for target in reach.targets]
    if winners and policy.key not in winners:
        return f"{winners[0]} is older and has the same target"
    return ""


def _loss(policy: TlsPolicy, why: str) -> Iterator[Problem]:
    if why:
        yield warning(policy, "spec.targetRefs", "policy-overridden", f"it changes nothing: {why}")
