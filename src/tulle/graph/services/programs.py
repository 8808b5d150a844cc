"""Programs: what stays the same about a workload whatever its health.

Selection, protocols and policies look at programs only. So when a workload's health flips, its Program stays
equal, and nothing but endpoints is compiled anew. A Process declares a program too, before it runs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tulle.graph import protocols
from tulle.graph.mesh import Endpoint, Protocol
from tulle.graph.notes import did_you_mean, warning
from tulle.model.deletions import is_deleting
from tulle.model.kinds.process import Process
from tulle.model.kinds.workload import Workload, WorkloadPort
from tulle.model.names import AccountRef, WorkloadRef
from tulle.model.problems import Problem
from tulle.model.resources import Resource
from tulle.model.statuses import ConditionType, Reason, condition_of


@dataclass(frozen=True, slots=True)
class ProgramPort:
    """A port the program listens on. `targets` are the spellings that reach it: its number, its name.

    `declared` is what it is said to speak, None if nobody says; `index` its place in `spec.ports`.
    """

    number: int
    name: str
    declared: Protocol | None
    targets: tuple[str, ...]
    index: int


@dataclass(frozen=True, slots=True)
class Program:
    """A Workload without its state, or a Process that will become Workloads."""

    ref: WorkloadRef
    account: AccountRef
    labels: Mapping[str, str]
    ports: tuple[ProgramPort, ...]

    def port_at(self, target: str) -> ProgramPort | None:
        """The port a Service's `targetPort` means, or None if the program declares none such."""
        return next((port for port in self.ports if target in port.targets), None)


@dataclass(frozen=True, slots=True)
class Reading:
    """A Workload, read: what stays, and the endpoint it is now (None: it takes no traffic)."""

    program: Program
    endpoint: Endpoint | None


def read_workload(workload: Workload) -> Reading:
    """Take a Workload apart into what stays and what changes with its health."""
    spec = workload.spec
    program = Program(
        WorkloadRef(workload.metadata.namespace, workload.metadata.name),
        AccountRef(workload.metadata.namespace, spec.service_account_name),
        MappingProxyType(dict(workload.metadata.labels)),
        ports_of(spec.ports),
    )
    return Reading(program, _endpoint_of(workload, program.ref))


def read_process(process: Process) -> Program:
    """The program a Process will be."""
    return Program(
        WorkloadRef(process.metadata.namespace, process.metadata.name),
        AccountRef(process.metadata.namespace, process.spec.service_account_name),
        MappingProxyType(dict(process.spec.labels)),
        ports_of(process.spec.ports),
    )


def ports_of(ports: tuple[WorkloadPort, ...]) -> tuple[ProgramPort, ...]:
    """Ports by number, each once. A spelling reaches one port only: numbers first, then names in order."""
    first = {port.port: index for index, port in reversed(list(enumerate(ports)))}
    taken = {str(number) for number in first}
    result: list[ProgramPort] = []
    for number, index in sorted(first.items(), key=lambda item: item[1]):
        name = ports[index].name
        targets = (str(number), name) if name and name not in taken else (str(number),)
        taken.add(name)
        declared = protocols.declared(ports[index].app_protocol, name)
        result.append(ProgramPort(number, name, declared, targets, index))
    return tuple(sorted(result, key=lambda port: port.number))


def accepts_traffic(workload: Workload) -> bool:
    """Whether its proxy has reported, its program is ready, and it is neither leaving nor being deleted."""
    states = {condition.type: condition.status for condition in workload.status.conditions}
    return (
        workload.status.proxy is not None
        and states.get(ConditionType.READY) == "True"
        and states.get(ConditionType.DRAINING) != "True"
        and not is_deleting(workload)
    )


def is_last_resort(workload: Workload) -> bool:
    """Whether it took traffic when its agent was heard of last: program and proxy may be as well as ever."""
    conditions = workload.status.conditions
    ready = condition_of(conditions, ConditionType.READY)
    draining = condition_of(conditions, ConditionType.DRAINING)
    lost = ready is not None and (ready.status, ready.reason) == ("Unknown", Reason.AGENT_LOST)
    stays = not is_deleting(workload) and (draining is None or draining.status != "True")
    return lost and stays


def _endpoint_of(workload: Workload, ref: WorkloadRef) -> Endpoint | None:
    """Where others reach it: the mTLS port of its proxy, whichever of its ports they want."""
    proxy, locality = workload.status.proxy, workload.spec.locality
    lost = is_last_resort(workload)
    if proxy is None or not (accepts_traffic(workload) or lost):
        return None
    return Endpoint(
        address=workload.spec.address,
        port=proxy.mtls_port,
        secure=True,
        workload=ref,
        region=locality.region,
        zone=locality.zone,
        last_resort=lost,
    )


def unknown_protocol(resource: Resource, port: str, app_protocol: str) -> Iterator[Problem]:
    """That the `appProtocol` of the port at a path says nothing to us."""
    if app_protocol and not protocols.is_known(app_protocol):
        yield warning(
            resource,
            f"{port}.appProtocol",
            "app-protocol-unknown",
            f"{app_protocol!r} is no protocol the mesh knows, so it is carried as bytes (tcp)",
            hint=did_you_mean(app_protocol, protocols.KNOWN) or "use http, http2, grpc or tcp",
        )
