"""A third-party stack as it is, on hosts of its own: captured, encrypted and observed with nothing changed.

    desk: curl, psql, redis-cli, gRPC, WebSocket ──► front: nginx ──► app: gunicorn/httpbin ──► data: PostgreSQL, Redis

Every program has its usual configuration and calls ordinary names. What passes between hosts is read on the way.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.hosts import Host
from tests.mesh.capture.field import Field, Puppet, field_of
from tests.mesh.meshes import PROGRAMS, Process, wait_until
from tests.mesh.stack.wire import TLS_DATA, TLS_HANDSHAKE, Wire, tapped

pytestmark = pytest.mark.timeout(400)

HERE = Path(__file__).parent
BINARIES = Path(sys.executable).parent
CLIENTS = (sys.executable, str(HERE / "clients.py"))
SECRET = "not-for-the-wire"
"""Stands in everything the clients say."""
NEEDED = ("nginx", "psql", "redis-server", "redis-cli", "curl", "setpriv")

NGINX = """
daemon off;
pid nginx.pid;
error_log stderr;
events {{}}
http {{
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  server {{
    listen 127.0.0.1:8080;
    location / {{ proxy_pass http://bin.test; proxy_http_version 1.1; }}
    location /chat {{
      proxy_pass http://chat.test; proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
    }}
  }}
}}
"""


def postgres_folder() -> Path | None:
    """Debian's, of whatever version."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return found[-1] if found else None


@dataclass
class Stack:
    """What runs, and a place to call it from."""

    field: Field
    desk: Puppet
    wire: Wire

    def edges(self) -> dict[str, dict[str, Any]]:
        """`tulle stat`, by caller and callee, workloads by their account."""
        shown = json.loads(self.field.cli("stat", "-o", "json").stdout)["edges"]
        return {
            f"{edge['from'].removeprefix('test/').rpartition('-')[0]} -> {edge['to']}": edge
            for edge in shown
        }


def start_postgres(field: Field, host: Host, folder: Path, binaries: Path) -> None:
    """A cluster made the usual way, run by the usual user."""
    shutil.chown(folder, "postgres", "postgres")
    as_postgres = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups")
    data = str(folder / "data")
    made = (*as_postgres, str(binaries / "initdb"), "-D", data, "-A", "trust")
    subprocess.run(made, check=True, capture_output=True, cwd="/")
    server = (*as_postgres, str(binaries / "postgres"), "-D", data, "-k", str(folder))
    run(field, host, "postgres", "sql=5432/tcp", *server)


def run(field: Field, host: Host, name: str, port: str, *command: str) -> Process:
    """Captured, beside a proxy, with no other flag than where it listens."""
    return field.join(host, name, "--capture", "cgroup", "--port", port, command=command)


SERVICES = {
    "front": "http:80:8080",
    "bin": "http:80:8000",
    "chat": "http:80:9000",
    "postgres": "sql:5432:5432:tcp",
    "redis": "redis:6379:6379:tcp",
    "echo": "grpc:50051:50051",
    "mail": "smtp:25:2525:tcp",
}


def start(field: Field, folder: Path, binaries: Path) -> None:
    net = field.net
    for name, ports in SERVICES.items():
        field.service(name, ports)
    start_postgres(field, net["data"], folder, binaries)
    redis = ("redis-server", "--port", "6379", "--save", "", "--dir", str(folder))
    run(field, net["data"], "redis", "redis=6379/tcp", *redis)
    gunicorn = (str(BINARIES / "gunicorn"), "-b", "127.0.0.1:8000", "--chdir", str(HERE))
    run(field, net["app"], "bin", "http=8000/http", *gunicorn, "--threads", "4", "visits:app")
    run(field, net["app"], "chat", "http=9000/http", *CLIENTS, "chat", "9000")
    run(field, net["app"], "echo", "grpc=50051/grpc", *PROGRAMS, "grpc", "50051", "echo")
    run(field, net["data"], "mail", "smtp=2525/tcp", *PROGRAMS, "banner", "2525", "mail")
    for name in ("postgres", "redis", "bin", "chat", "echo", "mail"):
        field.ready(name)
    (folder / "nginx.conf").write_text(NGINX.format())
    nginx = ("nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"))
    run(field, net["front"], "front", "http=8080/http", *nginx)
    field.ready("front")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    binaries = postgres_folder()
    missing = [tool for tool in NEEDED if not shutil.which(tool)]
    if missing or binaries is None:
        reason = f"needs {', '.join(missing) or 'PostgreSQL'}: `make system` installs them"
        assert "CI" not in os.environ, reason
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="tulle-stack-"))
    folder.chmod(0o755)
    try:
        with (
            field_of(tmp_path_factory.mktemp("stack"), "front", "app", "data", "desk") as field,
            tapped([field.net[name] for name in ("front", "app", "data")]) as wire,
        ):
            start(field, folder, binaries)
            desk = field.puppet(field.net["desk"], "desk", "--capture", "cgroup")
            yield Stack(field, desk, wire)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


