"""Services outside the mesh: found by name or address, and with TLS only if they are who they should be."""

import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.envoy import programs
from tests.envoy.asking import ask
from tests.envoy.identities import Anchor, everything_from
from tests.envoy.proxies import Proxy, free_port
from tests.envoy.views import destination, settings, upstream, view

from tulle.graph.mesh import Destination, ExternalTarget, Protocol
from tulle.xds.build import build_snapshot


class PublicRoot:
    """An authority of the outside world; its server is called `localhost` and 127.0.0.1."""

    def __init__(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        root = _sign("root", key, key, "root", x509.BasicConstraints(ca=True, path_length=None))
        leaf_key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName(
            [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        )
        leaf = _sign("server", leaf_key, key, "root", names)
        self.pem = root.public_bytes(serialization.Encoding.PEM).decode()
        private = leaf_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        self._server = private + leaf.public_bytes(serialization.Encoding.PEM)

    def context(self) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile() as file:
            Path(file.name).write_bytes(self._server)
            made.load_cert_chain(file.name)
        return made


def _sign(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    by: ec.EllipticCurvePrivateKey,
    issuer: str,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(extension, critical=True)
        .sign(by, hashes.SHA256())
    )


GIVEN, OF_THE_HOST, STRANGE = PublicRoot(), PublicRoot(), PublicRoot()


@contextmanager
def caller(to: Destination, system_roots: str = "") -> Iterator[int]:
    """A client's proxy with one upstream; gives its port."""
    anchor, local = Anchor(), free_port()
    made = view("client", settings(anchor), outbound=[upstream(to, local)], destinations=[to])
    with Proxy("client", anchor.identity("client").secret(), system_roots=system_roots) as proxy:
        proxy.settle(build_snapshot(made))
        yield local


def outside(
    external: ExternalTarget, protocol: Protocol = Protocol.HTTP, *addresses: str
) -> Destination:
    ends = [(address, external.port) for address in addresses]
    return destination("outside", protocol, external.port, ends, secure=False, external=external)


@contextmanager
def tls_program(root: PublicRoot) -> Iterator[int]:
    """Answers every request inside its TLS with 200; gives its port."""
    context = root.context()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    link, _ = listener.accept()
                except OSError:
                    return
                with (
                    link,
                    suppress(OSError),
                    context.wrap_socket(link, server_side=True) as secured,
                ):
                    secured.recv(65536)
                    secured.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")
                    secured.recv(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_a_name_is_resolved_and_requests_carry_it() -> None:
    with (
        programs.http_program("outside") as port,
        caller(outside(ExternalTarget("localhost", port))) as local,
    ):
        answer = ask(local, "/x")

    assert (answer.told["name"], answer.told["path"]) == ("outside", "/x")
    assert answer.seen["host"] == f"localhost:{port}"


def test_bytes_go_to_fixed_addresses() -> None:
    with programs.tcp_program(programs.BANNER) as port:
        to = outside(ExternalTarget("", port), Protocol.TCP, "127.0.0.1")
        with (
            caller(to) as local,
            socket.create_connection(("127.0.0.1", local), timeout=10) as link,
        ):
            assert link.recv(65536) == programs.BANNER


@pytest.mark.parametrize(
    ("root", "sni", "status"),
    [(GIVEN, "", 200), (GIVEN, "other.example", 503), (STRANGE, "", 503)],
    ids=["right", "wrong name", "wrong root"],
)
def test_tls_outside_is_verified_by_name_against_the_root_given(
    root: PublicRoot, sni: str, status: int
) -> None:
    with tls_program(root) as port:
        to = outside(ExternalTarget("localhost", port, tls=True, sni=sni, ca_pem=GIVEN.pem))
        with caller(to) as local:
            assert ask(local).status == status


@pytest.mark.parametrize(
    ("root", "status"), [(OF_THE_HOST, 200), (STRANGE, 503)], ids=["right", "wrong"]
)
def test_tls_outside_is_verified_against_the_hosts_roots(
    root: PublicRoot, status: int, tmp_path: Path
) -> None:
    roots = tmp_path / "roots.pem"
    roots.write_text(OF_THE_HOST.pem)
    with (
        tls_program(root) as port,
        caller(outside(ExternalTarget("localhost", port, tls=True)), str(roots)) as local,
    ):
        assert ask(local).status == status


def test_a_server_known_by_address_must_have_that_address_in_its_certificate() -> None:
    with tls_program(GIVEN) as port:
        target = ExternalTarget("127.0.0.1", port, tls=True, ca_pem=GIVEN.pem)
        with caller(outside(target)) as local:
            assert ask(local).status == 200


def test_bytes_over_tls_are_sent_to_nobody_else() -> None:
    with tls_program(STRANGE) as port:
        target = ExternalTarget("localhost", port, tls=True, ca_pem=GIVEN.pem)
        with (
            caller(outside(target, Protocol.TCP)) as local,
            socket.create_connection(("127.0.0.1", local), timeout=10) as link,
        ):
            link.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")

            assert everything_from(link) == b""
