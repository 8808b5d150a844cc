"""Log levels of a real server, agent and Envoy, changed while they run."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.mesh.meshes import Mesh, wait_until

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[Mesh]:
    mesh = Mesh(tmp_path)
    try:
        mesh.start_server()
        mesh.run("door")
        mesh.ready("door")
        yield mesh
    finally:
        mesh.end()


def levels(mesh: Mesh, *arguments: str) -> dict[str, str]:
    done = mesh.cli("log", "level", *arguments, "-o", "json")
    found: dict[str, str] = json.loads(done.stdout)["levels"]
    return found


def test_what_is_asked_for_is_written_from_then_on(mesh: Mesh) -> None:
    (door,) = mesh.workloads("door")
    name = f"test/{door['metadata']['name']}"
    before = levels(mesh, name)
    assert before["agent"] == "warning"
    assert before["envoy.http"] == "warning"
    log = mesh.folder / "state-door" / "envoy.log"
    assert "[debug]" not in log.read_text()

    after = levels(mesh, name, "envoy.admin=debug", "agent=debug")

    assert (after["envoy.admin"], after["envoy.http"]) == ("debug", "warning")
    wait_until(lambda: "[debug][admin]" in log.read_text(), "Envoy writes what its loggers say")
    assert set(levels(mesh, name, "envoy=error").values()) == {"debug", "error"}
    wait_until(lambda: "log levels were changed" in (mesh.folder / "door.log").read_text(), "noted")

    refused = mesh.cli("log", "level", name, "envoy.nothing=debug", check=False)
    assert "[log-level-refused]" in refused.stderr
    assert levels(mesh, "server", "debug") == {"server": "debug"}
