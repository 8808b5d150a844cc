"""Meshes of real processes: a `tulle server`, `tulle run` beside programs, and a load client apart from both.

Everything goes through the command line, as a user's would. Nothing here imports the product.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TULLE = (sys.executable, "-m", "tulle")
PROGRAMS = (sys.executable, str(HERE / "programs.py"))
LOAD = (sys.executable, str(HERE / "load.py"))
WAIT_S = 40.0


def free_port() -> int:
    """A loopback TCP port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], object], what: str, timeout_s: float = WAIT_S) -> Any:
    """The condition's first true value; fails saying what never came."""
    end = time.monotonic() + timeout_s
    while True:
        if value := condition():
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout_s:.0f} s in vain: {what}")
        time.sleep(0.05)


def listens(port: int) -> bool:
    """Whether something accepts connections on a loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Process:
    """A process of ours, its output in a file, ended with the mesh."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    def signal(self, number: int) -> None:
        self.popen.send_signal(number)

    def wait(self, timeout_s: float = WAIT_S) -> int:
        return self.popen.wait(timeout_s)

    def end(self) -> None:
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(20)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait(5)

    def text(self) -> str:
        return self.log.read_text(errors="replace")


@dataclass
class Mesh:
    """One control plane and the workloads that joined it."""

    folder: Path
    join_port: int = field(default_factory=free_port)
    xds_port: int = field(default_factory=free_port)
    server_prefix: tuple[str, ...] = ()
    server_flags: tuple[str, ...] = ("--api-address", "127.0.0.1:0")
    tulle: tuple[str, ...] = TULLE
    address: str = "127.0.0.1"
    """Where the server listens and agents find it."""
    processes: list[Process] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    """What its processes have in their environment beside ours."""
    _server: Process | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def socket(self) -> Path:
        return self.folder / "api.sock"

    @property
    def server(self) -> Process:
        assert self._server is not None
        return self._server

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "TULLE_SERVER": f"unix:{self.socket}",
            "NO_COLOR": "1",
            "COLUMNS": "200",
            **self.variables,
        }

    def entry(self, name: str) -> tuple[str, ...]:
        """What comes before a command to run it where the process of that name belongs."""
        return ()

    def spawn(self, name: str, *command: str, **kwargs: Any) -> Process:
        log = self.folder / f"{name}.log"
        with log.open("ab") as out:
            popen = subprocess.Popen(
                [*self.entry(name), *command],
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                env=self.environment,
                cwd=ROOT,
                **kwargs,
            )
        process = Process(name, popen, log)
        self.processes.append(process)
        return process

    def start_server(self) -> None:
        self._server = self.spawn(
            "server",
            *self.server_prefix,
            *self.tulle,
            "server",
            "--data-dir",
            str(self.data),
            "--api-socket",
            str(self.socket),
            "--join-address",
            f"{self.address}:{self.join_port}",
            "--xds-address",
            f"{self.address}:{self.xds_port}",
            *self.server_flags,
        )
        wait_until(
            lambda: self.cli("version", check=False).returncode == 0 and self._api_answers(),
            "the API answers",
        )

    def kill_server(self) -> None:
        self.server.signal(signal.SIGKILL)
        self.server.wait()

    def _api_answers(self) -> bool:
        return self.cli("get", "meshes", check=False).returncode == 0

    def cli(
        self, *arguments: str, check: bool = True, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*self.tulle, *arguments],
            env=self.environment,
            cwd=ROOT,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(
                f"tulle {' '.join(arguments)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
            )
        return done

    def apply(self, manifest: str) -> None:
        """Apply and wait until every affected proxy has it."""
        self.cli("apply", "--wait", "-f", "-", stdin=manifest)

    def get(self, *arguments: str) -> Any:
        return json.loads(self.cli("get", *arguments, "-o", "json").stdout)

    def token(self, account: str, *labels: str) -> Path:
        options = [part for label in labels for part in ("--label", label)]
        text = self.cli(
            "token", "create", "--service-account", account, "-n", "test", *options
        ).stdout
        path = self.folder / f"{account}-{len(list(self.folder.iterdir()))}.token"
        path.touch(mode=0o600)
        path.write_text(text)
        return path

    def run(
        self,
        name: str,
        *options: str,
        account: str = "",
        labels: tuple[str, ...] = (),
        command: tuple[str, ...] = (),
    ) -> Process:
        """`tulle run` with a token of its own; see `ready` for when it serves."""
        account = account or name
        token = self.token(account, *labels)
        label_options = [part for label in labels for part in ("--label", label)]
        return self.spawn(
            name,
            *self.tulle,
            "run",
            "--server",
            f"{self.address}:{self.join_port}",
            "--token-file",
            str(token),
            "--service-account",
            account,
            "--namespace",
            "test",
            "--state-dir",
            str(self.folder / f"state-{name}"),
            *label_options,
            *options,
            "--",
            *command,
        )

    def workloads(self, account: str) -> list[dict[str, Any]]:
        items = self.get("workloads", "-n", "test")["items"]
        return [item for item in items if item["spec"].get("serviceAccountName") == account]

    def ready(self, account: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until `count` workloads of an account are Ready."""

        def enough() -> list[dict[str, Any]]:
            found = [w for w in self.workloads(account) if condition(w, "Ready") == "True"]
            return found if len(found) == count else []

        return list(wait_until(enough, f"{count} workload(s) of {account} ready"))

    def end(self) -> None:
        for process in reversed(self.processes):
            if process is not self._server:
                process.popen.terminate() if process.popen.poll() is None else None
        for process in reversed(self.processes):
            process.end()


def condition(resource: dict[str, Any], kind: str) -> str:
    """The status of a condition, "" where there is none."""
    conditions = resource.get("status", {}).get("conditions", [])
    return next((c["status"] for c in conditions if c["type"] == kind), "")


@contextlib.contextmanager
def load(*arguments: str, entry: tuple[str, ...] = ()) -> Iterator[dict[str, Any]]:
    """Traffic for as long as the block lasts (and its minimum); the dict is filled when it ends.

    With --warm it flows when the block begins. `entry`: what comes before a command to run it on a host.
    """
    popen = subprocess.Popen(
        [*entry, *LOAD, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    result: dict[str, Any] = {}
    try:
        if "--warm" in arguments:
            assert popen.stdout
            assert popen.stdout.readline() == b"warm\n", "no traffic flows"
        yield result
        out, _ = popen.communicate(timeout=240)
        result.update(json.loads(out))
    finally:
        if popen.poll() is None:
            popen.kill()
            popen.communicate()


def failures(result: dict[str, Any]) -> dict[str, Any]:
    """What went wrong by kind, empty if nothing did."""
    return {kind: tally["errors"] for kind, tally in result.items() if tally["failed"]}
