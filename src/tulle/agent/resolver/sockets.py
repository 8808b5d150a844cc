"""The ports questions arrive at: UDP and TCP together, on loopback. Light: agents that answer nothing load no more."""

import errno
import socket
from collections.abc import Callable, Iterable, Sequence

Pair = tuple[socket.socket, socket.socket]
"""A UDP socket and a listening TCP socket on one address and port."""

OpenSocket = Callable[[int, int], socket.socket]
"""Makes a socket of a family and a kind: where the program's network is another one than the agent's."""

_NO_SUCH_FAMILY = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


def open_pairs(
    addresses: Iterable[str], port: int, open_socket: OpenSocket = socket.socket
) -> tuple[Pair, ...]:
    """Bind UDP and TCP on each address; the first's port for all if `port` is 0. Raises OSError.

    A family this host does not have is left out, but for the first.
    """
    pairs: list[Pair] = []
    try:
        for address in addresses:
            try:
                pairs.append(_open_pair(address, port, open_socket))
            except OSError as error:
                if not pairs or error.errno not in _NO_SUCH_FAMILY:
                    raise
            port = port_of(pairs)
    except OSError:
        close_pairs(pairs)
        raise
    return tuple(pairs)


def port_of(pairs: Sequence[Pair]) -> int:
    """The port they all have."""
    return int(pairs[0][0].getsockname()[1])


def close_pairs(pairs: Iterable[Pair]) -> None:
    """Give the ports back."""
    for pair in pairs:
        for one in pair:
            one.close()


_TRIES = 16


def _open_pair(address: str, port: int, open_socket: OpenSocket) -> Pair:
    """A port both protocols have; with port 0 the system chooses one for TCP, which UDP may not have."""
    for _ in range(_TRIES):
        tcp = _bound(address, socket.SOCK_STREAM, port, open_socket)
        try:
            tcp.listen(128)
            number = int(tcp.getsockname()[1])
            return _bound(address, socket.SOCK_DGRAM, number, open_socket), tcp
        except OSError:
            tcp.close()
            if port:
                raise
    raise OSError(f"no port is free for both UDP and TCP on {address}")


def _bound(address: str, kind: int, port: int, open_socket: OpenSocket) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = open_socket(family, kind)
    try:
        sock.setblocking(False)
        if kind == socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((address, port))
    except OSError:
        sock.close()
        raise
    return sock
