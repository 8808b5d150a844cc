"""Nobody gets a byte from a program who should not, and nobody gets one of ours who is not whom we mean."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection

import pytest
from tests.envoy import programs
from tests.envoy.asking import ask, ask_again
from tests.envoy.identities import (
    Anchor,
    Identity,
    bytes_for,
    everything_from,
    now_s,
    tls_client,
    tls_server,
)
from tests.envoy.proxies import Proxy, free_port, until
from tests.envoy.views import allow, destination, inbound, settings, upstream, view

from tulle.graph.mesh import InboundPort, Permission, Protocol
from tulle.xds.build import Builder, build_snapshot

REQUEST = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
DRAIN_S = 2

ANCHOR = Anchor()
SAME_NAME = Anchor()
ELSEWHERE = Anchor("other.example")

STRANGERS: dict[str, Identity | None] = {
    "without a certificate": None,
    "with an expired certificate": ANCHOR.expired("client"),
    "with a certificate of another trust domain": ELSEWHERE.identity("client"),
    "with a certificate of another root under our name": SAME_NAME.identity("client"),
}


@dataclass(frozen=True)
class Doors:
    """A server's proxy: by the name of a door, the port behind it; and what is said to get an answer."""

    proxy: Proxy
    mtls_port: int
    behind: dict[str, int]

    def get(self, door: str, identity: Identity | None) -> bytes:
        """Everything that door ever says to that identity."""
        name = f"{self.behind[door]}.port.tulle"
        say = REQUEST if door.startswith("http") else b""
        # A program that has said its banner waits for us: there the silence ends the test.
        return bytes_for(self.mtls_port, name, identity, say, timeout_s=5.0 if say else 0.5)


@pytest.fixture(scope="module")
def doors() -> Iterator[Doors]:
    """Behind each door a program; those called `open` admit all of the mesh, the others `client` alone."""
    with ExitStack() as stack:
        web = programs.http_program
        behind = {
            "http": stack.enter_context(web("http")),
            "http open": stack.enter_context(web("open")),
            "http parsed": stack.enter_context(web("parsed")),
            "http for nobody": stack.enter_context(web("nobody")),
            "http that speaks first": stack.enter_context(programs.tcp_program(programs.BANNER)),
            "tcp": stack.enter_context(programs.tcp_program(programs.BANNER)),
            "tcp open": stack.enter_context(programs.tcp_program(programs.BANNER)),
            "tcp for nobody": stack.enter_context(programs.tcp_program(programs.BANNER)),
        }
        ports = [_port(door, port) for door, port in behind.items()]
        mtls = free_port()
        proxy = stack.enter_context(Proxy("server", ANCHOR.identity("server").secret()))
        made = view("server", settings(ANCHOR), mtls_port=mtls, ports=ports)
        proxy.settle(build_snapshot(made))
        yield Doors(proxy, mtls, behind)


def _port(door: str, port: int) -> InboundPort:
    kind, _, who = door.partition(" ")
    permission = {"open": Permission(), "for nobody": allow()}.get(who, allow("client"))
    protocol = Protocol.HTTP if kind == "http" else Protocol.TCP
    return inbound(port, protocol, permission, parse_http=who == "parsed")


ALL = ["http", "http open", "http parsed", "http for nobody", "tcp", "tcp open", "tcp for nobody"]


@pytest.mark.parametrize("door", ["http", "http open", "http parsed", "tcp", "tcp open"])
def test_who_may_gets_an_answer(doors: Doors, door: str) -> None:
    assert doors.get(door, ANCHOR.identity("client"))


@pytest.mark.parametrize("door", ALL)
@pytest.mark.parametrize("stranger", STRANGERS)
def test_no_byte_for_a_peer(doors: Doors, stranger: str, door: str) -> None:
    assert doors.get(door, STRANGERS[stranger]) == b""


@pytest.mark.parametrize("door", ["http", "http parsed", "tcp"])
def test_no_byte_for_a_peer_no_policy_allows(doors: Doors, door: str) -> None:
    before = doors.proxy.stats().report.denied

    assert doors.get(door, ANCHOR.identity("somebody-else")) == b""

    until(lambda: doors.proxy.stats().report.denied > before, "the denial is counted")


@pytest.mark.parametrize("say", [b"", REQUEST])
def test_no_byte_of_a_program_that_speaks_first_where_a_port_is_wrongly_called_http(
    doors: Doors, say: bytes
) -> None:
    name = f"{doors.behind['http that speaks first']}.port.tulle"

    def heard(who: str) -> bytes:
        return bytes_for(doors.mtls_port, name, ANCHOR.identity(who), say, timeout_s=0.5)

    assert heard("somebody-else") == b""
    assert heard("client").startswith(programs.BANNER) is bool(say)


