"""The table of contents: World → MeshGraph, statuses, problems. Total, deterministic, no clock, no I/O.

The phases stand in the order they run. Those above the line do not look at the health of workloads, so they
are skipped while only that changes; those below it are cheap per service and per workload.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from types import MappingProxyType

from tulle.graph.endpoints import build_service
from tulle.graph.memo import Memo
from tulle.graph.mesh import Compiled, MeshGraph, MeshSettings, ResourceStatus
from tulle.graph.naming import names_of
from tulle.graph.plans import Ground, Plans, plan_services
from tulle.graph.policies.permissions import read_access
from tulle.graph.policies.tls_policy import read_tls
from tulle.graph.routing.routes import read_routes
from tulle.graph.services.addresses import assign, claims_of
from tulle.graph.services.backends import Backends
from tulle.graph.services.catalogue import Listed, catalogue_of, read_service
from tulle.graph.services.declarations import declare
from tulle.graph.services.externals import bundles_of, read_external
from tulle.graph.services.programs import Program, read_process, read_workload
from tulle.graph.services.selection import select
from tulle.graph.services.slices import read_slices
from tulle.graph.settings import read_settings
from tulle.graph.workloads.inbound import Inbound, InboundPlan, plan_inbound
from tulle.graph.workloads.nodes import Surroundings, build_workload, declared_problems, told_by
from tulle.model.kinds.access_policy import AccessPolicy
from tulle.model.kinds.core import ConfigMap
from tulle.model.kinds.endpoint_slice import EndpointSlice
from tulle.model.kinds.external_service import ExternalService
from tulle.model.kinds.http_route import HTTPRoute
from tulle.model.kinds.mesh import Mesh
from tulle.model.kinds.process import Process
from tulle.model.kinds.service import Service
from tulle.model.kinds.tcp_route import TCPRoute
from tulle.model.kinds.tls_policy import TlsPolicy
from tulle.model.kinds.workload import Workload
from tulle.model.names import ResourceKey, ServiceRef, WorkloadRef
from tulle.model.problems import Problem
from tulle.model.worlds import World


@dataclass(frozen=True, slots=True)
class Written:
    """Everything but the Workloads, as it was written."""

    meshes: tuple[Mesh, ...]
    services: tuple[Service, ...]
    externals: tuple[ExternalService, ...]
    config_maps: tuple[ConfigMap, ...]
    slices: tuple[EndpointSlice, ...]
    processes: tuple[Process, ...]
    http_routes: tuple[HTTPRoute, ...]
    tcp_routes: tuple[TCPRoute, ...]
    access_policies: tuple[AccessPolicy, ...]
    tls_policies: tuple[TlsPolicy, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """Everything that does not depend on the health of workloads."""

    settings: MeshSettings
    surroundings: Surroundings
    plans: Plans
    inbound: Inbound
    statuses: tuple[ResourceStatus, ...]
    problems: tuple[Problem, ...]


def compile_mesh(world: World) -> Compiled:
    """Resolve every reference of a world: graph, statuses to write, every problem found on the way."""
    return Compiler().compile(world)


class Compiler:
    """Compiles one world after another. What did not change stays the very same object."""

    def __init__(self) -> None:
        self._memo = Memo()

    def compile(self, world: World) -> Compiled:
        """Equal to `compile_mesh(world)`, in time proportional to what changed since the last one."""
        compiled = _compile(self._memo, world)
        self._memo.turn()
        return compiled


def _compile(memo: Memo, world: World) -> Compiled:
    workloads = world.all(Workload)
    readings = memo.each(read_workload, lambda row: _name(row[0]), zip(workloads))
    programs = memo.keep("programs", tuple([reading.program for reading in readings]))
    settled = memo.phase(settle, written(world), programs)

    places = memo.one("places", _places, programs, settled.plans)
    now = [reading.endpoint for reading in readings]
    endpoints = (tuple([now[place] for place in members]) for members in places)
    services = memo.each(
        build_service, lambda row: row[0].ref, zip(settled.plans.services, endpoints, strict=True)
    )
    parts = memo.one("parts", _parts_of, programs, settled)
    built = memo.each(
        build_workload,
        lambda row: _name(row[0]),
        ((workload, *part) for workload, part in zip(workloads, parts, strict=True)),
    )
    graph = MeshGraph(
        settled.settings,
        MappingProxyType({service.ref: service for service in services}),
        MappingProxyType({one.node.ref: one.node for one in built}),
        memo.one("names", names_of, services),
    )
    odd = tuple([problem for one in built for problem in one.problems])
    problems = memo.one("problems", in_order, settled.problems, odd)
    return Compiled(graph, settled.statuses, problems)


def _places(programs: tuple[Program, ...], plans: Plans) -> tuple[tuple[int, ...], ...]:
    """For every plan, where its members stand among the programs."""
    places = {program.ref: place for place, program in enumerate(programs)}
    return tuple(tuple(places[ref] for ref in plan.members) for plan in plans.services)


Parts = tuple[Program, tuple[InboundPlan, ...], tuple[ServiceRef, ...], Surroundings]


def _parts_of(programs: tuple[Program, ...], settled: Settled) -> tuple[Parts, ...]:
    """What every workload is built of, beside itself."""
    inbound, roles = settled.inbound.by_program, settled.plans.roles
    return tuple(
        (program, inbound[program.ref], roles.of(program.ref).services, settled.surroundings)
        for program in programs
    )


def written(world: World) -> Written:
    """The kinds the compiler reads, beside Workloads."""
    return Written(
        meshes=world.all(Mesh),
        services=world.all(Service),
        externals=world.all(ExternalService),
        config_maps=world.all(ConfigMap),
        slices=world.all(EndpointSlice),
        processes=world.all(Process),
        http_routes=world.all(HTTPRoute),
        tcp_routes=world.all(TCPRoute),
        access_policies=world.all(AccessPolicy),
        tls_policies=world.all(TlsPolicy),
    )


def settle(memo: Memo, said: Written, programs: tuple[Program, ...]) -> Settled:
    """All phases that do not look at health, in order."""
    settings = memo.one("settings", read_settings, said.meshes)
    listed = memo.phase(_list_services, said.services)
    outside = memo.phase(_list_externals, said.externals, said.config_maps)
    directory = memo.one("directory", catalogue_of, listed, outside)
    catalogue = directory.catalogue
    by_ref = memo.one("programs", _by_ref, programs)
    to_come = memo.one("processes", _read_processes, said.processes)
    running = memo.one("running", select, catalogue, programs)
    coming = memo.one("coming", select, catalogue, to_come)
    slices = memo.one("slices", read_slices, said.slices, catalogue, by_ref)
    declarations = memo.one("declarations", declare, catalogue, running, coming)
    backends = memo.keep("backends", Backends(catalogue, declarations))
    routes = memo.phase(read_routes, backends, said.http_routes, said.tcp_routes)
    claims = memo.one("claims", claims_of, said.services, said.externals)
    addresses = memo.one("addresses", assign, claims, settings.ranges)
    ground = Ground(
        trust_domain=settings.mesh.trust_domain,
        catalogue=catalogue,
        programs=by_ref,
        running=running,
        to_come=coming,
        slices=slices,
        declarations=declarations,
        routes=routes,
        addresses=addresses,
    )
    plans = memo.phase(plan_services, ground)
    access = memo.one("access", read_access, said.access_policies, catalogue)
    tls = memo.one("tls", read_tls, said.tls_policies, catalogue)
    inbound = memo.phase(plan_inbound, programs, to_come, plans.roles, access, tls)
    told = memo.one("told", told_by, said.processes)
    around = memo.keep("around", Surroundings(settings.mesh.trust_domain, catalogue, told))
    odd = [p for process in said.processes for p in declared_problems(process, catalogue)]
    found = (directory, slices, declarations, routes, addresses, plans, inbound)
    return Settled(
        settings=settings.mesh,
        surroundings=around,
        plans=plans,
        inbound=inbound,
        statuses=_by_key(
            status
            for part in (settings, directory, routes, addresses, inbound)
            for status in part.statuses
        ),
        problems=(
            *(problem for part in found for problem in part.problems),
            *odd,
        ),
    )


def in_order(*problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Problems by the resource they are about, then by field."""
    return tuple(sorted((one for some in problems for one in some), key=_order))


