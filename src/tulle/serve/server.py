"""The door itself: two ports, the services behind them, and the certificate the control plane shows.

Join: TLS where only the server shows a certificate; a token opens it. xDS: mutual TLS; ADS, renewal, sessions.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import grpc

from tulle.model.problems import Problem
from tulle.model.wire import (
    CONTROL_PLANE_NAME,
    METHOD_DELTA_ADS,
    METHOD_JOIN,
    METHOD_RENEW,
    METHOD_SESSION,
    PING_EVERY_S,
    PONG_WITHIN_S,
)
from tulle.ops.listening import cannot_listen, port_taken
from tulle.pki.issuing import issue_control_plane
from tulle.pki.renewals import renew_at
from tulle.pki.requests import check_request, new_request
from tulle.reconcile.authority import MeshAuthority
from tulle.serve.ads import Ads
from tulle.serve.certificates import Certificates
from tulle.serve.errors import DoorError
from tulle.serve.sessions import Sessions
from tulle.settings import Address

log = logging.getLogger(__name__)

CERTIFICATE_LIFETIME_S = 24 * 3600.0
LOOK_EVERY_S = 600.0
STOP_S = 2.0
"""How long streams may say goodbye when the server stops."""

_OPTIONS = (
    # Two servers on one port would each get some of the agents.
    ("grpc.so_reuseport", 0),
    # Agents ping to notice a control plane that vanished, and it pings to notice agents that have.
    ("grpc.keepalive_time_ms", round(PING_EVERY_S * 1000)),
    ("grpc.keepalive_timeout_ms", round(PONG_WITHIN_S * 1000)),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", round(PING_EVERY_S * 500)),
    ("grpc.http2.max_ping_strikes", 0),
    # Buffers of 4 KB instead of 16: what is sent is seldom larger, and 1,000 agents have a connection each.
    ("grpc.tsi.max_frame_size", 4096),
    # A handshake that nobody finishes must not hold a connection for two minutes.
    ("grpc.server_handshake_timeout_ms", 20_000),
)

_LARGEST_JOIN = 128 * 1024
"""Bytes. Anybody may knock there: a token and a signing request are far smaller."""

_LARGEST_XDS = 16 * 1024 * 1024
"""Bytes. A proxy that comes back names every resource it holds."""


@dataclass(frozen=True, slots=True)
class Services:
    """What is behind the door."""

    ads: Ads
    certificates: Certificates
    sessions: Sessions


class GrpcDoor:
    """`clock` counts Unix seconds. `start`, then `run` until cancelled, then `stop`."""

    def __init__(
        self,
        join: Address,
        xds: Address,
        services: Services,
        authority: MeshAuthority,
        clock: Callable[[], float],
    ) -> None:
        self.join, self.xds = join, xds
        self._services = services
        self._certificate = _OwnCertificate(authority, clock)
        self._servers: list[grpc.aio.Server] = []

    async def start(self) -> None:
        """Listen; `join` and `xds` have their real ports then. Raises DoorError."""
        services = self._services
        join = {METHOD_JOIN: grpc.unary_unary_rpc_method_handler(services.certificates.join)}
        inside = {
            METHOD_RENEW: grpc.unary_unary_rpc_method_handler(services.certificates.renew),
            METHOD_SESSION: grpc.stream_stream_rpc_method_handler(services.sessions.session),
            METHOD_DELTA_ADS: grpc.stream_stream_rpc_method_handler(services.ads.stream),
        }
        self.join = await self._listen("--join-address", self.join, join, mutual=False)
        self.xds = await self._listen("--xds-address", self.xds, inside, mutual=True)

    async def run(self) -> None:
        """Keep the control plane's own certificate young."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self._certificate.renew_if_due()

    async def stop(self) -> None:
        """End all streams and let go of everything."""
        self._services.ads.close()
        self._services.sessions.close()
        for server in self._servers:
            await server.stop(STOP_S)
        self._servers.clear()

    async def _listen(
        self,
        flag: str,
        address: Address,
        methods: Mapping[str, grpc.RpcMethodHandler],
        *,
        mutual: bool,
    ) -> Address:
        largest = _LARGEST_XDS if mutual else _LARGEST_JOIN
        options = (*_OPTIONS, ("grpc.max_receive_message_length", largest))
        server = grpc.aio.server(options=options)
        server.add_generic_rpc_handlers((_Table(methods),))
        try:
            port = server.add_secure_port(
                str(address), self._certificate.credentials(mutual=mutual)
            )
        except RuntimeError as error:
            raise DoorError(_why_not(flag, address)) from error
        await server.start()
        self._servers.append(server)
        return replace(address, port=port)


class _Table(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    """Methods by their full names."""

    def __init__(self, methods: Mapping[str, grpc.RpcMethodHandler]) -> None:
        self._methods = methods

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler | None:
        """The handler of a method, or None: unimplemented."""
        return self._methods.get(handler_call_details.method)


class _OwnCertificate:
    """The control plane's own: made at start, renewed at half its life, its key never on disk."""

    def __init__(self, authority: MeshAuthority, clock: Callable[[], float]) -> None:
        self._authority = authority
        self._clock = clock
        self._pair, self._due_at = self._make()
        self._made: dict[bool, grpc.ServerCertificateConfiguration] = {}

    def credentials(self, *, mutual: bool) -> grpc.ServerCredentials:
        """For a port; every handshake asks whether there is a new certificate, and uses the old if not."""
        shown = self._configuration(mutual)

        def news() -> grpc.ServerCertificateConfiguration | None:
            # Called by gRPC's own threads. Showing the same one twice costs a parse, and no more.
            nonlocal shown
            latest = self._configuration(mutual)
            if latest is shown:
                return None
            shown = latest
            return latest

        return grpc.dynamic_ssl_server_credentials(shown, news, mutual)

    def renew_if_due(self) -> None:
        """A new one, if half of the life of this one is over."""
        if self._clock() >= self._due_at:
            self._pair, self._due_at = self._make()
            self._made = {}
            log.info("the control plane's certificate was renewed")

    def _configuration(self, mutual: bool) -> grpc.ServerCertificateConfiguration:
        if mutual not in self._made:
            roots = self._authority.roots.pem.encode() if mutual else None
            self._made[mutual] = grpc.ssl_server_certificate_configuration([self._pair], roots)
        return self._made[mutual]

    def _make(self) -> tuple[tuple[bytes, bytes], float]:
        now = self._clock()
        request = new_request(CONTROL_PLANE_NAME)
        key = check_request(request.csr_pem)
        assert not isinstance(key, Problem)
        signer = self._authority.current
        issued = issue_control_plane(signer, key, (), now, CERTIFICATE_LIFETIME_S)
        if isinstance(issued, Problem):
            raise DoorError(issued)
        pair = (request.private_key_pem, "".join(issued.chain).encode())
        return pair, renew_at(now, issued.not_after, 0.5)


def _why_not(flag: str, address: Address) -> Problem:
    """What is in the way of listening there. gRPC does not tell; trying once more does."""
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(found[0]) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(found[4])
    except OSError as error:
        return cannot_listen(flag, address, error)
    return port_taken(flag, address)  # it was, a moment ago
