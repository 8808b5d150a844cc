"""What the agent of a host holds that carries ten workloads, and what is left beside each program."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.mesh.meshes import TULLE, Mesh, Process, wait_until

from bench.figures import Figure, progress
from bench.processes import cpu_seconds, private_mb, resident_mb

WORKLOADS = 10
IDLE_S = 10.0
SLEEP = (sys.executable, "-S", "-c", "import time; time.sleep(1e6)")


class _Host(Mesh):
    """A mesh whose workloads share an agent. Python's compiled files are kept: as where Tulle is installed."""

    @property
    def agent_socket(self) -> str:
        return str(self.folder / "agent.sock")

    @property
    def environment(self) -> dict[str, str]:
        mine = {
            "TULLE_AGENT": self.agent_socket,
            "PYTHONPYCACHEPREFIX": str(self.folder / "compiled"),
        }
        kept = {k: v for k, v in super().environment.items() if k != "PYTHONDONTWRITEBYTECODE"}
        return {**kept, **mine}

    def start_agent(self) -> Process:
        agent = self.spawn(
            "agent",
            *(*TULLE, "agent", "--socket", self.agent_socket, "--workloads", os.devnull),
            *("--state-dir", str(self.folder / "agent"), "--take-over"),
        )
        wait_until(lambda: self._status().get("pid") == agent.popen.pid, "the agent answers")
        return agent

    def _status(self) -> dict[str, Any]:
        done = self.cli("agent", "status", "-o", "json", check=False)
        return dict(json.loads(done.stdout)) if done.returncode == 0 else {}


def figures() -> Iterator[Figure]:
    """Memory nobody shares, memory in RAM, and what it does while nothing happens."""
    with tempfile.TemporaryDirectory(prefix="tulle-bench-") as folder:
        mesh = _Host(Path(folder))
        try:
            yield from _measured(mesh)
        finally:
            mesh.cli("agent", "end", check=False)
            mesh.end()


def _measured(mesh: _Host) -> Iterator[Figure]:
    mesh.start_server()
    mesh.start_agent()  # compiles what the next one loads
    agent = mesh.start_agent()
    progress(f"host-agent: {WORKLOADS} workloads")
    runs = [mesh.run(f"w{number}", command=SLEEP) for number in range(WORKLOADS)]
    for number in range(WORKLOADS):
        mesh.ready(f"w{number}")
    before = cpu_seconds(agent.popen.pid)
    time.sleep(IDLE_S)
    share = (cpu_seconds(agent.popen.pid) - before) / IDLE_S * 100
    what = f"{WORKLOADS} workloads"
    pid = agent.popen.pid
    yield Figure("host's agent: private memory", private_mb(pid), "MB", what, 30)
    yield Figure("host's agent: resident memory", resident_mb(pid), "MB", f"{what}, libraries too")
    yield Figure("host's agent: idle CPU", share, "%", what)
    yield Figure("tulle run beside its program: private memory", private_mb(runs[0].popen.pid), "MB",
                 "joined to the host's agent")  # fmt: skip
