"""Inbound ports of programs: what is spoken there, who may call, whether plaintext is taken. No health, no proxy."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tulle.graph import protocols
from tulle.graph.memo import Memo
from tulle.graph.mesh import Origin, Permission, Protocol, ResourceStatus
from tulle.graph.notes import listing as in_words
from tulle.graph.notes import warning
from tulle.graph.plans import Role, Roles
from tulle.graph.policies.attachment import Coverage, Policy, Reach, covers_nothing, status_of
from tulle.graph.policies.permissions import AccessRules, AccessTable, permission_of, unknown_ports
from tulle.graph.policies.tls_policy import TlsMode, TlsTable, mode_of
from tulle.graph.services.programs import Program, ProgramPort
from tulle.model.kinds.access_policy import AccessPolicy
from tulle.model.names import ResourceKey, WorkloadRef
from tulle.model.problems import Problem


@dataclass(frozen=True, slots=True)
class InboundPlan:
    """A port of a program. `plaintext` is the policy that asks for it, also where `permission` forbids it."""

    port: ProgramPort
    protocol: Protocol
    permission: Permission
    plaintext: Origin | None

    @property
    def takes_plaintext(self) -> bool:
        """Plaintext has no identity, so a guarded port never takes it."""
        return self.plaintext is not None and not self.permission.guarded


@dataclass(frozen=True, slots=True)
class Inbound:
    """The inbound ports of every program that runs, and what policies have to be told."""

    by_program: Mapping[WorkloadRef, tuple[InboundPlan, ...]]
    statuses: tuple[ResourceStatus, ...]
    problems: tuple[Problem, ...]


def plan_inbound(
    memo: Memo,
    programs: tuple[Program, ...],
    to_come: tuple[Program, ...],
    roles: Roles,
    access: AccessTable,
    tls: TlsTable,
) -> Inbound:
    """Plan the ports of every program."""
    planned = {
        program.ref: memo.one(
            program.ref,
            plan_program,
            program,
            roles.of(program.ref),
            access.coverage,
            tls.coverage,
        )
        for program in programs
    }
    standing = [
        *((program, roles.of(program.ref)) for program in programs),
        *((program, roles.of_coming(program.ref)) for program in to_come),
    ]
    refusals = {problem.resource: problem for problem in _refused_plaintext(planned)}
    told = [
        *_tell(access.reaches, _covered(standing, access.coverage), refusals),
        *_tell(tls.reaches, _covered(standing, tls.coverage), refusals),
    ]
    return Inbound(
        MappingProxyType(planned),
        tuple(status_of(policy, reach, problems) for policy, reach, problems in told),
        tuple(problem for _, _, problems in told for problem in problems),
    )


def plan_program(
    program: Program, role: Role, access: Coverage[AccessRules], tls: Coverage[TlsMode]
) -> tuple[InboundPlan, ...]:
    """The ports of one program."""
    return tuple(_plan_port(program, port, role, access, tls) for port in program.ports)


def _plan_port(
    program: Program,
    port: ProgramPort,
    role: Role,
    access: Coverage[AccessRules],
    tls: Coverage[TlsMode],
) -> InboundPlan:
    mode = mode_of(program, port.number, role, tls)
    return InboundPlan(
        port,
        _protocol(port, role),
        permission_of(program, port, role, access),
        mode.origin if mode and mode.permissive else None,
    )


def _protocol(port: ProgramPort, role: Role) -> Protocol:
    """What its services say; where they differ, what assumes least, so that no banner slips out."""
    said = [e.protocol for e in role.exposures if e.port == port.number]
    return protocols.least(said) or port.declared or Protocol.TCP


Standing = Iterable[tuple[Program, Role]]
"""Programs with what they are to services."""


def _tell(
    reaches: Iterable[tuple[Policy, Reach]],
    covered: Mapping[ResourceKey, list[ProgramPort]],
    refusals: Mapping[ResourceKey | None, Problem],
) -> Iterator[tuple[Policy, Reach, list[Problem]]]:
    """Each policy with all that is odd about it."""
    for policy, reach in reaches:
        ports = covered.get(policy.key, [])
        problems = list(reach.problems)
        if reach.targets and not ports:
            problems.append(covers_nothing(policy))
        if isinstance(policy, AccessPolicy):
            problems.extend(unknown_ports(policy, ports))
        if policy.key in refusals:
            problems.append(refusals[policy.key])
        yield policy, reach, problems


def _covered(
    standing: Standing, coverage: Coverage[AccessRules] | Coverage[TlsMode]
) -> dict[ResourceKey, list[ProgramPort]]:
    found: dict[ResourceKey, list[ProgramPort]] = {}
    for program, role in standing:
        for port in program.ports:
            for _, covering in coverage.over(program.ref, port.number, role):
                found.setdefault(covering.origin.resource, []).append(port)
    return found


def _refused_plaintext(
    planned: Mapping[WorkloadRef, tuple[InboundPlan, ...]],
) -> Iterator[Problem]:
    """Said once per policy, however many ports it is about."""
    found: dict[Origin, list[str]] = {}
    for ref, ports in planned.items():
        for plan in ports:
            if plan.plaintext and not plan.takes_plaintext:
                found.setdefault(plan.plaintext, []).append(f"{ref} port {plan.port.number}")
    for origin in sorted(found):
        yield warning(
            origin.resource,
            origin.field,
            "plaintext-refused",
            f"AccessPolicies cover {in_words(found[origin], most=3)}, which take no plaintext: "
            "a caller without a certificate is nobody a policy could let in",
            hint="narrow this policy's targets, or those of the AccessPolicies",
        )
