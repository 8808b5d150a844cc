"""Bad input, through the command line: one screen that names file, line or field, and the way out.

Nothing is half-applied, and no traceback ever shows.
"""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from tests.mesh.meshes import PROGRAMS, TULLE, Mesh, free_port, wait_until

pytestmark = pytest.mark.timeout(120)

SCREEN = 24


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


GOOD = "apiVersion: v1\nkind: Service\nmetadata: {name: fine, namespace: test}\nspec: {ports: [{port: 80}]}\n"

BAD = {
    "broken-yaml": (GOOD + "---\nkind: [\n", ("bad.yaml:7", "[yaml")),
    "unknown-kind": (
        GOOD + "---\napiVersion: v1\nkind: Servise\nmetadata: {name: a}\n",
        ("bad.yaml:7", "Servise", "Service", "[unknown-kind]"),
    ),
    "unknown-field": (
        GOOD + "---\napiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {prots: []}\n",
        ("bad.yaml:9", "spec.prots", "ports", "[unknown-field]"),
    ),
    "wrong-type": (
        GOOD
        + "---\napiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: eighty}]}\n",
        ("bad.yaml:9", "spec.ports[0].port", "[wrong-type]"),
    ),
    "duplicate-name": (GOOD + "---\n" + GOOD, ("bad.yaml:6", "bad.yaml:1", "duplicate")),
    "port-conflict": (
        GOOD.replace("[{port: 80}]", "[{port: 80, name: a}, {port: 80, name: b}]"),
        ("bad.yaml:4", "spec.ports[1]", "80"),
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_resources_are_refused_whole_with_file_and_line(
    mesh: Mesh, tmp_path: Path, case: str
) -> None:
    text, words = BAD[case]
    path = tmp_path / "bad.yaml"
    path.write_text(text)

    says(mesh.cli("validate", "-f", str(path), check=False), *words)
    says(mesh.cli("apply", "-f", str(path), check=False), *words)

    assert mesh.cli("get", "service", "fine", "-n", "test", check=False).returncode != 0


def test_a_token_works_once(mesh: Mesh, tmp_path: Path) -> None:
    token = mesh.token("once")
    base = (*TULLE, "run", "--server", f"127.0.0.1:{mesh.join_port}", "--token-file", str(token))
    account = ("--service-account", "once", "--namespace", "test")
    first = mesh.spawn(
        "once-1",
        *base,
        *account,
        "--state-dir",
        str(tmp_path / "a"),
        "--",
        *PROGRAMS,
        "echo",
        str(free_port()),
        "x",
    )
    mesh.ready("once")
    second = mesh.spawn(
        "once-2",
        *base,
        *account,
        "--state-dir",
        str(tmp_path / "b"),
        "--",
        *PROGRAMS,
        "echo",
        str(free_port()),
        "x",
    )
    code = second.wait()
    first.end()
    says(
        CompletedProcess([], code, "", second.text()), "token", "[token-used]", "tulle token create"
    )


def test_a_token_for_another_account_is_refused(mesh: Mesh, tmp_path: Path) -> None:
    token = mesh.token("mine")
    process = mesh.spawn(
        "thief", *TULLE, "run", "--server", f"127.0.0.1:{mesh.join_port}", "--token-file", str(token),
        "--service-account", "yours", "--namespace", "test", "--state-dir", str(tmp_path / "s"), "--", "true",
    )  # fmt: skip
    says(CompletedProcess([], process.wait(), "", process.text()), "[token-mismatch]", "yours")


def test_a_missing_envoy_is_named_with_the_ways_to_get_one(mesh: Mesh, tmp_path: Path) -> None:
    environment = {**mesh.environment, "TULLE_ENVOY": str(tmp_path / "no-envoy")}
    token = mesh.token("noenvoy")
    log = tmp_path / "log"
    import subprocess

    with log.open("wb") as out:
        done = subprocess.run(
            [*TULLE, "run", "--server", f"127.0.0.1:{mesh.join_port}", "--token-file", str(token),
             "--service-account", "noenvoy", "--namespace", "test", "--state-dir", str(tmp_path / "s"), "--", "true"],
            env=environment, stdout=out, stderr=out, timeout=60, check=False,
        )  # fmt: skip
    says(
        CompletedProcess([], done.returncode, "", log.read_text()),
        "no-envoy",
        "TULLE_ENVOY",
        "[envoy-missing]",
    )


def test_a_taken_port_is_named_with_who_asked_for_it(mesh: Mesh, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = mesh.run("porty", "--upstream", f"fine:80={port}", command=("true",))
        says(
            CompletedProcess([], process.wait(), "", process.text()),
            str(port),
            "--upstream",
            "[port-taken]",
        )

        second = mesh.spawn(
            "second", *TULLE, "server", "--data-dir", str(tmp_path / "d"), "--api-socket", str(tmp_path / "api.sock"),
            "--join-address", f"127.0.0.1:{port}", "--xds-address", "127.0.0.1:0",
        )  # fmt: skip
        says(
            CompletedProcess([], second.wait(), "", second.text()),
            str(port),
            "--join-address",
            "[port-taken]",
        )


def test_a_store_that_cannot_be_read_is_named_with_the_way_out(mesh: Mesh, tmp_path: Path) -> None:
    data = tmp_path / "data"
    first = Mesh(tmp_path)
    first.start_server()
    first.end()
    for path in data.glob("*.db"):
        path.write_bytes(os.urandom(8192))
    process = first.spawn(
        "again",
        *TULLE,
        "server",
        "--data-dir",
        str(data),
        "--api-socket",
        str(tmp_path / "api.sock"),
    )
    says(CompletedProcess([], process.wait(), "", process.text()), str(data), "store")


def test_a_clock_far_behind_is_named_before_anything_fails_strangely(
    mesh: Mesh, tmp_path: Path
) -> None:
    token = mesh.token("late")
    log = tmp_path / "log"
    process = mesh.spawn(
        "late", *TULLE, "run", "--server", f"127.0.0.1:{mesh.join_port}", "--token-file", str(token),
        "--service-account", "late", "--namespace", "test", "--state-dir", str(tmp_path / "s"),
        "--clock-offset", "-7200", "--", "true",
    )  # fmt: skip
    del log
    says(CompletedProcess([], process.wait(), "", process.text()), "clock", "[clock-skew]")


def test_without_a_server_a_command_says_where_it_looked(tmp_path: Path) -> None:
    lonely = Mesh(tmp_path)
    says(lonely.cli("get", "services", check=False), "api.sock", "tulle server")


def test_what_we_accept_and_envoy_refuses_is_reported_on_its_resource_and_proxies_keep_what_they_had(
    mesh: Mesh,
) -> None:
    port, local = free_port(), free_port()
    mesh.apply(
        "apiVersion: v1\nkind: Service\nmetadata: {name: re, namespace: test}\n"
        "spec: {selector: {app: re}, ports: [{name: http, port: 80, targetPort: http}]}\n"
    )
    server = mesh.run(
        "re",
        "--port",
        f"http={port}/http",
        labels=("app=re",),
        command=(*PROGRAMS, "http", str(port), "re"),
    )
    door = mesh.run("re-door", "--upstream", f"re:80={local}")
    mesh.ready("re")
    mesh.ready("re-door")
    route = (
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: re, namespace: test}\n"
        'spec:\n  parentRefs: [{group: "", kind: Service, name: re}]\n  rules:\n'
        "  - matches: [{path: {type: RegularExpression, value: '%s'}}]\n    backendRefs: [{name: re, port: 80}]\n"
    )
    mesh.apply(route % "/ok.*")

    # Within every written limit, and too large a program for Envoy's engine: only Envoy can tell.
    refused = mesh.cli("apply", "--wait", "-f", "-", stdin=route % r"/ok\pL{999}", check=False)

    assert refused.returncode == 1
    assert "HTTPRoute test/re" in refused.stderr
    assert "re-door" in refused.stderr
    wait_until(
        lambda: "RefusedByProxy" in str(mesh.get("httproute", "re", "-n", "test")),
        "the status says so",
    )
    assert answer(local, "/ok-still") == 200
    server.end()
    door.end()


def answer(port: int, path: str) -> int:
    """The status a GET gets."""
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    return connection.getresponse().status
