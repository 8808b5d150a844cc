"""Who may call which port: AccessPolicies read, attached and added up. Deny by default once one covers a port.

A policy that covers a port guards it, whatever its rules say of other ports; a rule's `to` only limits what
is granted.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import MappingProxyType

from tulle.graph.mesh import Grant, Origin, Permission, Principal
from tulle.graph.notes import origin_of, warning
from tulle.graph.plans import Role
from tulle.graph.policies.attachment import Coverage, Reach, cover, read_targets
from tulle.graph.services.catalogue import Catalogue
from tulle.graph.services.programs import Program, ProgramPort
from tulle.model.kinds.access_policy import AccessPolicy, AccessRule, Source
from tulle.model.problems import Problem

ANYBODY = Principal("any")
"""Every identity of the mesh."""


@dataclass(frozen=True, slots=True)
class AccessRules:
    """One policy, read: whom each rule lets in, and on which ports (by number or name; None: on all)."""

    origin: Origin
    rules: tuple[tuple[frozenset[int | str] | None, tuple[Grant, ...]], ...]


@dataclass(frozen=True, slots=True)
class AccessTable:
    """All AccessPolicies by target."""

    coverage: Coverage[AccessRules]
    reaches: tuple[tuple[AccessPolicy, Reach], ...]


def read_access(policies: tuple[AccessPolicy, ...], catalogue: Catalogue) -> AccessTable:
    """Read every AccessPolicy and resolve its targets."""
    reaches = tuple((policy, read_targets(policy, catalogue)) for policy in policies)
    covering = cover((_rules(policy), reach) for policy, reach in reaches)
    return AccessTable(Coverage(MappingProxyType(covering)), reaches)


def permission_of(
    program: Program, port: ProgramPort, role: Role, coverage: Coverage[AccessRules]
) -> Permission:
    """Who may connect to a port: the sum of all policies that cover it."""
    covering = {rules.origin: rules for _, rules in coverage.over(program.ref, port.number, role)}
    if not covering:
        return Permission()
    policies = sorted(covering)
    grants = (grant for origin in policies for grant in _grants(covering[origin], port))
    return Permission(guarded=True, grants=tuple(grants), policies=tuple(policies))


def narrows(old: Permission, new: Permission) -> bool:
    """Whether some caller the old one lets in is kept out by the new one."""
    if not new.guarded:
        return False
    allowed = frozenset(grant.principal for grant in new.grants)
    before = (grant.principal for grant in old.grants) if old.guarded else (ANYBODY,)
    return not all(_includes(allowed, principal) for principal in before)


def _includes(allowed: frozenset[Principal], principal: Principal) -> bool:
    return (
        principal in allowed
        or ANYBODY in allowed
        or Principal("namespace", principal.namespace) in allowed
    )


def _rules(policy: AccessPolicy) -> AccessRules:
    return AccessRules(
        origin_of(policy),
        tuple(
            (
                _ports(rule),
                tuple(_grants_of(policy, rule, origin_of(policy, f"spec.rules[{index}]"))),
            )
            for index, rule in enumerate(policy.spec.rules)
        ),
    )


def _ports(rule: AccessRule) -> frozenset[int | str] | None:
    if not rule.to:
        return None
    return frozenset(port for operation in rule.to for port in operation.ports)


def _grants_of(policy: AccessPolicy, rule: AccessRule, origin: Origin) -> Iterator[Grant]:
    principals = (
        {p for source in rule.from_ for p in _principals(source, policy.metadata.namespace)}
        if rule.from_
        else {ANYBODY}
    )
    return (Grant(principal, origin) for principal in sorted(principals))


def _principals(source: Source, namespace: str) -> Iterator[Principal]:
    """A source that names nobody lets nobody in."""
    yield from (Principal("namespace", name) for name in source.namespaces if name)
    for text in source.service_accounts:
        account = _account(text, namespace)
        if account:
            yield account


def _account(text: str, namespace: str) -> Principal | None:
    """NAME of the policy's namespace, or NAMESPACE/NAME."""
    match text.split("/"):
        case [name] if name:
            return Principal("account", namespace, name)
        case [other, name] if other and name:
            return Principal("account", other, name)
        case _:
            return None


def _grants(rules: AccessRules, port: ProgramPort) -> Iterator[Grant]:
    for ports, grants in rules.rules:
        if ports is None or port.number in ports or (port.name and port.name in ports):
            yield from grants


def unknown_ports(policy: AccessPolicy, ports: Iterable[ProgramPort]) -> Iterator[Problem]:
    """Ports its rules name that none of the ports it covers is; with nothing covered there is nothing to say."""
    known = {word for port in ports for word in (port.number, port.name)}
    for index, rule in enumerate(policy.spec.rules if known else ()):
        for place, operation in enumerate(rule.to):
            strange = [str(port) for port in operation.ports if port not in known]
            if strange:
                yield warning(
                    policy,
                    f"spec.rules[{index}].to[{place}].ports",
                    "access-port-unknown",
                    f"no workload it covers has port {', '.join(strange)}",
                    hint="ports are those the programs listen on, by number or name, not the Service's",
                )
