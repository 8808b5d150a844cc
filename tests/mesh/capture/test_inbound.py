"""Who reaches a captured program, and how: by mutual TLS, by leave of a policy, by exclusion, by a probe's path."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.mesh.capture.field import TELL, Field, Puppet, field_of

pytestmark = pytest.mark.timeout(180)  # real meshes on a busy machine

HELLO = "say=GET /healthz HTTP/1.0\r\n\r\n"
PERMISSIVE = """
apiVersion: tulle.dev/v1
kind: TlsPolicy
metadata: {name: open, namespace: test}
spec:
  mode: PERMISSIVE
  targetRefs: [{kind: Service, name: db, sectionName: http}]
"""


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    with field_of(tmp_path_factory.mktemp("f"), "one", "two") as made:
        made.service("db", "http:80:8000", "tcp:5432:5432")
        yield made


@pytest.fixture(scope="module")
def db(field: Field) -> Puppet:
    return field.puppet(
        field.net["two"],
        "db",
        *("--capture", "cgroup", "-p", "http=8000/http", "-p", "sql=5432/tcp"),
        *("--exclude-inbound-port", "9100", "--exclude-inbound-cidr", field.net["control"].ipv4),
        *("--probe-port", "15021=8000/healthz"),
        serves=("http:8000", "banner:5432", "http:9100", "http:9999", "http:8001@::"),
    )


@pytest.mark.parametrize("port", ["8000", "5432", "9999"])
def test_from_elsewhere_no_port_of_the_program_answers(field: Field, db: Puppet, port: str) -> None:
    for address in (field.net["two"].ipv4, field.net["two"].ipv6):
        said = field.net["one"].run(*TELL, HELLO, address, port).stdout.strip()

        assert said in {"closed", "ECONNRESET", "ECONNREFUSED"}


def test_from_elsewhere_by_ipv6_no_port_answers_either(field: Field, db: Puppet) -> None:
    said = field.net["one"].run(*TELL, HELLO, field.net["two"].ipv6, "8001").stdout.strip()

    assert said in {"closed", "ECONNRESET"}


def test_from_its_own_host_no_port_answers_but_to_itself(field: Field, db: Puppet) -> None:
    for address in ("127.0.0.1", "127.0.0.9", field.net["two"].ipv4):
        for port in ("8000", "5432", "9999"):
            said = field.net["two"].run(*TELL, HELLO, address, port).stdout.strip()
            assert said in {"closed", "ECONNRESET", "ECONNREFUSED"}, (address, port)

    assert "db 8000" in db.curl("http://127.0.0.1:8000/")
    assert "db 9999" in db.curl(f"http://{field.net['two'].ipv4}:9999/")


def test_excluded_ports_and_callers_reach_the_program_past_the_proxy(
    field: Field, db: Puppet
) -> None:
    two = field.net["two"].ipv4

    assert "db 9100" in field.net["one"].run("curl", "-sS", f"http://{two}:9100/").stdout
    assert "db 9100" in field.net["two"].run("curl", "-sS", "http://127.0.0.1:9100/").stdout
    assert "db 8000" in field.net["control"].run("curl", "-sS", f"http://{two}:8000/").stdout


def test_a_probe_gets_its_path_through_the_proxy_and_nothing_else(field: Field, db: Puppet) -> None:
    probe = f"http://{field.net['two'].ipv4}:15021"
    status = ("-o", "/dev/null", "-w", "%{http_code}")
    curl = field.net["one"].run

    assert "db 8000 /healthz" in curl("curl", "-sS", f"{probe}/healthz").stdout
    assert curl("curl", "-sS", *status, f"{probe}/").stdout == "404"
    assert curl("curl", "-sS", *status, f"{probe}/healthz/../secret").stdout == "404"
    assert curl("curl", "-sS", *status, "-X", "POST", f"{probe}/healthz").stdout == "404"


def test_where_plaintext_is_allowed_it_arrives_at_the_ports_own_number(
    field: Field, db: Puppet
) -> None:
    two = field.net["two"]
    field.apply(PERMISSIVE)
    try:
        assert "db 8000" in field.net["one"].run("curl", "-sS", f"http://{two.ipv4}:8000/").stdout
        assert "db 8000" in two.run("curl", "-sS", "http://127.0.0.1:8000/").stdout
        said = field.net["one"].run(*TELL, HELLO, two.ipv4, "5432").stdout.strip()
        assert said in {"closed", "ECONNRESET"}
    finally:
        field.cli("delete", "tlspolicy", "open", "-n", "test")
        field.settled()


def test_the_ports_for_captured_connections_are_entered_by_redirection_alone(
    field: Field, db: Puppet
) -> None:
    shown = next(iter(field.captures(field.net["two"]).values()))
    ports = [str(shown["outboundPort"]), str(shown["inboundPort"])]
    for port in ports:
        for host, address in (("two", "127.0.0.1"), ("two", field.net["two"].ipv4)):
            said = field.net[host].run(*TELL, HELLO, address, port).stdout.strip()
            assert said == "ECONNREFUSED"
    assert db.tell(HELLO, "127.0.0.1", ports[0]) == "ECONNREFUSED"
    said = field.net["one"].run(*TELL, HELLO, field.net["two"].ipv4, ports[1]).stdout.strip()
    assert said == "ECONNREFUSED"


def test_what_was_turned_away_is_counted(field: Field, db: Puppet, tmp_path: Path) -> None:
    shown = next(iter(field.captures(field.net["two"]).values()))

    assert shown["refused"]["inbound"] > 0
    assert shown["refused"]["atProxy"] > 0