@pytest.mark.parametrize("door", ["http for nobody", "tcp for nobody"])
def test_no_byte_for_anybody_where_a_policy_allows_nobody(doors: Doors, door: str) -> None:
    assert doors.get(door, ANCHOR.identity("client")) == b""
    assert doors.get(door, ANCHOR.identity("server")) == b""


@pytest.mark.parametrize("door", ["http", "tcp", "tcp open"])
def test_no_byte_for_a_resumed_session_whose_certificate_has_expired(
    doors: Doors, door: str
) -> None:
    identity = ANCHOR.identity("client", lifetime_s=2)
    expires = now_s() + 2
    context = tls_client(identity)
    name = f"{doors.behind[door]}.port.tulle"
    session = _session(context, doors.mtls_port, name, door)
    until(lambda: now_s() > expires, "the certificate has expired")

    received = b""
    with (
        suppress(ssl.SSLError, ConnectionError),
        socket.create_connection(("127.0.0.1", doors.mtls_port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=name, session=session) as link,
    ):
        link.sendall(REQUEST)
        received = everything_from(link)

    assert received == b""
    assert session is None or not session.has_ticket


def test_a_client_of_these_tests_would_resume_where_a_server_let_it() -> None:
    with _tls_program(tls_server(ANCHOR.identity("server"))) as (port, _):
        session = _session(tls_client(None), port, "any", "http")

    assert session is not None
    assert session.has_ticket


@pytest.mark.parametrize("sni", ["1.port.tulle", "example.com"])
def test_no_byte_for_a_name_no_port_has(doors: Doors, sni: str) -> None:
    assert bytes_for(doors.mtls_port, sni, ANCHOR.identity("client"), REQUEST) == b""


def test_no_byte_for_older_tls(doors: Doors) -> None:
    context = tls_client(ANCHOR.identity("client"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    name = f"{doors.behind['tcp open']}.port.tulle"

    with (
        socket.create_connection(("127.0.0.1", doors.mtls_port), timeout=5) as plain,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        context.wrap_socket(plain, server_hostname=name)


def test_no_byte_for_plaintext_at_the_door_of_the_mesh(doors: Doors) -> None:
    with socket.create_connection(("127.0.0.1", doors.mtls_port), timeout=5) as link:
        link.sendall(REQUEST)
        received = everything_from(link)

    assert received == b""


SERVERS: dict[str, Identity | None] = {
    "another account's": ANCHOR.identity("impostor"),
    "an expired": ANCHOR.expired("server"),
    "another trust domain's": ELSEWHERE.identity("server"),
    "another root's": SAME_NAME.identity("server"),
    "no": None,
}


@pytest.mark.parametrize("protocol", [Protocol.HTTP, Protocol.HTTP2, Protocol.TCP])
@pytest.mark.parametrize("whose", SERVERS)
def test_nothing_is_sent_to_a_server_that_holds(whose: str, protocol: Protocol) -> None:
    identity = SERVERS[whose]
    context = tls_server(identity) if identity is not None else None
    with _tls_program(context) as (port, heard), _caller(protocol, port) as local:
        with socket.create_connection(("127.0.0.1", local), timeout=10) as link:
            link.sendall(REQUEST)
            answer = everything_from(link)

        assert b"200 OK" not in answer
        assert not [said for said in heard if b"GET /" in said or b"PRI" in said]
        assert protocol is Protocol.TCP or b"503" in answer.split(b"\r\n")[0]


def test_the_right_server_is_sent_it() -> None:
    server = tls_server(ANCHOR.identity("server"), trusted="".join(ANCHOR.bundle))
    with _tls_program(server) as (port, heard), _caller(Protocol.HTTP, port) as local:
        assert ask(local, "/hello").status == 200

        assert any(b"GET /hello" in said for said in heard)


class Edited:
    """A server whose permissions change under its callers."""

    def __init__(self, proxy: Proxy, port: int, protocol: Protocol) -> None:
        self.proxy, self.behind, self.protocol = proxy, port, protocol
        self.mtls_port = free_port()
        self._builder = Builder()

    def permit(self, permission: Permission) -> None:
        port = inbound(self.behind, self.protocol, permission)
        made = view("server", settings(ANCHOR), mtls_port=self.mtls_port, ports=[port])
        self.proxy.settle(self._builder.build(made))

    @contextmanager
    def connected(self, name: str) -> Iterator[HTTPSConnection]:
        """A caller's own connection."""
        context = tls_client(ANCHOR.identity(name))
        connection = HTTPSConnection("127.0.0.1", self.mtls_port, timeout=10, context=context)
        plain = socket.create_connection(("127.0.0.1", self.mtls_port), timeout=10)
        connection.sock = context.wrap_socket(plain, server_hostname=f"{self.behind}.port.tulle")
        with closing(connection):
            yield connection

    def is_served(self, name: str) -> bool:
        identity = ANCHOR.identity(name)
        sni = f"{self.behind}.port.tulle"
        return bytes_for(self.mtls_port, sni, identity, REQUEST) != b""


@pytest.fixture
def http_server() -> Iterator[Edited]:
    identity = ANCHOR.identity("server")
    with (
        programs.http_program("edited") as port,
        Proxy("server", identity.secret(), drain_s=DRAIN_S) as proxy,
    ):
        yield Edited(proxy, port, Protocol.HTTP)


@pytest.fixture
def tcp_server() -> Iterator[Edited]:
    identity = ANCHOR.identity("server")
    # To the proxy it is any bytes: the program happens to speak HTTP, so that tests can ask it.
    with (
        programs.http_program("edited") as port,
        Proxy("server", identity.secret(), drain_s=DRAIN_S) as proxy,
    ):
        yield Edited(proxy, port, Protocol.TCP)


@pytest.fixture(params=["http_server", "tcp_server"])
def edited(request: pytest.FixtureRequest) -> Edited:
    made = request.getfixturevalue(request.param)
    assert isinstance(made, Edited)
    return made


def test_a_widened_policy_lets_others_in_and_leaves_connections_alone(edited: Edited) -> None:
    edited.permit(allow("first"))
    assert not edited.is_served("second")
    with edited.connected("first") as connection:
        assert ask_again(connection).status == 200

        edited.permit(allow("first", "second"))

        until(lambda: edited.is_served("second"), "the second is let in")
        assert ask_again(connection).status == 200
    # One for when it was made, and none since: the listener was not touched.
    assert edited.proxy.counter("listener_manager.listener_create_success") == 1


def test_a_narrowed_policy_shuts_others_out_and_ends_connections_within_the_bound(
    edited: Edited,
) -> None:
    edited.permit(allow("first", "second"))
    with edited.connected("second") as connection:
        assert ask_again(connection).status == 200

        edited.permit(allow("first", epoch=1))

        assert not edited.is_served("second")
        assert edited.is_served("first")
        until(lambda: _is_closed(connection), "the old connection ends", DRAIN_S + 5)


def _is_closed(connection: HTTPConnection) -> bool:
    assert connection.sock is not None
    connection.sock.settimeout(0.05)
    try:
        return connection.sock.recv(1) == b""
    except TimeoutError:
        return False
    except (ssl.SSLError, ConnectionError):
        return True


@contextmanager
def _caller(protocol: Protocol, port: int) -> Iterator[int]:
    """A client's proxy that takes the port for the mTLS port of account `server`; gives its local port."""
    to = destination("server", protocol, 80, [("127.0.0.1", port)])
    local = free_port()
    made = view("client", settings(ANCHOR), outbound=[upstream(to, local)], destinations=[to])
    with Proxy("client", ANCHOR.identity("client").secret()) as proxy:
        proxy.settle(build_snapshot(made))
        yield local


@contextmanager
def _tls_program(context: ssl.SSLContext | None) -> Iterator[tuple[int, list[bytes]]]:
    """Answers 200 to whatever is said inside its TLS, and keeps it. Without a context it speaks plaintext."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    plain, _ = listener.accept()
                except OSError:
                    return
                with plain:
                    plain.settimeout(5)
                    _answer(plain, context, heard)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1], heard
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def _answer(plain: socket.socket, context: ssl.SSLContext | None, heard: list[bytes]) -> None:
    try:
        link = context.wrap_socket(plain, server_side=True) if context else plain
        with link:
            heard.append(link.recv(65536))
            link.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            link.recv(1)
    except OSError:
        pass


def _session(context: ssl.SSLContext, port: int, sni: str, door: str) -> ssl.SSLSession | None:
    """What a client could resume after one good exchange."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=sni) as link,
    ):
        if door.startswith("http"):
            link.sendall(REQUEST)
        assert link.recv(65536)
        return link.session
