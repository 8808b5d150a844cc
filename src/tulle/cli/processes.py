"""Processes as the workloads they become: their names, their labels, and the door people enter by. Pure.

`up` starts what stands here; pure commands (`local`) place the same workloads without starting anything.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tulle.graph import protocols
from tulle.model.kinds.process import Process, ProcessSpec
from tulle.model.kinds.service import Service, ServicePort
from tulle.model.kinds.workload import Upstream
from tulle.model.names import ServiceRef, WorkloadRef
from tulle.model.resources import Metadata, Resource

ENTRY_NAMES = ("entry", "door", "tulle-entry")
"""What a door is called when nobody made one; the first name that is free."""


@dataclass(frozen=True, slots=True)
class Replica:
    """One running copy of a Process: it becomes a workload of this name."""

    process: Process
    ref: WorkloadRef

    @property
    def is_door(self) -> bool:
        """Whether it is a proxy alone."""
        return not self.process.spec.command


def replicas_of(process: Process) -> tuple[Replica, ...]:
    """Its copies: one is called like the Process, several `NAME-0`, `NAME-1`."""
    namespace, name = process.metadata.namespace, process.metadata.name
    names = [name] if process.spec.replicas == 1 else _numbered(name, process.spec.replicas)
    return tuple(Replica(process, WorkloadRef(namespace, name)) for name in names)


def _numbered(name: str, count: int) -> list[str]:
    return [f"{name}-{index}" for index in range(count)]


def with_door(resources: Sequence[Resource]) -> tuple[Resource, ...]:
    """The resources, and a door if there are programs to enter to and none yet.

    It leads to the first HTTP Service of theirs that no program calls (so it is where people come in), or
    else to the first HTTP Service.
    """
    processes = [resource for resource in resources if isinstance(resource, Process)]
    if not processes or any(not process.spec.command for process in processes):
        return tuple(resources)
    service = _front(resources, processes)
    if service is None:
        return tuple(resources)
    return (*resources, _door(service, resources))


def _door(service: Service, resources: Sequence[Resource]) -> Process:
    namespace = service.metadata.namespace
    taken = {r.metadata.name for r in resources if r.metadata.namespace == namespace}
    name = next(
        name for name in (*ENTRY_NAMES, f"{service.metadata.name}-door") if name not in taken
    )
    port = next(filter(_is_http, service.spec.ports)).port
    return Process(
        metadata=Metadata(name=name, namespace=namespace),
        spec=ProcessSpec(
            service_account_name=name,
            upstreams=(Upstream(service=service.metadata.name, port=port),),
        ),
    )


def _front(resources: Sequence[Resource], processes: Sequence[Process]) -> Service | None:
    called = {ref for process in processes for ref in upstreams_of(process)}
    services = [
        resource
        for resource in resources
        if isinstance(resource, Service)
        and any(map(_is_http, resource.spec.ports))
        and any(_selects(resource, process) for process in processes)
    ]
    uncalled = [
        s for s in services if ServiceRef(s.metadata.namespace, s.metadata.name) not in called
    ]
    return next(iter((*uncalled, *services)), None)


def upstreams_of(process: Process) -> Iterator[ServiceRef]:
    """The services it calls."""
    for upstream in process.spec.upstreams:
        yield ServiceRef(upstream.namespace or process.metadata.namespace, upstream.service)


def processes_in(resources: Iterable[Resource]) -> tuple[Process, ...]:
    """The Processes among resources, in their order."""
    return tuple(resource for resource in resources if isinstance(resource, Process))


def _is_http(port: ServicePort) -> bool:
    found = protocols.declared(port.app_protocol, port.name)
    return found is not None and found.is_http


def _selects(service: Service, process: Process) -> bool:
    selector = service.spec.selector.items()
    return (
        bool(selector)
        and service.metadata.namespace == process.metadata.namespace
        and selector <= process.spec.labels.items()
    )