def _order(problem: Problem) -> tuple[ResourceKey, str, str, str]:
    resource = problem.resource or ResourceKey("", "", "")
    return (resource, problem.path, problem.code, problem.message)


def _name(resource: Service | Workload | ExternalService) -> tuple[str, str]:
    return (resource.metadata.namespace, resource.metadata.name)


def _list_services(memo: Memo, services: tuple[Service, ...]) -> tuple[Listed, ...]:
    return tuple(memo.one(_name(service), read_service, service) for service in services)


def _list_externals(
    memo: Memo, externals: tuple[ExternalService, ...], config_maps: tuple[ConfigMap, ...]
) -> tuple[Listed, ...]:
    found = {(one.metadata.namespace, one.metadata.name): one for one in config_maps}
    return tuple(
        memo.one(
            _name(external),
            read_external,
            external,
            tuple(found.get((external.metadata.namespace, name)) for name in bundles_of(external)),
        )
        for external in externals
    )


def _read_processes(processes: tuple[Process, ...]) -> tuple[Program, ...]:
    return tuple(map(read_process, processes))


def _by_ref(programs: tuple[Program, ...]) -> MappingProxyType[WorkloadRef, Program]:
    return MappingProxyType({program.ref: program for program in programs})


def _by_key(statuses: Iterable[ResourceStatus]) -> tuple[ResourceStatus, ...]:
    """One for each resource: of an ExternalService one phase knows the conditions, another the addresses."""
    found: dict[ResourceKey, ResourceStatus] = {}
    for status in statuses:
        before = found.setdefault(status.key, status)
        if before is status:
            continue
        addresses = before.virtual_addresses or status.virtual_addresses
        conditions = before.conditions or status.conditions
        found[status.key] = replace(before, conditions=conditions, virtual_addresses=addresses)
    return tuple(sorted(found.values(), key=lambda status: status.key))
