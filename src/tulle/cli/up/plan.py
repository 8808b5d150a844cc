"""What `up` starts: every replica with the ports its program will get, or why that cannot be. Decides only.

A port is fixed, unless the program is told it: where `$(PORT)` (or `$(PORT_NAME)`) stands in the command or in
a variable, the number in the manifest is a wish, and replicas or a taken port make it another one.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from tulle.cli.processes import Replica, processes_in, replicas_of
from tulle.codec.checks.process import told_ports
from tulle.model.kinds.process import Health, HttpProbe, Process, TcpProbe
from tulle.model.kinds.service import Service
from tulle.model.kinds.workload import WorkloadPort
from tulle.model.names import WorkloadRef
from tulle.model.problems import Problem
from tulle.model.resources import Resource


@dataclass(frozen=True, slots=True)
class Launch:
    """A replica ready to start. `ports` have the numbers its program really gets, and `health` too."""

    replica: Replica
    ports: tuple[WorkloadPort, ...]
    health: Health | None

    @property
    def process(self) -> Process:
        """What it is a copy of."""
        return self.replica.process


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything to start, in order; `problems` are why it must not start."""

    launches: tuple[Launch, ...]
    problems: tuple[Problem, ...]


class Ports:
    """Numbers for ports, each given once. `is_free` and `any_free` look at this machine."""

    def __init__(self, is_free: Callable[[int], bool], any_free: Callable[[], int]) -> None:
        self._is_free = is_free
        self._any_free = any_free
        self._given: set[int] = set()

    def take(self, number: int) -> bool:
        """Whether the number was free and is now given."""
        if number in self._given or not self._is_free(number):
            return False
        self._given.add(number)
        return True

    def take_any(self) -> int:
        """A free number, now given."""
        number = self._any_free()
        self._given.add(number)
        return number


def plan(resources: Sequence[Resource], ports: Ports) -> Plan:
    """What to start for these resources."""
    replicas = [r for process in processes_in(resources) for r in replicas_of(process)]
    services = [resource for resource in resources if isinstance(resource, Service)]
    problems: list[Problem] = []
    # Fixed ports first: a wish never takes what somebody else needs.
    fixed = {replica.ref: _fixed(replica, ports, problems) for replica in replicas}
    launches = tuple(
        _launch(replica, fixed[replica.ref], ports, services, problems) for replica in replicas
    )
    return Plan(launches, tuple(problems))


def _fixed(replica: Replica, ports: Ports, problems: list[Problem]) -> frozenset[int]:
    """Take the fixed ports of a replica; which of its ports (by index) they are."""
    process = replica.process
    fixed = frozenset(range(len(process.spec.ports))) - told_ports(process.spec)
    problems.extend(
        _taken(process, index)
        for index in sorted(fixed)
        if not ports.take(process.spec.ports[index].port)
    )
    return fixed


def _launch(
    replica: Replica,
    fixed: frozenset[int],
    ports: Ports,
    services: Iterable[Service],
    problems: list[Problem],
) -> Launch:
    process = replica.process
    numbers: dict[int, int] = {}
    for index, port in enumerate(process.spec.ports):
        kept = index in fixed or (process.spec.replicas == 1 and ports.take(port.port))
        if not kept:
            for problem in _by_number(process, index, services):
                _once(problems, problem)
        numbers[port.port] = port.port if kept else ports.take_any()
    return Launch(
        replica,
        tuple(msgspec.structs.replace(p, port=numbers[p.port]) for p in process.spec.ports),
        _moved(process.spec.health, numbers),
    )


def _moved(health: Health | None, numbers: dict[int, int]) -> Health | None:
    """The probe, looking at the port the program really got."""
    match health:
        case Health(http=HttpProbe(port=int(port)) as http):
            probe = msgspec.structs.replace(http, port=numbers.get(port, port))
            return msgspec.structs.replace(health, http=probe)
        case Health(tcp=TcpProbe(port=int(port)) as tcp):
            found = msgspec.structs.replace(tcp, port=numbers.get(port, port))
            return msgspec.structs.replace(health, tcp=found)
        case _:
            return health


def _once(problems: list[Problem], problem: Problem) -> None:
    if problem not in problems:
        problems.append(problem)


def _taken(process: Process, index: int) -> Problem:
    return Problem(
        f"spec.ports[{index}].port",
        "port-taken",
        f"port {process.spec.ports[index].port} is taken on this machine, or by another Process",
        "choose another, end what listens there, or write $(PORT) in command or env to take any",
        process.key,
    )


def _by_number(process: Process, index: int, services: Iterable[Service]) -> Iterator[Problem]:
    """Services that would not find a port whose number changed."""
    number = process.spec.ports[index].port
    for service in services:
        selector = service.spec.selector.items()
        if service.metadata.namespace != process.metadata.namespace or not (
            selector and selector <= process.spec.labels.items()
        ):
            continue
        for place, port in enumerate(service.spec.ports):
            if (port.target_port or port.port) == number:
                yield Problem(
                    f"spec.ports[{place}].targetPort",
                    "target-port-by-number",
                    f"asks for port {number} by number, but {process.key} gets another one here",
                    "name the port in the Process, and write that name as targetPort",
                    service.key,
                )


def waves(
    launches: Sequence[Launch], calls: Callable[[Launch], set[WorkloadRef]]
) -> list[list[Launch]]:
    """In which order to end them: callers before those they call, so that no call is cut off.

    `calls` gives the workloads that may get calls of one. Those that call each other in a circle end together.
    """
    left = {launch.replica.ref: launch for launch in launches}
    ordered: list[list[Launch]] = []
    while left:
        called = {ref for launch in left.values() for ref in calls(launch) - {launch.replica.ref}}
        wave = [launch for ref, launch in left.items() if ref not in called]
        ordered.append(wave or list(left.values()))
        for launch in ordered[-1]:
            del left[launch.replica.ref]
    return ordered
