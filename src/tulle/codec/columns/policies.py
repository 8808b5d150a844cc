"""Columns of policies: what they say, of whom, and how the mesh took them."""

from collections.abc import Iterable, Mapping

from tulle.codec.columns.column import Cell, Column, condition_column, joined
from tulle.model.kinds.access_policy import AccessPolicy
from tulle.model.kinds.policies import PolicyTargetRef
from tulle.model.kinds.tls_policy import TlsPolicy
from tulle.model.resources import Resource


def _callers(policy: AccessPolicy) -> Cell:
    if any(not rule.from_ for rule in policy.spec.rules):
        return "*"
    sources = [source for rule in policy.spec.rules for source in rule.from_]
    return joined(
        [
            *(account for source in sources for account in source.service_accounts),
            *(f"{namespace}/*" for source in sources for namespace in source.namespaces),
        ]
    )


def targets(refs: Iterable[PolicyTargetRef]) -> Cell:
    """What a policy attaches to: without targets its namespace."""
    found = tuple(refs)
    return joined(f"{ref.kind}/{ref.name}" for ref in found) if found else "Namespace"


_TARGETS = Column("Targets", lambda r: targets(r.spec.target_refs), "What it attaches to.")
_ACCEPTED = condition_column("Accepted", "Whether the mesh follows it, and why not.")

POLICIES: Mapping[type[Resource], tuple[Column, ...]] = {
    AccessPolicy: (
        Column(
            "Action", lambda r: r.spec.action, "What becomes of those it names.", ".spec.action"
        ),
        _TARGETS,
        Column("Callers", _callers, "Who it names; * is every identity of the mesh."),
        _ACCEPTED,
    ),
    TlsPolicy: (
        Column("Mode", lambda r: r.spec.mode, "Whether plaintext is taken too.", ".spec.mode"),
        _TARGETS,
        _ACCEPTED,
    ),
}
