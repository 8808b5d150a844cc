"""Small meshes for the tests of this room."""

from tulle.graph.compile import compile_mesh
from tulle.graph.mesh import Compiled, Destination, DestinationRef, ServicePort
from tulle.graph.services.backends import Backends
from tulle.graph.services.catalogue import Catalogue, catalogue_of, read_service
from tulle.graph.services.declarations import declare
from tulle.graph.services.externals import bundles_of, read_external
from tulle.graph.services.programs import read_process, read_workload
from tulle.graph.services.selection import select
from tulle.model.kinds.external_service import ExternalService
from tulle.model.kinds.process import Process
from tulle.model.kinds.service import Service
from tulle.model.kinds.workload import Workload
from tulle.model.names import ServiceRef
from tulle.model.resources import Condition, Resource
from tulle.model.worlds import World


def compiled(*resources: Resource) -> Compiled:
    """The mesh of these resources."""
    return compile_mesh(World(resources))


def codes(found: Compiled) -> list[str]:
    """What is odd about it."""
    return [problem.code for problem in found.problems]


def to(name: str, port: int = 80, namespace: str = "shop") -> DestinationRef:
    """A port of a service."""
    return DestinationRef(ServiceRef(namespace, name), port)


def port_of(found: Compiled, name: str, port: int = 80) -> ServicePort:
    """The same, in a compiled mesh."""
    return found.graph.port(to(name, port))


def destination_of(found: Compiled, name: str, port: int = 80) -> Destination:
    """Its destination."""
    return port_of(found, name, port).destination


def conditions_of(found: Compiled, resource: Resource) -> tuple[Condition, ...]:
    """What a resource is told; of a route, by its first parent."""
    status = next(one for one in found.statuses if one.key == resource.key)
    return status.conditions or status.parents[0]


def catalogue(*resources: Service | ExternalService) -> Catalogue:
    """The services alone."""
    services = [read_service(one) for one in resources if isinstance(one, Service)]
    externals = [
        read_external(one, tuple(None for _ in bundles_of(one)))
        for one in resources
        if isinstance(one, ExternalService)
    ]
    return catalogue_of(tuple(services), tuple(externals)).catalogue


def backends(*resources: Service | ExternalService | Workload | Process) -> Backends:
    """What routes are resolved against."""
    services = catalogue(*(r for r in resources if isinstance(r, Service | ExternalService)))
    running = tuple(read_workload(r).program for r in resources if isinstance(r, Workload))
    coming = tuple(read_process(r) for r in resources if isinstance(r, Process))
    declared = declare(services, select(services, running), select(services, coming))
    return Backends(services, declared)
