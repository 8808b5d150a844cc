"""Plans of services: everything about them but which of their endpoints take traffic right now.

A plan stays the same object while only health changes; `endpoints` turns it into a ServiceNode.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tulle.graph.memo import Memo
from tulle.graph.mesh import (
    DestinationRef,
    Endpoint,
    ExternalTarget,
    HttpRouting,
    Origin,
    Protocol,
    Routing,
    TcpRouting,
)
from tulle.graph.notes import listing as in_words
from tulle.graph.notes import warning
from tulle.graph.routing.routes import PortRoutes, RouteTable
from tulle.graph.services.addresses import Addresses
from tulle.graph.services.catalogue import Catalogue, ListedPort, Listing, Naming, Source
from tulle.graph.services.declarations import Declarations
from tulle.graph.services.programs import Program
from tulle.graph.services.selection import Selection, everyone
from tulle.graph.services.slices import Entry, Programs, Slices
from tulle.model.names import ServiceRef, SpiffeId, WorkloadRef, spiffe_id
from tulle.model.problems import Problem


@dataclass(frozen=True, slots=True)
class Backing:
    """A program's port behind a service's port. It is an endpoint if `usable` and its workload takes traffic."""

    workload: WorkloadRef
    port: int
    usable: bool = True


@dataclass(frozen=True, slots=True)
class PortPlan:
    """A port of a service without the endpoints that come and go; `fixed` are those that do not."""

    number: int
    name: str
    protocol: Protocol
    target: str
    accounts: tuple[SpiffeId, ...]
    origin: Origin
    routing: Routing
    consumer_routing: Mapping[str, Routing]
    external: ExternalTarget | None
    fixed: tuple[Endpoint, ...]
    backing: tuple[Backing, ...]


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """A service without its endpoints. `members` are the workloads that may be some."""

    ref: ServiceRef
    origin: Origin
    addresses: tuple[str, ...]
    ports: tuple[PortPlan, ...]
    members: tuple[WorkloadRef, ...]
    naming: Naming
    alias: str


@dataclass(frozen=True, slots=True)
class Exposure:
    """That a port of a program stands behind a port of a service."""

    service: ServiceRef
    service_port: int
    port: int
    protocol: Protocol


@dataclass(frozen=True, slots=True)
class Role:
    """What a program is to services: those it belongs to, and its ports they expose."""

    services: tuple[ServiceRef, ...] = ()
    exposures: tuple[Exposure, ...] = ()


NO_ROLE = Role()


@dataclass(frozen=True, slots=True)
class Roles:
    """The role of every Workload's program that has one, and of every Process's."""

    running: Mapping[WorkloadRef, Role]
    coming: Mapping[WorkloadRef, Role]

    def of(self, ref: WorkloadRef) -> Role:
        """The role of a Workload's program."""
        return self.running.get(ref, NO_ROLE)

    def of_coming(self, ref: WorkloadRef) -> Role:
        """The role of a Process's program."""
        return self.coming.get(ref, NO_ROLE)


@dataclass(frozen=True, slots=True)
class Plans:
    """All plans, and the same seen from the programs."""

    services: tuple[ServicePlan, ...]
    roles: Roles
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Ground:
    """What planning stands on: every fact about services, resolved by the phases before."""

    trust_domain: str
    catalogue: Catalogue
    programs: Programs
    running: Selection
    to_come: Selection
    slices: Slices
    declarations: Declarations
    routes: RouteTable
    addresses: Addresses


def plan_services(memo: Memo, ground: Ground) -> Plans:
    """A plan for every service."""
    services = tuple(
        memo.keep(listing.ref, _plan(listing, ground))
        for listing in ground.catalogue.listings.values()
    )
    problems = (
        problem
        for listing in ground.catalogue.listings.values()
        for problem in _unknown_targets(listing, ground)
    )
    roles = Roles(
        MappingProxyType(_roles(memo, services)), MappingProxyType(_roles_to_come(ground))
    )
    return Plans(services, memo.keep("roles", roles), tuple(problems))


def _plan(listing: Listing, ground: Ground) -> ServicePlan:
    members = _members(listing, ground)
    accounts = {spiffe_id(ground.trust_domain, program.account) for program in members}
    return ServicePlan(
        ref=listing.ref,
        origin=listing.origin,
        addresses=ground.addresses.of(listing.ref),
        ports=tuple(
            _plan_port(listing, port, tuple(sorted(accounts)), ground) for port in listing.ports
        ),
        members=tuple(program.ref for program in members),
        naming=listing.naming,
        alias=listing.alias,
    )


def _members(listing: Listing, ground: Ground) -> tuple[Program, ...]:
    """The programs behind a service, ready or not: callers accept the accounts of all of them."""
    if listing.source is Source.SELECTOR:
        return ground.running.behind(listing.ref)
    listed = {entry.workload for entry in ground.slices.of(listing.ref) if entry.workload}
    return tuple(ground.programs[ref] for ref in sorted(listed))


