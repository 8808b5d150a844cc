"""What lists of ports must keep, whatever their kind: numbers and names only once, protocols we know."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from tulle.codec.checks.repeats import repeats
from tulle.model.problems import Problem, Severity

PROTOCOLS = frozenset(
    {
        *{"tcp", "tls", "https", "http", "http2", "h2c", "grpc", "grpc-web"},
        *{"kubernetes.io/h2c", "kubernetes.io/ws", "kubernetes.io/wss"},
        *{"mysql", "mongo", "postgres", "redis", "kafka", "amqp", "nats", "smtp", "udp", "dns"},
    }
)
"""Values of appProtocol that say something; all that are not HTTP are carried as TCP."""


class NamedPort(Protocol):
    """What ports of all kinds have."""

    @property
    def port(self) -> int:
        """Its number."""

    @property
    def name(self) -> str:
        """Its name, or ""."""

    @property
    def app_protocol(self) -> str:
        """What is spoken there, or ""."""


def check_ports(ports: Sequence[NamedPort], at: str) -> Iterator[Problem]:
    """Numbers and names are unique."""
    for index, first in repeats(port.port for port in ports):
        message = f"port {ports[index].port} is listed twice, first as {at}[{first}]"
        yield Problem(f"{at}[{index}].port", "duplicate-port", message)
    yield from check_port_names(ports, at)


def check_port_names(ports: Sequence[NamedPort], at: str) -> Iterator[Problem]:
    """Names are unique and have a letter (or they would read as numbers); protocols are known."""
    for index, first in repeats(port.name for port in ports):
        message = f"the name {ports[index].name} is used twice, first by {at}[{first}]"
        yield Problem(f"{at}[{index}].name", "duplicate-name", message)
    for index, port in enumerate(ports):
        if port.name.isdigit():
            message = f"must have a letter, or it would read as port {port.name}"
            yield Problem(f"{at}[{index}].name", "bad-name", message)
        yield from check_app_protocol(port.app_protocol, f"{at}[{index}].appProtocol")


def check_app_protocol(protocol: str, at: str) -> Iterator[Problem]:
    """An unknown protocol is carried as TCP: a typing mistake there would cost every HTTP feature."""
    if protocol and protocol.lower() not in PROTOCOLS:
        yield Problem(
            at,
            "unknown-protocol",
            f"{protocol!r} is no protocol Tulle knows: the port is carried as TCP",
            "http, http2, grpc or tcp",
            severity=Severity.WARNING,
        )
