"""TlsPolicies: which ports take plaintext beside mutual TLS. Nowhere, unless somebody says so.

The most specific policy wins; of two on one target the older, and the other is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from tulle.graph.ages import Age, age_of
from tulle.graph.mesh import Origin
from tulle.graph.notes import origin_of, warning
from tulle.graph.plans import Role
from tulle.graph.policies.attachment import OVERRIDDEN, Coverage, Reach, Target, cover, read_targets
from tulle.graph.services.catalogue import Catalogue
from tulle.graph.services.programs import Program
from tulle.model.kinds.tls_policy import TlsPolicy


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


def read_tls(policies: tuple[TlsPolicy, ...], catalogue: Catalogue) -> TlsTable:
    """Read every TlsPolicy and resolve its targets; those that lose every target are told so."""
    found = [(policy, read_targets(policy, catalogue)) for policy in policies]
    oldest_first = sorted(found, key=lambda item: age_of(item[0].metadata))
    covering = cover((_mode(policy), reach) for policy, reach in oldest_first)
    reaches = tuple((policy, _with_loss(policy, reach, covering)) for policy, reach in found)
    return TlsTable(Coverage(MappingProxyType(covering)), reaches)


def mode_of(program: Program, port: int, role: Role, coverage: Coverage[TlsMode]) -> TlsMode | None:
    """What holds for a port: the oldest policy of the most specific targets; None where none covers it."""
    covering = coverage.over(program.ref, port, role)
    best = min(covering, key=lambda found: (-found[0].level, found[1].age), default=None)
    return best[1] if best else None


def _mode(policy: TlsPolicy) -> TlsMode:
    permissive = policy.spec.mode == "PERMISSIVE"
    return TlsMode(permissive, age_of(policy.metadata), origin_of(policy, "spec.mode"))


def _with_loss(
    policy: TlsPolicy, reach: Reach, covering: Mapping[Target, tuple[TlsMode, ...]]
) -> Reach:
    """Told of its loss, if each of its targets has an older policy."""
    winners = [covering[target][0].origin.resource for target in reach.targets]
    if not winners or policy.key in winners:
        return reach
    message = f"it changes nothing: {winners[0]} is older and has the same target"
    hint = "delete one of the two, or give them different targets"
    loss = warning(policy, "spec.targetRefs", OVERRIDDEN, message, hint)
    return replace(reach, problems=(*reach.problems, loss))
