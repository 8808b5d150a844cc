"""A mesh on namespaces acting as hosts, with captured programs that do what a test tells them (`puppet`).

Everything goes through the command line, as a user's would. Nothing here imports the product.
"""

import contextlib
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.hosts import Host, Network, network
from tests.mesh.meshes import TULLE, Mesh, Process, condition, wait_until

HERE = Path(__file__).parent
PYTHON = shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable
"""One that every user may run, where there is such; the scripts need its standard library alone."""
PUPPET = (PYTHON, str(HERE / "puppet.py"))
TELL = (PYTHON, str(HERE / "tell.py"))


@dataclass
class Puppet:
    """A program of ours somewhere on a host, beside its proxy."""

    name: str
    process: Process
    socket: Path
    state_dir: Path
    teller: tuple[str, ...] = TELL

    def do(self, *words: str, check: bool = True) -> str:
        """Have it run a command; what that printed."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(30)
            line.connect(str(self.socket))
            line.sendall(json.dumps(words).encode() + b"\n")
            with line.makefile() as answer:
                code, out, err = json.loads(answer.readline())
        assert not check or code == 0, f"{self.name}: {words}: {code}\n{out}\n{err}"
        return str(out).strip()

    def curl(self, url: str, *options: str) -> str:
        return self.do("curl", "-sS", "--max-time", "8", *options, url, check=False)

    def tell(self, *words: str) -> str:
        """What comes of a connection it makes, see `tell`."""
        return self.do(*self.teller, *words)

    def passed_through(self) -> int:
        """How many connections its own proxy has passed on for it."""
        admin = self.state_dir / "admin.sock"
        url = "http://envoy/stats?filter=passthrough"
        ask = ("curl", "-sS", "--unix-socket", str(admin), url)
        said = subprocess.run(ask, capture_output=True, text=True, check=True, timeout=20).stdout
        counts = [line for line in said.splitlines() if "downstream_cx_total" in line]
        return sum(int(line.split(":")[-1]) for line in counts)


@dataclass
class Field(Mesh):
    """The mesh's control plane on the host `control`; workloads anywhere."""

    net: Network = field(default_factory=lambda: Network(""))

    def __post_init__(self) -> None:
        self.join_port, self.xds_port = 15010, 15012

    def begin(self) -> None:
        """Start the control plane where every host reaches it."""
        here = self.net["control"]
        self._server = self.spawn(
            "server",
            *here.entry,
            *TULLE,
            "server",
            *("--data-dir", str(self.folder / "data"), "--api-socket", str(self.socket)),
            *("--join-address", f"{here.ipv4}:{self.join_port}"),
            *("--xds-address", f"{here.ipv4}:{self.xds_port}"),
            *("--api-address", "127.0.0.1:0"),
        )
        wait_until(lambda: self.cli("get", "meshes", check=False).returncode == 0, "the API")

    def puppet(self, host: Host, name: str, *options: str, serves: tuple[str, ...] = ()) -> Puppet:
        """A captured program on a host; `serves` as `puppet` takes it. Returns when it takes traffic."""
        path = self.folder / f"{name}.sock"
        process = self.join(host, name, *options, command=(*PUPPET, str(path), *serves))
        self.ready(name)
        wait_until(path.exists, f"{name} listens")
        return Puppet(name, process, path, self.folder / f"state-{name}")

    def agent(self, host: Host) -> Process:
        """The agent of a host, at `agent.sock` of our folder. Another one takes over from one that was killed."""
        door = ("--socket", str(self.folder / "agent.sock"))
        places = (
            "--state-dir",
            str(self.folder / "host"),
            "--workloads",
            str(self.folder / "none"),
        )
        started = self.spawn("agent", *host.entry, *TULLE, "agent", *door, *places)
        wait_until(
            lambda: self.cli("agent", "status", *door, check=False).returncode == 0,
            "the agent answers",
        )
        return started

    def stranger(self, host: Host, name: str, *serves: str) -> Puppet:
        """A program of no mesh."""
        path = self.folder / f"{name}.sock"
        words = (*host.entry, "env", f"PUPPET={name}", *PUPPET, str(path), *serves)
        process = self.spawn(name, *words)
        wait_until(path.exists, f"{name} listens")
        return Puppet(name, process, path, Path())

    def join(self, host: Host, name: str, *options: str, command: tuple[str, ...] = ()) -> Process:
        """`tulle run` on a host."""
        token = self.token(name, f"app={name}")
        return self.spawn(
            name,
            *host.entry,
            "env",
            f"PUPPET={name}",
            *TULLE,
            "run",
            *("--server", f"{self.net['control'].ipv4}:{self.join_port}"),
            *("--token-file", str(token), "--service-account", name, "--namespace", "test"),
            *("--state-dir", str(self.folder / f"state-{name}"), "--label", f"app={name}"),
            *("--drain", "1s", *options),
            "--",
            *command,
        )

    def service(self, name: str, *ports: str, headless: bool = False) -> None:
        """A Service of the programs of this name; ports as `name:number:target[:protocol]`."""
        split = [port.split(":") for port in ports]
        lines = "\n".join(
            f"    - {{name: {one[0]}, port: {one[1]}, targetPort: {one[2]},"
            f" appProtocol: {one[3] if len(one) > 3 else one[0]}}}"
            for one in split
        )
        none = "\n  clusterIP: None" if headless else ""
        self.cli(
            "apply",
            "-f",
            "-",
            stdin=(
                "apiVersion: v1\nkind: Service\n"
                f"metadata: {{name: {name}, namespace: test}}\n"
                f"spec:{none}\n  selector: {{app: {name}}}\n  ports:\n{lines}\n"
            ),
        )

    def addresses(self, service: str) -> tuple[str, str]:
        """The virtual ones of a Service: IPv4, IPv6."""
        found = wait_until(
            lambda: (
                self.get("service", service, "-n", "test").get("status", {}).get("virtualAddresses")
            ),
            f"{service} has addresses",
        )
        v4 = next(one for one in found if ":" not in one)
        return v4, next(one for one in found if ":" in one)

    def settled(self) -> None:
        """Wait until every proxy has what there is."""

        def everybody() -> bool:
            shown = json.loads(self.cli("proxy", "status", "-o", "json").stdout)
            return all(proxy["inSync"] for proxy in shown["proxies"])

        wait_until(everybody, "proxies in sync")

    def capture(
        self, host: Host, *words: str, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """`tulle capture …` on a host."""
        return host.run(*TULLE, "capture", *words, check=check, env=self.environment)

    def captures(self, host: Host) -> dict[str, dict[str, Any]]:
        """What `tulle capture show` says there of ours, by workload."""
        shown = json.loads(self.capture(host, "show", "-o", "json").stdout)["captures"]
        ours = [one for one in shown if one["stateDir"].startswith(str(self.folder))]
        return {one["workload"]: one for one in ours}


@contextlib.contextmanager
def field_of(folder: Path, *hosts: str) -> Iterator[Field]:
    """Hosts with a running control plane."""
    with network("control", *hosts) as net:
        made = Field(folder, net=net)
        try:
            made.begin()
            yield made
        finally:
            made.end()


def tables(host: Host) -> list[str]:
    """The names of our tables on a host."""
    listed = host.run("nft", "list", "tables").stdout
    return [line.split()[-1] for line in listed.splitlines() if "tulle_" in line]


__all__ = ["Field", "Puppet", "condition", "field_of", "tables"]
