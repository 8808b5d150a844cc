"""Agents and control planes one version apart carry traffic together, in both directions; further apart they say so.

The older one is really older: it is taken out of this repository's history, and runs as what it was then.
"""

import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from tests.mesh.meshes import (
    PROGRAMS,
    ROOT,
    TULLE,
    Mesh,
    failures,
    free_port,
    listens,
    load,
    wait_until,
)

pytestmark = pytest.mark.timeout(180)

OLDER = "bf5b66754ba3"
"""The last commit whose agents and control planes said no version: they speak version 1 of the wire."""

WEB = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: test}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
"""

OF_VERSION = """
import sys
from tulle.model import skew
skew.WIRE = int(sys.argv.pop(1))
skew.OURS = ((skew.METADATA, str(skew.WIRE)),)
from tulle.__main__ import run
run()
"""


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """`tulle` of the older version."""
    folder = tmp_path_factory.mktemp("older")
    done = subprocess.run(
        ["git", "archive", OLDER, "src"], cwd=ROOT, capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"the history has no {OLDER} (git fetch --unshallow): nothing older to run")
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    command = ("env", f"PYTHONPATH={folder / 'src'}", *TULLE)
    where = "import tulle; print(tulle.__file__)"
    found = subprocess.run(
        [*command[:2], sys.executable, "-c", where], capture_output=True, text=True, check=True
    )
    assert found.stdout.startswith(str(folder))
    assert not (folder / "src/tulle/model/skew.py").exists()
    return command


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[Mesh]:
    mesh = Mesh(tmp_path)
    try:
        yield mesh
    finally:
        mesh.end()


def run_web(mesh: Mesh, tulle: tuple[str, ...]) -> None:
    port = free_port()
    mesh.tulle = tulle
    mesh.run(
        "web", "--port", f"http={port}/http", "--health", "http:/", labels=("app=web",),
        command=(*PROGRAMS, "http", str(port), "web"),
    )  # fmt: skip


def run_door(mesh: Mesh, tulle: tuple[str, ...]) -> int:
    port = free_port()
    mesh.tulle = tulle
    mesh.run("door", "--upstream", f"web:80={port}")
    return port


def carries(mesh: Mesh, port: int, commands: tuple[str, ...]) -> None:
    """Everything is ready, and requests pass while the control plane is restarted."""
    mesh.tulle = commands
    for name in ("web", "door"):
        mesh.ready(name)
    wait_until(lambda: listens(port), "the door listens")
    with load("--http", f"127.0.0.1:{port}", "--minimum", "1500") as result:
        mesh.kill_server()
        mesh.start_server()
        for name in ("web", "door"):
            mesh.ready(name)
        mesh.apply(WEB.replace("{name: web, n", "{name: web2, n"))
    assert failures(result) == {}


@pytest.mark.parametrize("which", ["both", "web", "door"])
def test_older_agents_work_with_todays_control_plane(
    mesh: Mesh, older: tuple[str, ...], which: str
) -> None:
    mesh.start_server()
    mesh.apply(WEB)
    run_web(mesh, TULLE if which == "door" else older)
    port = run_door(mesh, TULLE if which == "web" else older)

    carries(mesh, port, TULLE)


def test_todays_agents_work_with_an_older_control_plane(mesh: Mesh, older: tuple[str, ...]) -> None:
    mesh.tulle, mesh.server_flags = older, ()
    mesh.start_server()
    mesh.apply(WEB)
    run_web(mesh, TULLE)
    port = run_door(mesh, TULLE)

    carries(mesh, port, older)


def test_an_older_agent_goes_on_with_a_control_plane_that_is_upgraded_and_put_back(
    mesh: Mesh, older: tuple[str, ...]
) -> None:
    """As upgrades go: the control plane first; and back again, on what was kept of the store before."""
    data, kept = mesh.folder / "data", mesh.folder / "kept"
    mesh.tulle, mesh.server_flags = older, ()
    mesh.start_server()
    mesh.apply(WEB)
    run_web(mesh, older)
    port = run_door(mesh, older)
    for name in ("web", "door"):
        mesh.ready(name)
    wait_until(lambda: listens(port), "the door listens")
    with load("--http", f"127.0.0.1:{port}", "--minimum", "1500") as result:
        for tulle in (TULLE, older):
            mesh.kill_server()
            if tulle is TULLE:
                shutil.copytree(data, kept)
            else:  # it refuses a file that a newer one has moved on
                shutil.rmtree(data)
                kept.rename(data)
            mesh.tulle = tulle
            mesh.start_server()
            for name in ("web", "door"):
                mesh.ready(name)
            mesh.apply(WEB)
    assert failures(result) == {}


@pytest.mark.parametrize(("version", "older_one"), [("9", "control plane"), ("0", "agent")])
def test_an_agent_too_far_away_is_told_whom_to_upgrade(
    mesh: Mesh, version: str, older_one: str
) -> None:
    mesh.start_server()
    token = mesh.folder / "web.token"
    token.touch(mode=0o600)
    token.write_text(mesh.cli("token", "create", "--service-account", "web", "-n", "test").stdout)
    process = mesh.spawn(
        "far", sys.executable, "-c", OF_VERSION, version, "run",
        "--server", f"127.0.0.1:{mesh.join_port}", "--token-file", str(token),
        "--service-account", "web", "--namespace", "test",
        "--state-dir", str(mesh.folder / "state"), "--", "true",
    )  # fmt: skip

    assert process.wait() == 1
    assert "[version-skew]" in process.text()
    assert f"upgrade the {older_one}" in process.text()
    assert "Traceback" not in process.text()
