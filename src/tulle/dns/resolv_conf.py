"""The text of a resolv.conf, read and written (resolv.conf(5))."""

import ipaddress
from dataclasses import dataclass

from tulle.dns.upstreams import Server
from tulle.dns.zones import CANONICAL

MARK = "# Written by tulle"
"""The first line of what we write begins so."""

_MOST_SERVERS = 3
"""What glibc reads."""


@dataclass(frozen=True, slots=True)
class ResolvConf:
    """Servers to ask, domains to try, options as they were written."""

    servers: tuple[Server, ...] = ()
    search: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


def parse(text: str) -> ResolvConf:
    """What a file says; lines nobody understands are passed over, as the C library does."""
    servers: list[Server] = []
    search: tuple[str, ...] = ()
    options: list[str] = []
    for line in text.splitlines():
        words = line.split("#", 1)[0].split(";", 1)[0].split()
        match words:
            case ["nameserver", address, *_] if (server := _server(address)) is not None:
                servers.append(server)
            case ["search" | "domain", *domains]:
                search = tuple(domains)
            case ["options", *found]:
                options += found
            case _:
                pass
    return ResolvConf(tuple(dict.fromkeys(servers[:_MOST_SERVERS])), search, tuple(options))


def is_ours(text: str) -> bool:
    """Whether we wrote it."""
    return text.startswith(MARK)


def render(listener: str, namespace: str, original: ResolvConf) -> str:
    """The file a program of the mesh sees: one server, its namespace's domain first, then what it searched before.

    Options stay. `ndots` does too: names of the mesh work without more dots than usual.
    """
    domain = ".".join(CANONICAL)
    search = dict.fromkeys((f"{namespace}.{domain}", domain, *original.search))
    lines = [
        f"{MARK}: the program's names are resolved by its agent. `tulle dns restore` brings the old file back.",
        f"nameserver {listener}",
        f"search {' '.join(search)}",
    ]
    if original.options:
        lines.append(f"options {' '.join(original.options)}")
    return "\n".join(lines) + "\n"


def _server(text: str) -> Server | None:
    address, _, zone = text.partition("%")
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return None
    return Server(f"{address}%{zone}" if zone else address)
