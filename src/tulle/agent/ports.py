"""Which ports a workload's proxy listens on: found free, kept while the agent lives, the same after a restart.

Between choosing a port and Envoy's listening on it, seconds may pass. Until then, and while Envoy restarts, the
agent holds the port by a bound socket that never listens: the system gives it to nobody who asks for any port.
"""

import contextlib
import errno
import socket
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec

from tulle.agent.errors import AgentError
from tulle.agent.state import StateDir
from tulle.model.kinds.workload import (
    BoundCapture,
    BoundPort,
    BoundUpstream,
    HttpProxy,
    Upstream,
    WorkloadPort,
)

LOOPBACK = "127.0.0.1"
OUTBOUND_PORT, INBOUND_PORT, MTLS_PORT = 15001, 15006, 15009
_ANY = "0.0.0.0"  # noqa: S104 - only redirected connections get in
_FILE = "ports.json"
_Key = Annotated[
    str,
    msgspec.Meta(
        description="mtls, http-proxy, captured-outbound, captured-inbound, plaintext:9080, upstream:shop/reviews:80"
    ),
]


@dataclass(frozen=True, slots=True)
class _Held:
    """A port and the socket that keeps others off it."""

    number: int
    keeper: socket.socket

    def close(self) -> None:
        self.keeper.close()


class PortBook:
    """The ports of one workload. Used as a context manager: at its end others may have them.

    `adopted`: an Envoy that an earlier agent started listens on those of last time, and keeps them itself.
    """

    def __init__(
        self, state: StateDir, address: str, avoid: Iterable[int] = (), *, adopted: bool = False
    ) -> None:
        self._state = state
        self.address = address
        self._avoid = frozenset(avoid)
        self._adopted = adopted
        self._held = contextlib.ExitStack()
        self._last = _remembered(state)
        self._now: dict[_Key, int] = {}

    def __enter__(self) -> "PortBook":
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def mtls(self, *, own_network: bool = False) -> int:
        """Where peers of the mesh connect."""
        if own_network:
            return self._exact(MTLS_PORT, "--capture netns", self.address)
        return self._stable("mtls", self.address)

    def plaintext(
        self, ports: Sequence[WorkloadPort], capture: BoundCapture | None = None
    ) -> tuple[BoundPort, ...]:
        """One for each port of the program: a policy may allow plaintext later, without a restart.

        Captured, plaintext arrives at one port for all.
        """
        if capture:
            inbound = capture.inbound_port
            return tuple(BoundPort(port=port.port, proxy_port=inbound) for port in ports)
        return tuple(
            BoundPort(
                port=port.port, proxy_port=self._stable(f"plaintext:{port.port}", self.address)
            )
            for port in ports
        )

    def upstreams(
        self, upstreams: Sequence[Upstream], own_namespace: str
    ) -> tuple[BoundUpstream, ...]:
        """Loopback ports for the services it calls: the ones asked for, or any free one."""
        return tuple(self._bind(upstream, own_namespace) for upstream in upstreams)

    def http_proxy(self, wanted: HttpProxy | None) -> int | None:
        """The loopback port that reaches upstreams by name; None, and none is taken, unless asked for."""
        if wanted is None:
            return None
        if wanted.port is None:
            return self._stable("http-proxy", LOOPBACK)
        return self._exact(wanted.port, f"--http-proxy={wanted.port}")

    def captured(self, *, own_network: bool) -> tuple[int, int, bool]:
        """Where captured connections arrive, those of the program and those to it, and whether by IPv6 too.

        A network of its own has the ports mesh users know; a shared one any that are free.
        """
        loopback, anywhere = ((LOOPBACK, "::1"), (_ANY, "::"))
        ipv6 = _has_ipv6()
        families = 2 if ipv6 else 1
        if own_network:
            for port, places in ((OUTBOUND_PORT, loopback), (INBOUND_PORT, anywhere)):
                for place in places[:families]:
                    self._exact(port, "--capture netns", place)
            return OUTBOUND_PORT, INBOUND_PORT, ipv6
        return (
            self._everywhere("captured-outbound", loopback[:families]),
            self._everywhere("captured-inbound", anywhere[:families]),
            ipv6,
        )

    def last(self, key: _Key) -> int:
        """The port an earlier run had for this; 0 if there was none."""
        return self._last.get(key, 0)

    def note(self, key: _Key, port: int) -> None:
        """Remember a port somebody else holds."""
        self._now[key] = port

    def save(self) -> None:
        """Remember them for the next start."""
        self._state.write(_FILE, msgspec.json.encode(self._now))

    def _bind(self, upstream: Upstream, own_namespace: str) -> BoundUpstream:
        namespace = upstream.namespace or own_namespace
        name = f"{namespace}/{upstream.service}:{upstream.port}"
        if upstream.local_port:
            local = self._exact(upstream.local_port, _asker(upstream))
        else:
            local = self._stable(f"upstream:{name}", LOOPBACK)
        return BoundUpstream(
            service=upstream.service, namespace=namespace, port=upstream.port, local_port=local
        )

    def _exact(self, port: int, who: str, address: str = LOOPBACK) -> int:
        held = _hold(address, port)
        if held:
            self._held.callback(held.close)
        elif not self._adopted:
            raise port_taken(port, who)
        return port

    def _stable(self, key: _Key, address: str) -> int:
        last = self._last.get(key)
        held = _hold(address, last) if last else None
        if last and held is None and self._adopted:
            self._now[key] = last
            return last
        held = held or self._any(address)
        self._held.callback(held.close)
        self._now[key] = held.number
        return held.number

    def _everywhere(self, key: _Key, addresses: Sequence[str]) -> int:
        """A port that is free at all of them: rules send connections of either family to one number."""
        first, *others = addresses
        while True:
            number = self._stable(key, first)
            held = [_hold(address, number) for address in others]
            for one in filter(None, held):
                self._held.callback(one.close)
            if self._adopted or all(held):
                return number
            self._last.pop(key, None)  # what is held already is not offered again

    def _any(self, address: str) -> _Held:
        while (held := _hold(address, 0)) is None or held.number in self._avoid:
            if held:
                self._held.callback(held.close)  # kept, so that it is not offered again
        return held


