"""Names: what a program may call its upstreams where it reaches them through the proxy's HTTP_PROXY port.

No destination address is known there, so the authority of a request says what is meant. The names are those
`hosts` resolves for `explain`, of declared upstreams alone.
"""

from collections.abc import Iterable, Iterator, Mapping

from tulle.graph.hosts import DEFAULT_PORTS, SUFFIXES
from tulle.graph.mesh import DestinationRef, OutboundPort
from tulle.model.names import ServiceRef


def authorities(
    ports: Iterable[OutboundPort], namespace: str
) -> Mapping[DestinationRef, tuple[str, ...]]:
    """What stands for each upstream of a workload of this namespace, in lower case, with and without port.

    Without a port, port 80 is meant, or the only one declared of that service.
    """
    by_service: dict[ServiceRef, list[int]] = {}
    for port in ports:
        by_service.setdefault(port.service, []).append(port.port)
    found: dict[DestinationRef, tuple[str, ...]] = {}
    for service, numbers in by_service.items():
        names = tuple(_names(service, namespace))
        for number in numbers:
            bare = names if number == _usual(numbers) else ()
            to = DestinationRef(service, number)
            found[to] = (*bare, *(f"{name}:{number}" for name in names))
    return found


def _names(service: ServiceRef, namespace: str) -> Iterator[str]:
    """NAME for those of the caller's own namespace, NAME.NAMESPACE and its longer forms for all."""
    if service.namespace == namespace:
        yield service.name
    full = f"{service.name}.{service.namespace}"
    yield from (full, *(full + suffix for suffix in SUFFIXES))


def _usual(numbers: list[int]) -> int | None:
    http = DEFAULT_PORTS["http"]
    if http in numbers:
        return http
    return numbers[0] if len(numbers) == 1 else None
