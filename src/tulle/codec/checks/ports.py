"""What lists of ports must keep, whatever their kind: numbers and names only once.

What `appProtocol` says is the compiler's to judge: it may come from a Service or from the workload.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from tulle.codec.checks.repeats import repeats
from tulle.model.problems import Problem


class NamedPort(Protocol):
    """What ports of all kinds have."""

    @property
    def port(self) -> int:
        """Its number."""

    @property
    def name(self) -> str:
        """Its name, or ""."""


def check_ports(ports: Sequence[NamedPort], at: str) -> Iterator[Problem]:
    """Numbers and names are unique."""
    for index, first in repeats(port.port for port in ports):
        message = f"port {ports[index].port} is listed twice, first as {at}[{first}]"
        yield Problem(f"{at}[{index}].port", "duplicate-port", message, "remove one of them")
    yield from check_port_names(ports, at)


def check_port_names(ports: Sequence[NamedPort], at: str) -> Iterator[Problem]:
    """Names are unique and have a letter, or they would read as numbers."""
    for index, first in repeats(port.name for port in ports):
        message = f"the name {ports[index].name} is used twice, first by {at}[{first}]"
        yield Problem(f"{at}[{index}].name", "duplicate-name", message, "rename one of them")
    for index, port in enumerate(ports):
        if port.name.isdigit():
            message = f"must have a letter, or it would read as port {port.name}"
            yield Problem(f"{at}[{index}].name", "bad-name", message)
