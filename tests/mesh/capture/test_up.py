"""`tulle up` with a captured Process: it calls a service by its name, and needs no upstream."""

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.hosts import network
from tests.mesh.capture.field import TELL, tables
from tests.mesh.meshes import TULLE, wait_until

pytestmark = pytest.mark.timeout(120)

MESH = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: test}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: http}]
---
apiVersion: tulle.dev/v1
kind: Process
metadata: {name: web, namespace: test}
spec:
  command: [python3, -m, http.server, --bind, 127.0.0.1, $(PORT)]
  ports: [{name: http, port: 18000, appProtocol: http}]
  labels: {app: web}
  capture: cgroup
---
apiVersion: tulle.dev/v1
kind: Process
metadata: {name: asker, namespace: test}
spec:
  command: [sh, -c, 'while :; do curl -s -o /dev/null -w "answered %{http_code}\\n" http://web.test/; sleep 0.2; done']
  capture: cgroup
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short one: sockets lie in it."""
    with tempfile.TemporaryDirectory(prefix="up") as made:
        yield Path(made)


def test_captured_processes_meet_by_name_and_leave_nothing(folder: Path) -> None:
    (folder / "mesh.yaml").write_text(MESH)
    log = folder / "log"
    words = (*TULLE, "up", str(folder / "mesh.yaml"), "--logs")
    place = ("env", f"XDG_STATE_HOME={folder}/state", f"XDG_RUNTIME_DIR={folder}/run")
    (folder / "run").mkdir(mode=0o700)
    with network("vm") as net, log.open("wb") as out:
        mesh = net["vm"].popen(*place, *words, stdout=out, stderr=out, cwd=folder)
        try:
            wait_until(lambda: "answered 200" in log.read_text(), "the asker is answered")
            assert len(tables(net["vm"])) == 2
            hello = "say=GET / HTTP/1.0\r\n\r\n"
            said = net["vm"].run(*TELL, hello, "127.0.0.1", "18000").stdout.strip()
            assert said in {"closed", "ECONNRESET"}
        finally:
            mesh.send_signal(signal.SIGINT)
            mesh.wait(30)

        assert tables(net["vm"]) == []
