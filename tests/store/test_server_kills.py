"""A real server killed while HTTP clients write: whatever was answered 2xx is there afterwards."""

import http.client
import json
import random
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.mesh.meshes import Mesh, wait_until

APPLY = "application/apply-patch+yaml"
KILLS = 8
CLIENTS = 5
SEED = 7


class Unix(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("tulle", timeout=20)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


def ask(path: Path, method: str, target: str, body: object = None) -> tuple[int, dict[str, object]]:
    """One request, one answer; an OSError or HTTPException when the server dies meanwhile."""
    connection = Unix(path)
    try:
        data = json.dumps(body) if body is not None else None
        connection.request(method, target, data, {"Content-Type": APPLY})
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


@dataclass
class Client:
    """Writes one Service again and again, a number in it; knows which numbers were answered 2xx."""

    name: str
    socket: Path
    stop: threading.Event
    acknowledged: int = 0
    tried: int = 0
    versions: list[int] = field(default_factory=list)

    @property
    def target(self) -> str:
        return f"/api/v1/namespaces/test/services/{self.name}"

    def run(self) -> None:
        while not self.stop.is_set():
            self.tried += 1
            body = {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": self.name, "annotations": {"number": str(self.tried)}},
                "spec": {"ports": [{"port": 80}]},
            }
            try:
                status, answer = ask(self.socket, "PATCH", f"{self.target}?fieldManager=test", body)
            except (OSError, http.client.HTTPException):
                self.stop.wait(0.02)  # the server is away
                continue
            assert status in {200, 201}, answer
            metadata = answer["metadata"]
            assert isinstance(metadata, dict)
            self.acknowledged = self.tried
            self.versions.append(int(metadata["resourceVersion"]))

    def check(self) -> None:
        """The last acknowledged write is there, or one that was under way when the server died."""
        status, answer = ask(self.socket, "GET", self.target)
        if self.acknowledged == 0 and status == 404:
            return
        assert status == 200, answer
        metadata = answer["metadata"]
        assert isinstance(metadata, dict)
        number = int(metadata["annotations"]["number"])
        assert self.acknowledged <= number <= self.tried
        assert self.versions == sorted(set(self.versions))
        assert int(metadata["resourceVersion"]) >= max(self.versions, default=0)


@dataclass
class Watcher:
    """Watches Services as a Kubernetes client does: goes on at the last revision it saw, or, told 410, reads anew."""

    socket: Path
    stop: threading.Event = field(default_factory=threading.Event)
    revision: int = 0
    known: dict[str, int] = field(default_factory=dict)
    read_anew: int = 0

    @property
    def target(self) -> str:
        return "/api/v1/namespaces/test/services"

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                if self.revision == 0:
                    self.read()
                self.follow()
            except (OSError, http.client.HTTPException):
                self.stop.wait(0.02)  # the server is away

    def read(self) -> None:
        status, answer = ask(self.socket, "GET", self.target)
        assert status == 200, answer
        metadata, items = answer["metadata"], answer["items"]
        assert isinstance(metadata, dict)
        assert isinstance(items, list)
        self.read_anew += 1
        self.known = {i["metadata"]["name"]: int(i["metadata"]["resourceVersion"]) for i in items}
        self.revision = int(metadata["resourceVersion"])

    def follow(self) -> None:
        connection = Unix(self.socket)
        try:
            connection.request("GET", f"{self.target}?watch=1&resourceVersion={self.revision}")
            response = connection.getresponse()
            if response.status == 410:
                self.revision = 0
            while response.status == 200 and (line := response.readline()):
                self.hear(json.loads(line))
                if self.revision == 0:
                    return
        finally:
            connection.close()

    def hear(self, event: dict[str, dict[str, dict[str, str]]]) -> None:
        if event["type"] == "ERROR":
            assert event["object"]["code"] == 410, event
            self.revision = 0
            return
        name = event["object"]["metadata"]["name"]
        revision = int(event["object"]["metadata"]["resourceVersion"])
        assert revision > self.revision, f"{name} at {revision} was told again, or out of order"
        self.known[name] = self.revision = revision

    def check(self, clients: list[Client]) -> None:
        """It knows of every Service the version that is stored, and missed none while it could watch."""
        for client in clients:
            _, answer = ask(self.socket, "GET", client.target)
            metadata = answer["metadata"]
            assert isinstance(metadata, dict)
            assert self.known[client.name] == int(metadata["resourceVersion"])


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[Mesh]:
    mesh = Mesh(tmp_path)
    try:
        mesh.start_server()
        yield mesh
    finally:
        mesh.end()


@pytest.mark.timeout(240)
def test_what_a_server_answered_2xx_is_there_after_it_was_killed(mesh: Mesh) -> None:
    luck = random.Random(SEED)
    watcher = Watcher(mesh.socket)
    watching = threading.Thread(target=watcher.run, daemon=True)
    watching.start()
    clients = [Client(f"s{n}", mesh.socket, threading.Event()) for n in range(CLIENTS)]
    for _ in range(KILLS):
        wanted = sum(client.acknowledged for client in clients) + luck.randrange(1, 60)

        def enough(wanted: int = wanted) -> bool:
            return sum(client.acknowledged for client in clients) >= wanted

        for client in clients:
            client.stop.clear()
        threads = [threading.Thread(target=client.run) for client in clients]
        for thread in threads:
            thread.start()
        try:
            wait_until(enough, "enough is written")
            mesh.kill_server()
        finally:
            for client in clients:
                client.stop.set()
            for thread in threads:
                thread.join(30)
        mesh.start_server()
        for client in clients:
            client.check()

    def caught_up() -> bool:
        _, answer = ask(mesh.socket, "GET", watcher.target)
        metadata = answer["metadata"]
        assert isinstance(metadata, dict)
        newest = {
            i["metadata"]["name"]: int(i["metadata"]["resourceVersion"])
            for i in answer["items"]  # type: ignore[attr-defined]
        }
        return watcher.known == newest

    wait_until(caught_up, "the watch has caught up")
    watcher.stop.set()
    watcher.check(clients)
    assert watcher.read_anew <= KILLS + 1
    versions = [version for client in clients for version in client.versions]
    assert len(versions) == len(set(versions)), "a revision was given twice"
