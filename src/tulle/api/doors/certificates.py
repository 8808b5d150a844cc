"""What the TLS door shows: a certificate of the mesh's own authority, renewed while the door stays open."""

import asyncio
import ipaddress
import logging
import ssl
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from tulle.api.errors import SocketError
from tulle.model.problems import Problem
from tulle.model.wire import CONTROL_PLANE_NAME
from tulle.pki.issuing import Issued, issue_control_plane
from tulle.pki.renewals import renew_at
from tulle.pki.requests import check_request, new_request
from tulle.reconcile.authority import MeshAuthority

log = logging.getLogger(__name__)

LIFETIME_S = 24 * 3600.0
LOOK_EVERY_S = 600.0

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class DoorCertificate:
    """`hosts` are the addresses the door is reached at; `clock` gives Unix seconds. Raises SocketError."""

    def __init__(
        self,
        authority: MeshAuthority,
        hosts: Iterable[str],
        folder: Path,
        clock: Callable[[], float],
    ) -> None:
        self._authority = authority
        self._addresses = addresses_of(hosts)
        self._folder = folder
        self._clock = clock
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["http/1.1"])
        self._due_at = self._renew()

    def renew_if_due(self) -> None:
        """A new one if half of the life of this one is over: handshakes from now on see it."""
        if self._clock() >= self._due_at:
            self._due_at = self._renew()
            log.info("the API's certificate was renewed")

    async def run(self) -> None:
        """Keep it young. What fails is tried again long before it ends."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                self.renew_if_due()
            except (SocketError, OSError) as error:
                log.warning("the API's certificate cannot be renewed", extra={"error": str(error)})

    def _renew(self) -> float:
        now = self._clock()
        request = new_request(CONTROL_PLANE_NAME)
        key = check_request(request.csr_pem)
        assert not isinstance(key, Problem)
        issued = issue_control_plane(self._authority.current, key, self._addresses, now, LIFETIME_S)
        if isinstance(issued, Problem):
            raise SocketError(issued)
        self._load(request.private_key_pem, issued)
        return renew_at(now, issued.not_after, 0.5)

    def _load(self, key: bytes, issued: Issued) -> None:
        # OpenSSL takes it from a file only: one nobody else can read (0600), gone at once.
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".api-", suffix=".pem") as file:
            file.write(key + "".join(issued.chain).encode())
            file.flush()
            self.context.load_cert_chain(file.name)


def addresses_of(hosts: Iterable[str]) -> tuple[IpAddress, ...]:
    """The IP addresses among hosts; a door at all addresses of a machine is reached at loopback too."""
    found: dict[IpAddress, None] = {}
    for host in hosts:
        try:
            address = ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            continue
        named = ("127.0.0.1", "::1") if address.is_unspecified else (str(address),)
        found.update(dict.fromkeys(map(ipaddress.ip_address, named)))
    return tuple(found)
