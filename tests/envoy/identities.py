"""Authorities and certificates for tests, good ones and bad ones."""

import socket
import ssl
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tulle.model.names import AccountRef, spiffe_id
from tulle.pki.authorities import Authority, new_intermediate, new_root
from tulle.pki.issuing import Issued, issue
from tulle.xds.secrets import identity_secret
from tulle.xds.snapshots import XdsResource


def now_s() -> float:
    """Unix seconds, as certificates count them."""
    return datetime.now(UTC).timestamp()


@dataclass(frozen=True)
class Identity:
    """A key with its chain, PEM."""

    key: bytes = field(repr=False)
    chain: bytes

    def secret(self) -> XdsResource:
        return identity_secret(self.key, self.chain)


class Anchor:
    """A trust domain with its root and an intermediate, old enough for certificates of the past."""

    def __init__(self, trust_domain: str = "mesh.local") -> None:
        long_ago = now_s() - 86400
        self.trust_domain = trust_domain
        self._root = new_root(trust_domain, long_ago)
        self._intermediate: Authority = new_intermediate(self._root, long_ago)

    @cached_property
    def bundle(self) -> tuple[str, ...]:
        return (self._root.certificate_pem,)

    def identity(
        self,
        name: str,
        namespace: str = "shop",
        *,
        now: float | None = None,
        lifetime_s: float = 3600,
    ) -> Identity:
        """A certificate for the account of that name."""
        key = ec.generate_private_key(ec.SECP256R1())
        issued = issue(
            self._intermediate,
            key.public_key(),
            spiffe_id(self.trust_domain, AccountRef(namespace, name)),
            f"{name}.{namespace}.workload.tulle",
            now_s() if now is None else now,
            lifetime_s,
        )
        assert isinstance(issued, Issued), issued
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return Identity(pem, "".join(issued.chain).encode())

    def expired(self, name: str) -> Identity:
        """A certificate that was good until half an hour ago."""
        return self.identity(name, now=now_s() - 3600, lifetime_s=1800)


def tls_client(identity: Identity | None) -> ssl.SSLContext:
    """A client that verifies nothing itself: what it gets is up to the server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if identity is not None:
        _load(context, identity)
    return context


def tls_server(identity: Identity, *, trusted: str = "") -> ssl.SSLContext:
    """A server that shows this identity; with `trusted` roots it asks for its peer's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _load(context, identity)
    if trusted:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=trusted)
    return context


def _load(context: ssl.SSLContext, identity: Identity) -> None:
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:  # ssl takes keys by file only
        Path(file.name).write_bytes(identity.key + identity.chain)
        context.load_cert_chain(file.name)


def everything_from(link: socket.socket) -> bytes:
    """All that is said until the end, or until nothing has been for the socket's timeout."""
    received = b""
    with suppress(ssl.SSLError, ConnectionError, TimeoutError):
        while chunk := link.recv(65536):
            received += chunk
    return received


def bytes_for(
    port: int, sni: str, identity: Identity | None, say: bytes, *, timeout_s: float = 5.0
) -> bytes:
    """All a peer with that identity ever gets from a program behind a proxy; b"" if the door stays shut."""
    context = tls_client(identity)
    with (
        suppress(ssl.SSLError, ConnectionError),
        socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as plain,
        context.wrap_socket(plain, server_hostname=sni) as secured,
    ):
        secured.sendall(say)
        return everything_from(secured)
    return b""