PSQL = ("psql", "-h", "postgres.test", "-U", "postgres", "-AtqX", "-v", "ON_ERROR_STOP=1")


def test_nginx_to_gunicorn_to_postgresql_and_redis(stack: Stack) -> None:
    stack.desk.do(*PSQL, "-c", "create table if not exists visits (who text)")

    told = json.loads(stack.desk.curl(f"http://front.test/anything/{SECRET}?x={SECRET}"))
    assert told["args"] == {"x": SECRET}
    assert told["headers"]["Host"] == "bin.test"
    first = stack.desk.curl(f"http://front/visits?who={SECRET}")
    second = stack.desk.curl(f"http://front.test.svc.cluster.local/visits?who={SECRET}")
    assert (first, second) == (f"1 {SECRET}", f"2 {SECRET}")
    assert stack.desk.do(*PSQL, "-c", "select count(*) from visits") == "2"


def test_psql_and_redis_cli(stack: Stack) -> None:
    assert stack.desk.do(*PSQL, "-c", f"select '{SECRET}'") == SECRET
    redis = ("redis-cli", "-h", "redis.test")
    assert stack.desk.do(*redis, "set", "key", SECRET) == "OK"
    assert stack.desk.do(*redis, "get", "key") == SECRET
    lines = stack.desk.do(
        "pgbench", "-h", "postgres.test", "-U", "postgres", "-i", "-q", "postgres"
    )
    assert "error" not in lines.lower()


def test_a_grpc_client_with_streams(stack: Stack) -> None:
    said = stack.desk.do(*CLIENTS, "grpc", "echo.test:50051", SECRET, "more")
    assert said.splitlines() == ["unary echo", f"stream echo:{SECRET}", "stream echo:more"]


def test_a_websocket_client_directly_and_through_nginx(stack: Stack) -> None:
    for url in ("ws://chat.test/", "ws://front.test/chat"):
        said = stack.desk.do(*CLIENTS, "websocket", url, SECRET, "more")
        assert said.splitlines() == [f"heard {SECRET}", "heard more"]


def test_a_server_that_speaks_first_is_heard_without_a_word(stack: Stack) -> None:
    """A proxy that waits for the client's first byte, or for its own timeout of 15 s, fails this."""
    listen = (
        "import socket; s = socket.create_connection(('mail.test', 25), timeout=8);"
        "print(s.recv(100).decode())"
    )
    assert stack.desk.do(sys.executable, "-c", listen) == "mail ready"


def test_nothing_of_it_passes_in_the_clear(stack: Stack) -> None:
    desk, data = stack.field.net["desk"], stack.field.net["data"]
    stack.desk.do("redis-cli", "-h", "redis.test", "set", "key", SECRET)
    send = "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'in-the-clear', {!r})"
    desk.run(sys.executable, "-c", send.format((data.ipv4, 9)))
    wait_until(lambda: stack.wire.shows(b"in-the-clear"), "the tap sees what is not encrypted")

    assert not stack.wire.shows(SECRET.encode())
    assert not stack.wire.shows(b"mail ready")
    assert not stack.wire.shows(b"GET /")
    assert stack.wire.count(TLS_HANDSHAKE) > 10
    assert stack.wire.count(TLS_DATA) > 100


def test_every_edge_of_it_is_observed_and_mutual_tls(stack: Stack) -> None:
    stack.desk.curl(f"http://front.test/visits?who={SECRET}")
    wanted = {
        "desk -> test/front:80",
        "front -> test/bin:80",
        "bin -> test/postgres:5432",
        "bin -> test/redis:6379",
        "desk -> test/postgres:5432",
        "desk -> test/redis:6379",
    }

    def seen() -> dict[str, dict[str, Any]]:
        edges = stack.edges()
        busy = {key for key, edge in edges.items() if edge["connections"] and edge["mtls"]}
        return edges if wanted <= busy else {}

    edges = wait_until(seen, "all edges are seen with mutual TLS")
    assert edges["desk -> test/front:80"]["protocol"] == "http"
    assert edges["front -> test/bin:80"]["requests"] > 0
    assert edges["bin -> test/postgres:5432"]["protocol"] == "tcp"
    assert not any(edges[key]["failures"] for key in wanted)