def check_program_ports(ports: Sequence[WorkloadPort]) -> None:
    """The program will listen on these itself: say now who is in its way, not after it crashed."""
    for port in ports:
        if not _is_free(LOOPBACK, port.port):
            name = f"{port.name}=" if port.name else ""
            raise port_taken(port.port, f"--port {name}{port.port} for the program")


def check_upstream_ports(upstreams: Sequence[Upstream]) -> None:
    """The loopback ports somebody chose must be free."""
    for upstream in upstreams:
        if upstream.local_port and not _is_free(LOOPBACK, upstream.local_port):
            raise port_taken(upstream.local_port, _asker(upstream))


def check_http_proxy_port(proxy: HttpProxy | None) -> None:
    """So must the one for requests by name."""
    if proxy and proxy.port and not _is_free(LOOPBACK, proxy.port):
        raise port_taken(proxy.port, f"--http-proxy={proxy.port}")


def _asker(upstream: Upstream) -> str:
    return f"--upstream {upstream.service}:{upstream.port}={upstream.local_port}"


def check_address(address: str) -> None:
    """An address somebody chose must be this machine's; "" leaves the choice to us."""
    if address:
        with _tcp_socket(address) as probe:
            _bind(probe, address, 0)


def port_taken(number: int, who: str) -> AgentError:
    """Another process listens there."""
    look = f"ss -ltnp 'sport = :{number}'" if sys.platform == "linux" else f"lsof -nP -i :{number}"
    return AgentError(
        "port-taken",
        f"port {number}, asked for by {who}, is in use",
        f"choose another port, or see who holds it: {look}",
    )


def address_towards(host: str) -> str:
    """This machine's address on the way to `host`: where peers that reach the control plane reach us."""
    try:
        family, kind, proto, _, target = socket.getaddrinfo(host, 9, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, proto) as probe:
            probe.connect(target)  # UDP: nothing is sent
            return str(probe.getsockname()[0])
    except OSError as error:
        raise AgentError(
            "address-unknown",
            f"cannot tell which address peers reach this machine by: {host}: {error.strerror}",
            "name it with --address",
        ) from error


def _remembered(state: StateDir) -> dict[_Key, int]:
    try:
        return msgspec.json.decode(state.read(_FILE) or b"{}", type=dict[_Key, int])
    except msgspec.MsgspecError:
        return {}  # only a preference: any free port will do


def _hold(address: str, port: int) -> _Held | None:
    """A port nobody listens on, kept; None if somebody does. Port 0 stands for any."""
    with contextlib.ExitStack() as undo:
        keeper = undo.enter_context(_tcp_socket(address))
        number = _bind(keeper, address, port)
        if number is None:
            return None
        # Linux lets Envoy, which sets the same, bind beside a socket that does not listen; others may not.
        if sys.platform == "linux":
            undo.pop_all()
        return _Held(number, keeper)


def _is_free(address: str, port: int) -> bool:
    with _tcp_socket(address) as probe:
        return _bind(probe, address, port) is not None


def _bind(probe: socket.socket, address: str, port: int) -> int | None:
    """The port bound, None if somebody listens there. Connections that linger from before are no obstacle."""
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((address, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return None
        raise _cannot_listen(error, address, port) from error
    return int(probe.getsockname()[1])


def _cannot_listen(error: OSError, address: str, port: int) -> AgentError:
    """A port that is taken is an everyday matter; every other reason is the user's to mend."""
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return AgentError(
            "address-not-local",
            f"--address {address} is no address of this machine",
            "name one that is (`ip address` lists them), or leave the flag out",
        )
    return AgentError(
        "port-forbidden",
        f"cannot listen on {address}:{port}: {error.strerror}",
        "choose another port (those below 1024 need privileges)",
    )


def _has_ipv6() -> bool:
    """Whether this network has IPv6, if only on loopback."""
    try:
        with _tcp_socket("::1") as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _tcp_socket(address: str) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    if made.family is socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # as Envoy binds it
    return made
