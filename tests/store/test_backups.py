"""A whole mesh that loses its server's disk and gets it back from a backup, with traffic on all the time."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.mesh.meshes import PROGRAMS, TULLE, Mesh, failures, free_port, listens, load, wait_until
from tests.store.test_server_kills import Unix

pytestmark = pytest.mark.timeout(180)

WEB = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: test}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
"""
LATER = WEB.replace("web", "later")


class Shop:
    """A mesh with one HTTP service and a door to it."""

    def __init__(self, folder: Path) -> None:
        self.mesh = Mesh(folder)
        self.port = free_port()
        self.phrase = folder / "phrase"

    def start(self) -> None:
        listening = free_port()
        self.phrase.touch(mode=0o600)
        self.phrase.write_text("correct horse battery staple\n")
        self.mesh.start_server()
        self.mesh.apply(WEB)
        self.mesh.run(
            "web", "--port", f"http={listening}/http", "--health", "http:/", labels=("app=web",),
            command=(*PROGRAMS, "http", str(listening), "web"),
        )  # fmt: skip
        self.mesh.run("door", "--upstream", f"web:80={self.port}")
        self.ready()
        wait_until(lambda: listens(self.port), "the door listens")

    def ready(self) -> None:
        for name in ("web", "door"):
            self.mesh.ready(name)

    def store(self, *arguments: str | Path) -> str:
        """`tulle store` with the passphrase."""
        words = map(str, (*arguments, "--passphrase-file", self.phrase))
        done = self.mesh.cli("store", *words)
        return done.stdout + done.stderr


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    try:
        shop.start()
        yield shop
    finally:
        shop.mesh.end()


def status_of(path: Path, target: str) -> int:
    """What the API answers to a watch: its status, or that of the error it begins with."""
    connection = Unix(path)
    try:
        connection.request("GET", target)
        response = connection.getresponse()
        first = json.loads(response.readline())
        return int(first["object"]["code"]) if response.status == 200 else response.status
    finally:
        connection.close()


def names(mesh: Mesh) -> set[str]:
    return {item["metadata"]["name"] for item in mesh.get("services", "-n", "test")["items"]}


def test_a_mesh_restored_from_a_backup_keeps_its_workloads_and_loses_no_request(shop: Shop) -> None:
    mesh, file = shop.mesh, shop.mesh.folder / "mesh.backup"
    with load("--http", f"127.0.0.1:{shop.port}") as result:
        said = shop.store("backup", file)
        assert "sealed" in said
        mesh.apply(LATER)
        before = mesh.get("mesh", "default")
        refused = mesh.cli(
            *("store", "restore", str(file), "--data-dir", str(mesh.folder / "data"), "--replace"),
            *("--passphrase-file", str(shop.phrase)), check=False,
        )  # fmt: skip
        assert "[store-in-use]" in refused.stderr

        mesh.kill_server()
        shutil.rmtree(mesh.folder / "data")
        shop.store("restore", file, "--data-dir", mesh.folder / "data")
        mesh.start_server()
        shop.ready()
        assert names(mesh) == {"web"}
        old = f"/api/v1/services?watch=1&resourceVersion={before['metadata']['resourceVersion']}"
        assert status_of(mesh.socket, old) == 410
        after = mesh.get("mesh", "default")
        assert after["status"]["trustBundle"] == before["status"]["trustBundle"]
        assert int(after["metadata"]["resourceVersion"]) > 0
        mesh.apply(LATER)  # waits until every proxy has it: they listen to the restored server
        assert "FAIL" not in mesh.cli("store", "check").stdout
    assert failures(result) == {}
    assert result["http"]["sent"] >= 5000
    for name in ("web", "door"):
        log = (mesh.folder / f"{name}.log").read_text()
        assert log.count(" joined") == 1, "its certificate was as good as before"


def test_a_backup_goes_down_a_pipe_and_says_what_it_is(shop: Shop) -> None:
    mesh = shop.mesh
    data = mesh.folder / "piped.backup"
    done = mesh.spawn(
        "backup", "sh", "-c", 'exec "$@" > "$0"', str(data), *TULLE, "store", "backup", "-",
        "--without-keys",
    )  # fmt: skip
    assert done.wait() == 0, done.text()
    assert data.read_bytes().startswith(b"TULLE BACKUP\n")
    checked = mesh.cli("store", "check", str(data)).stdout
    assert "without keys, not sealed" in checked
