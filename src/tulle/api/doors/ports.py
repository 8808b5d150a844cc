"""TCP ports of the API: opened before anything is served, so that what is in the way is told at the start."""

import ipaddress
import socket
from dataclasses import replace

from tulle.api.errors import SocketError
from tulle.model.problems import Problem
from tulle.ops.listening import cannot_listen
from tulle.settings import Address

BACKLOG = 128


def open_port(flag: str, address: Address) -> tuple[socket.socket, Address]:
    """A listening socket, and the address with its real port. Raises SocketError naming the flag."""
    try:
        family, *_, place = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        port = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise SocketError(cannot_listen(flag, address, error)) from error
    try:
        port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        port.bind(place)
        port.listen(BACKLOG)
        port.setblocking(False)
    except OSError as error:
        port.close()
        raise SocketError(cannot_listen(flag, address, error)) from error
    return port, replace(address, port=port.getsockname()[1])


def reached_at(address: Address) -> Address:
    """How this machine reaches a door: one at every address of the machine is at loopback, too."""
    try:
        found = ipaddress.ip_address(address.host)
    except ValueError:
        return address
    if not found.is_unspecified:
        return address
    return replace(address, host="127.0.0.1" if found.version == 4 else "::1")


def check_loopback(flag: str, address: Address) -> None:
    """Refuse to speak plain HTTP, token and all, where other machines listen. Raises SocketError."""
    if not is_loopback(address.host):
        message = f"{address} is no loopback address, and what is said there is not encrypted"
        hint = "name 127.0.0.1 or [::1], or use --api-address: TLS for the same API"
        raise SocketError(Problem(flag, "address-not-loopback", message, hint))


def is_loopback(host: str) -> bool:
    """Whether a host as written in an address or URL (brackets and all) is this machine's own loopback."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False
