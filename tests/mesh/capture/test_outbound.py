"""What a captured program calls goes through its proxy, and it notices nothing."""

import json
from collections.abc import Iterator

import pytest
from tests.mesh.capture.field import Field, Puppet, field_of
from tests.mesh.meshes import wait_until

pytestmark = pytest.mark.timeout(180)  # real meshes on a busy machine

SERVES = ("http:8000", "banner:5432", "udp:9999", "http:8001@::")
DECLARES = ("-p", "http=8000/http", "-p", "sql=5432/tcp", "-p", "six=8001/http")


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    with field_of(tmp_path_factory.mktemp("f"), "one", "two") as made:
        made.service("db", "http:80:8000", "tcp:5432:5432")
        made.service("web", "http:80:8000")
        yield made


@pytest.fixture(scope="module")
def db(field: Field) -> Puppet:
    flags = ("--capture", "cgroup", *DECLARES)
    return field.puppet(field.net["two"], "db", *flags, serves=SERVES)


@pytest.fixture(scope="module")
def web(field: Field, db: Puppet) -> Puppet:
    flags = ("--capture", "cgroup", "-p", "http=8000/http")
    made = field.puppet(field.net["one"], "web", *flags, serves=("http:8000",))
    field.settled()
    return made


def test_a_service_is_reached_at_its_virtual_addresses(field: Field, web: Puppet) -> None:
    v4, v6 = field.addresses("db")

    assert web.curl(f"http://{v4}/x") == f"db 8000 /x host={v4}"
    assert web.curl(f"http://[{v6}]/x") == f"db 8000 /x host=[{v6}]"


def test_requests_go_by_address_whatever_they_call_their_host(field: Field, web: Puppet) -> None:
    v4, _ = field.addresses("db")

    assert "db 8000" in web.curl(f"http://{v4}/", "-H", "host: web.test")


def test_who_speaks_first_is_heard_at_once(field: Field, web: Puppet) -> None:
    for address in field.addresses("db"):
        assert web.tell(address, "5432") == "db ready"


def test_it_is_encrypted_and_counted_on_its_way(field: Field, web: Puppet) -> None:
    web.curl(f"http://{field.addresses('db')[0]}/")

    def edge() -> bool:
        edges = json.loads(field.cli("stat", "-o", "json").stdout)["edges"]
        mine = [one for one in edges if one["to"] == "test/db:80" and one["requests"]]
        return any(one["mtls"] for one in mine)

    assert wait_until(edge, "an encrypted edge to db")


def test_what_is_no_service_passes_on_to_where_it_was_going(field: Field, web: Puppet) -> None:
    outside = field.net["control"]
    field.stranger(outside, "outside", "http:7000", "http:7001@::", "banner:7002")

    assert "outside 7000" in web.curl(f"http://{outside.ipv4}:7000/")
    assert "outside 7001" in web.curl(f"http://[{outside.ipv6}]:7001/")
    assert web.tell(outside.ipv4, "7002") == "outside ready"


def test_udp_passes_untouched(field: Field, web: Puppet) -> None:
    target = field.net["two"].ipv4

    assert web.tell("udp=1", "from=4242", "say=hello", target, "9999") == "hello from 4242"


def test_loopback_is_its_own(web: Puppet) -> None:
    assert web.curl("http://127.0.0.1:8000/me") == "web 8000 /me host=127.0.0.1:8000"


def test_nobody_answers_is_told_as_such(field: Field, web: Puppet) -> None:
    """The proxy accepts before it knows, and closes."""
    assert web.tell("say=x", field.net["two"].ipv4, "7777") in {"closed", "ECONNRESET"}


def test_where_only_services_may_be_called_the_rest_is_closed(field: Field, web: Puppet) -> None:
    outside = field.net["control"]
    field.stranger(outside, "shut", "banner:7005")
    mesh = "apiVersion: tulle.dev/v1\nkind: Mesh\nmetadata: {name: default}\n"
    assert web.tell(outside.ipv4, "7005") == "shut ready"

    field.apply(f"{mesh}spec: {{outboundTraffic: RegistryOnly}}\n")
    try:
        assert web.tell("say=x", outside.ipv4, "7005") in {"closed", "ECONNRESET"}
        assert web.tell(field.addresses("db")[0], "5432") == "db ready"
    finally:
        field.apply(f"{mesh}spec: {{}}\n")
    assert web.tell(outside.ipv4, "7005") == "shut ready"

    def elsewhere() -> bool:
        edges = json.loads(field.cli("stat", "-o", "json").stdout)["edges"]
        return any(one["to"] == "elsewhere" and one["connections"] for one in edges)

    wait_until(elsewhere, "what went elsewhere is counted")
