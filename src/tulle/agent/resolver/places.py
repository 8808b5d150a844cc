"""Where one workload's questions are heard: the ports, held from before the control plane is told of them.

Programs that read a resolv.conf ask port 53, so there the workload has an address of loopback to itself.
"""

import contextlib
import errno
import socket
from dataclasses import dataclass

from tulle.agent.errors import AgentError
from tulle.agent.resolver.sockets import OpenSocket, Pair, close_pairs, open_pairs, port_of
from tulle.dns.wishes import Dns
from tulle.model.problems import system_words

LOOPBACKS = ("127.0.0.1", "::1")
DNS_PORT = 53
_OWN_ADDRESSES = [f"127.53.{high}.{low}" for high in range(4) for low in range(1, 255)]


@dataclass(frozen=True, slots=True)
class Place:
    """Bound sockets. `address` and `port` are where to ask, in the network they were made in.

    `number` is what to remember: the next run is at the same place, where its program looks for it.
    """

    pairs: tuple[Pair, ...]
    address: str
    port: int
    number: int

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"

    def is_here(self, address: str, port: int) -> bool:
        """Whether somebody who asks there asks us."""
        names = {str(udp.getsockname()[0]) for udp, _ in self.pairs}
        return port == self.port and address in names

    def close(self) -> None:
        """Give the ports back."""
        close_pairs(self.pairs)


def open_place(wanted: Dns, last: int = 0, open_socket: OpenSocket = socket.socket) -> Place:
    """Bind what is wanted; `last` is the number of an earlier run, taken again if it is free. Raises AgentError."""
    if wanted.mode.needs_port_53:
        return _own_address(last, open_socket)
    if wanted.port is not None:
        return _bound(wanted.port, open_socket)
    with contextlib.suppress(AgentError):
        if last:
            return _bound(last, open_socket)
    return _bound(0, open_socket)


def _bound(port: int, open_socket: OpenSocket) -> Place:
    try:
        pairs = open_pairs(LOOPBACKS, port, open_socket)
    except OSError as error:
        raise AgentError(
            "dns-port-taken" if error.errno == errno.EADDRINUSE else "dns-port-unusable",
            f"cannot answer DNS on port {port} of loopback: {system_words(error)}",
            "choose another port with --dns-port, or leave it out for any free one",
        ) from error
    port = port_of(pairs)
    return Place(pairs, LOOPBACKS[0], port, port)


def _own_address(last: int, open_socket: OpenSocket) -> Place:
    """The one of last time, else the first nobody answers at."""
    numbers = range(1, len(_OWN_ADDRESSES) + 1)
    for number in (last, *numbers) if last in numbers else numbers:
        address = _OWN_ADDRESSES[number - 1]
        try:
            pairs = open_pairs((address,), DNS_PORT, open_socket)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                continue
            raise AgentError(
                "dns-port-forbidden",
                f"cannot answer DNS on {address}:{DNS_PORT}: {system_words(error)}",
                "run as root, or answer on another port with --dns port",
            ) from error
        return Place(pairs, address, DNS_PORT, number)
    raise AgentError(
        "dns-addresses-exhausted",
        "every loopback address for resolvers is taken",
        "stop workloads that have --dns resolv-conf, or let some do without",
    )