def _plan_port(
    listing: Listing, port: ListedPort, accounts: tuple[SpiffeId, ...], ground: Ground
) -> PortPlan:
    to = DestinationRef(listing.ref, port.number)
    protocol = _protocol(to, ground)
    routes = ground.routes.ports.get(to) or PortRoutes(None, MappingProxyType({}))
    entries = [e for e in ground.slices.of(listing.ref) if e.port_name == port.name]
    target = _listed_target(entries) or port.target
    return PortPlan(
        number=port.number,
        name=port.name,
        protocol=protocol,
        target=target,
        accounts=accounts,
        origin=port.origin,
        routing=routes.producer or (HttpRouting() if protocol.is_http else TcpRouting()),
        consumer_routing=routes.consumers,
        external=port.external,
        fixed=port.endpoints or tuple(_plain(entries)),
        backing=tuple(
            _listed_backing(entries, target, ground.programs)
            if entries
            else _selected_backing(ground.running.behind(listing.ref), target)
        ),
    )


def _protocol(to: DestinationRef, ground: Ground) -> Protocol:
    """As declared, else as its routes need it, else bytes."""
    declared = ground.declarations.protocols[to]
    if declared is not None:
        return declared
    return Protocol.HTTP if to in ground.routes.made_http else Protocol.TCP


def _selected_backing(programs: Iterable[Program], target: str) -> Iterator[Backing]:
    """Only ports a program declares: a Service must not reach what its workloads never offered."""
    for program in programs:
        port = program.port_at(target)
        if port:
            yield Backing(program.ref, port.number)


def _listed_target(entries: Iterable[Entry]) -> str:
    """The one port behind all listed workloads; of several the lowest, the rest is said to be left out."""
    numbers = [entry.port for entry in entries if entry.workload]
    return str(min(numbers)) if numbers else ""


def _listed_backing(entries: Iterable[Entry], target: str, programs: Programs) -> Iterator[Backing]:
    for entry in entries:
        if entry.workload and str(entry.port) == target:
            declares = programs[entry.workload].port_at(target)
            if declares:
                yield Backing(entry.workload, declares.number, entry.ready)


def _plain(entries: Iterable[Entry]) -> Iterator[Endpoint]:
    """Listed endpoints that no Workload stands behind: they are reached in plaintext."""
    for entry in entries:
        if entry.ready and entry.workload is None:
            yield Endpoint(entry.address, entry.port, secure=False, zone=entry.zone)


def _roles(memo: Memo, plans: Iterable[ServicePlan]) -> dict[WorkloadRef, Role]:
    belongs = [(ref, plan.ref) for plan in plans for ref in plan.members]
    exposed = (
        (backing.workload, Exposure(plan.ref, port.number, backing.port, port.protocol))
        for plan in plans
        for port in plan.ports
        for backing in port.backing
    )
    return {ref: memo.keep(("role", ref), role) for ref, role in _collect(belongs, exposed)}


def _roles_to_come(ground: Ground) -> dict[WorkloadRef, Role]:
    """The same for Processes, as their Workloads will have them."""
    listings = ground.catalogue.listings.values()
    pairs = [(lst, program) for lst in listings for program in ground.to_come.behind(lst.ref)]
    exposed = (
        (program.ref, Exposure(listing.ref, port.number, found.number, Protocol.TCP))
        for listing, program in pairs
        for port in listing.ports
        if (found := program.port_at(port.target))
    )
    return dict(_collect([(program.ref, listing.ref) for listing, program in pairs], exposed))


def _collect(
    belongs: Iterable[tuple[WorkloadRef, ServiceRef]],
    exposed: Iterable[tuple[WorkloadRef, Exposure]],
) -> Iterator[tuple[WorkloadRef, Role]]:
    services: dict[WorkloadRef, list[ServiceRef]] = {}
    exposures: dict[WorkloadRef, list[Exposure]] = {}
    for ref, service in belongs:
        services.setdefault(ref, []).append(service)
    for ref, exposure in exposed:
        exposures.setdefault(ref, []).append(exposure)
    for ref, found in services.items():
        yield ref, Role(tuple(found), tuple(exposures.get(ref, ())))


def _unknown_targets(listing: Listing, ground: Ground) -> Iterator[Problem]:
    if listing.source is Source.SLICES:
        yield from _mixed_targets(listing, ground.slices.of(listing.ref))
        return
    for port in listing.ports:
        programs = everyone((ground.running, ground.to_come), listing.ref)
        lacking = sorted({p.ref for p in programs if p.port_at(port.target) is None})
        if lacking:
            yield warning(
                listing.origin.resource,
                f"{port.origin.field}.targetPort",
                "target-port-unknown",
                f"nothing sent to port {port.number} goes to {in_words(lacking, most=3)}: "
                f"no port {port.target} is declared there",
                hint="add it to spec.ports there, or set targetPort here",
            )


def _mixed_targets(listing: Listing, entries: tuple[Entry, ...]) -> Iterator[Problem]:
    for port in listing.ports:
        numbers = {e.port for e in entries if e.workload and e.port_name == port.name}
        if len(numbers) > 1:
            yield warning(
                listing.origin.resource,
                port.origin.field,
                "endpoint-port-mismatch",
                f"its slices list Workloads with ports {in_words(sorted(numbers))}; "
                f"only those with port {min(numbers)} get anything",
                hint="list endpoints of one port only",
            )
