"""`tulle up`, from the outside: real programs, real Envoys, and nothing left afterwards.

Every run has folders of its own and a mark in its environment, by which whatever it started can be found.
"""

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.mesh.meshes import ROOT, TULLE, wait_until

pytestmark = pytest.mark.timeout(240)

MARK = "TULLE_TEST_UP"
DEMO = ROOT / "src" / "tulle" / "demo" / "manifests"

SERVERS = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: test}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: web-v1, namespace: test}
spec: {selector: {app: web, version: v1}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: web-v2, namespace: test}
spec: {selector: {app: web, version: v2}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: tulle.dev/v1
kind: Process
metadata: {name: web-v1, namespace: test}
spec:
  command: [PYTHON, -m, http.server, $(PORT), --bind, 127.0.0.1, --directory, v1]
  labels: {app: web, version: v1}
  serviceAccountName: web
  ports: [{name: http, port: 29081}]
---
apiVersion: tulle.dev/v1
kind: Process
metadata: {name: web-v2, namespace: test}
spec:
  command: [PYTHON, -m, http.server, $(PORT), --bind, 127.0.0.1, --directory, v2]
  labels: {app: web, version: v2}
  serviceAccountName: web
  ports: [{name: http, port: 29082}]
"""
SPLIT = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: test}
spec:
  parentRefs: [{group: "", kind: Service, name: web}]
  rules:
    - backendRefs: [{name: web-v1, port: 80, weight: %d}, {name: web-v2, port: 80, weight: %d}]
"""


@dataclass
class Place:
    """Somebody's home and terminal."""

    folder: Path
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    runs: list[subprocess.Popen[str]] = field(default_factory=list)
    shared_memory: set[Path] = field(default_factory=set)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "XDG_RUNTIME_DIR": str(self.folder / "run"),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "TMPDIR": str(self.folder / "tmp"),
            "NO_COLOR": "1",
            "COLUMNS": "200",
            MARK: self.mark,
        }

    def tulle(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*TULLE, *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    def up(self, *arguments: str) -> "Run":
        run = Run(self, self.folder / f"up-{len(self.runs)}.log")
        with run.log.open("wb") as log:
            self.runs.append(
                subprocess.Popen(
                    [*TULLE, "up", *arguments],
                    env=self.environment,
                    cwd=ROOT,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    text=True,
                )
            )
        run.process = self.runs[-1]
        return run

    def manifests(self, split: str = "") -> Path:
        folder = self.folder / "manifests"
        for version in ("v1", "v2"):
            (folder / version).mkdir(parents=True, exist_ok=True)
            (folder / version / "index.html").write_text(f"web {version}\n")
        (folder / "servers.yaml").write_text(SERVERS.replace("PYTHON", sys.executable))
        if split:
            (folder / "split.yaml").write_text(split)
        return folder

    def processes(self) -> dict[int, str]:
        """What still runs of what was started here. Linux tells; elsewhere only the run itself is looked at."""
        found = {}
        for environ in Path("/proc").glob("[0-9]*/environ"):
            try:
                if f"{MARK}={self.mark}".encode() in environ.read_bytes():
                    command = (environ.parent / "cmdline").read_bytes()
                    found[int(environ.parent.name)] = command.replace(b"\0", b" ").decode()
            except OSError:
                continue
        return found

    def assert_nothing_is_left(self) -> None:
        assert (
            wait_until(lambda: not self.processes() or None, f"all ended: {self.processes()}")
            is True
        )
        left = [
            path for name in ("run", "state", "tmp") for path in (self.folder / name).rglob("*")
        ]
        assert left == []
        assert [path for path in self.shared_memory if path.exists()] == []


@dataclass
class Run:
    """`tulle up` in a terminal of its own."""

    place: Place
    log: Path
    process: subprocess.Popen[str] = field(init=False)

    @property
    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def entry(self) -> int:
        """The port of the one URL it prints, once it has printed it."""

        def printed() -> re.Match[str] | None:
            assert self.process.poll() is None, self.text
            return re.search(r"curl http://127\.0\.0\.1:(\d+)/", self.text)

        match = wait_until(printed, "the entry URL", timeout_s=100)
        for path in self.place.folder.rglob("envoy.base-id"):
            self.place.shared_memory.add(Path(f"/dev/shm/envoy_shared_memory_{path.read_text()}0"))
        return int(match[1])

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


@pytest.fixture
def place() -> Iterator[Place]:
    # Not pytest's folder: sockets lie in it, and their paths must stay short.
    with tempfile.TemporaryDirectory(prefix="up-", dir="/tmp") as folder:
        made = Place(Path(folder))
        for name in ("run", "state", "tmp"):
            (made.folder / name).mkdir(mode=0o700)
        yield made
        for run in made.runs:
            if run.poll() is None:
                run.kill()
                run.wait(10)
        for pid in made.processes():
            os.kill(pid, signal.SIGKILL)


def get(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/")
        response = connection.getresponse()
        return f"{response.status} {response.read().decode()}".strip()
    finally:
        connection.close()


def test_the_demo_carries_every_edge_over_mutual_tls_and_leaves_nothing(place: Place) -> None:
    done = place.tulle("up", "--for", "8s", "-o", "json")

    assert done.returncode == 0, done.stderr
    edges = {(e["from"], e["to"]): e for e in json.loads(done.stdout)["edges"]}
    assert set(edges) == {
        ("demo/entry", "demo/shop:80"),
        ("demo/visitors", "demo/shop:80"),
        ("demo/shop", "demo/reviews-v1:80"),
        ("demo/shop", "demo/reviews-v2:80"),
        ("demo/shop", "demo/ratings:50051"),
        ("demo/shop", "demo/redis:6379"),
        ("demo/shop", "demo/httpbin:80"),
    }
    assert {edge["protocol"] for edge in edges.values()} == {"http", "grpc", "tcp"}
    assert all(edge["mtls"] for edge in edges.values())
    assert all(edge["failures"] == 0 for edge in edges.values())
    keys = [
        "from",
        "to",
        "protocol",
        "requests",
        "connections",
        "failures",
        "p50_ms",
        "p99_ms",
        "mtls",
    ]
    assert all(list(edge) == keys for edge in edges.values())
    place.assert_nothing_is_left()


def test_programs_of_the_users_own_run_behind_one_url_and_a_split_moves_them(place: Place) -> None:
    folder = place.manifests(SPLIT % (100, 0))
    run = place.up(str(folder))
    port = run.entry()
    assert {get(port) for _ in range(20)} == {"200 web v1"}
    assert str(folder / "split.yaml") in run.text

    (folder / "split.yaml").write_text(SPLIT % (0, 100))
    applied = place.tulle("apply", "--wait", "-f", str(folder / "split.yaml"))
    assert applied.returncode == 0, applied.stderr
    assert {get(port) for _ in range(20)} == {"200 web v2"}

    (folder / "split.yaml").write_text(SPLIT % (50, 50))
    assert place.tulle("apply", "--wait", "-f", str(folder / "split.yaml")).returncode == 0
    counted = Counter(get(port) for _ in range(200))
    assert set(counted) == {"200 web v1", "200 web v2"}
    assert min(counted.values()) > 50

    told = place.tulle("explain", "request", "--from", "test/entry", "GET", "http://web.test/")
    assert "HTTPRoute test/web" in told.stdout
    edges = wait_until(
        lambda: [e for e in stat(place) if e["to"] == "test/web-v2:80" and e["requests"] > 100],
        "the edge to v2 is counted",
    )
    assert edges[0]["from"] == "test/entry"
    assert edges[0]["mtls"] is True

    assert run.end() == 0, run.text
    assert "Traceback" not in run.text
    place.assert_nothing_is_left()


def stat(place: Place) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(place.tulle("stat", "-o", "json").stdout)["edges"]
    return found


def test_an_edge_without_traffic_fails_an_unattended_run_and_is_named(place: Place) -> None:
    folder = place.manifests()
    idle = (
        "apiVersion: tulle.dev/v1\nkind: Process\nmetadata: {name: idle, namespace: test}\n"
        "spec: {command: [sleep, '600'], upstreams: [{service: web, port: 80}]}\n"
    )
    (folder / "idle.yaml").write_text(idle)

    done = place.tulle("up", "--for", "1s", "-o", "json", str(folder))

    assert done.returncode == 1
    assert "test/idle -> test/web:80: carried no traffic" in done.stderr
    assert json.loads(done.stdout)["edges"] is not None
    place.assert_nothing_is_left()


def test_a_program_that_does_not_start_ends_the_run_with_its_last_words(place: Place) -> None:
    path = place.folder / "broken.yaml"
    path.write_text(
        "apiVersion: tulle.dev/v1\nkind: Process\nmetadata: {name: broken}\nspec:\n"
        f"  command: [{sys.executable}, -c, 'raise SystemExit(\"the database is away\")']\n"
        "  ports: [{port: 29090}]\n"
    )

    done = place.tulle("up", str(path))

    assert done.returncode == 1
    assert "default/broken: ended with exit code 1" in done.stderr
    assert "the database is away" in done.stderr
    assert "Traceback" not in done.stderr
    place.assert_nothing_is_left()


def test_a_bad_manifest_is_one_screen_with_file_and_line(place: Place) -> None:
    folder = place.manifests()
    (folder / "bad.yaml").write_text(SPLIT.replace("backendRefs", "backendRef") % (1, 1))

    done = place.tulle("up", str(folder))

    assert done.returncode == 1
    assert f"{folder}/bad.yaml:8: error: HTTPRoute test/web" in done.stderr
    assert len(done.stderr.splitlines()) <= 24
    place.assert_nothing_is_left()


def test_logs_stand_behind_the_names_of_their_programs(place: Place) -> None:
    run = place.up("--logs", str(place.manifests()))
    port = run.entry()

    get(port)

    wait_until(
        lambda: re.search(r'test/web-v[12] \| .*"GET / HTTP/1\.1" 200', run.text), "a log line"
    )
    assert run.end() == 0


def test_a_second_interrupt_waits_for_no_program_that_does_not_listen(place: Place) -> None:
    folder = place.manifests()
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    (folder / "deaf.yaml").write_text(
        "apiVersion: tulle.dev/v1\nkind: Process\nmetadata: {name: deaf, namespace: test}\n"
        f"spec: {{command: [{sys.executable}, -c, '{deaf}']}}\n"
    )
    run = place.up(str(folder))
    run.entry()

    run.process.send_signal(signal.SIGINT)
    wait_until(lambda: "draining" in run.text, "it drains")
    assert run.process.poll() is None
    assert run.end() == 0

    assert "not waiting" in run.text
    place.assert_nothing_is_left()


def test_down_ends_it_from_another_terminal(place: Place) -> None:
    run = place.up(str(place.manifests()))
    run.entry()

    done = place.tulle("down")

    assert done.stdout == "ended 1 run\n", done.stderr
    assert run.process.wait(10) == 0
    place.assert_nothing_is_left()


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells children that their parent died"
)
def test_a_run_that_is_killed_takes_its_children_along_and_the_next_sweeps_up(place: Place) -> None:
    folder = place.manifests()
    first = place.up(str(folder))
    first.entry()

    first.process.kill()
    first.process.wait(10)
    wait_until(lambda: not place.processes(), "its children ended too")
    second = place.up(str(folder))
    second.entry()

    assert second.end() == 0
    place.assert_nothing_is_left()


def test_two_runs_live_side_by_side_and_the_second_says_how_to_reach_it(place: Place) -> None:
    first = place.up(str(place.manifests()))
    first.entry()
    second = place.up(str(place.manifests()))
    second.entry()

    socket = re.search(r"export TULLE_SERVER=(\S+)", second.text)
    assert socket is not None
    assert "TULLE_SERVER" not in first.text
    done = place.tulle("get", "processes", "-A", "--server", socket[1])
    assert "web-v1" in done.stdout

    assert (second.end(), first.end()) == (0, 0)
    place.assert_nothing_is_left()


def test_the_demos_split_can_be_moved_in_a_copy(place: Place) -> None:
    folder = place.folder / "demo"
    shutil.copytree(DEMO, folder)
    environment = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    os.environ["PATH"], before = environment, os.environ["PATH"]
    try:
        run = place.up(str(folder))
    finally:
        os.environ["PATH"] = before
    port = run.entry()
    split = folder / "split.yaml"
    split.write_text(split.read_text().replace("75", "0").replace("25", "1"))

    assert place.tulle("apply", "--wait", "-f", str(split)).returncode == 0

    assert {json.loads(get(port).removeprefix("200 "))["reviews"] for _ in range(10)} == {"v2"}
    assert run.end(signal.SIGTERM) == 0
    place.assert_nothing_is_left()
