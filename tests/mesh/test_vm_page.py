"""The page about existing VMs runs, on namespaces acting as its machines; kubectl drives it.

Commands there have the machine's name before `$`. Blocks of any language with `# file: NAME` are written down.
"""

import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.hosts import Host, Network, network
from tests.mesh.meshes import wait_until
from tests.mesh.pages import Command, pattern

pytestmark = pytest.mark.timeout(400)

PAGE = Path(__file__).parent.parent.parent / "docs" / "how-to" / "put-a-vm-on-the-mesh.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^# file: (\S+)\n")
LINE = re.compile(r"(\w+)\$ (.*)")
MACHINES = ("control", "web", "db", "laptop")
NEEDED = ("nginx", "redis-server", "redis-cli", "curl")


class Machines:
    """The page's machines, each with files of its own, and what runs on them in the background."""

    def __init__(self, net: Network, folder: Path) -> None:
        self.net, self.folder = net, folder
        self.background: list[subprocess.Popen[bytes]] = []
        names = "".join(f"{net[name].ipv4} {name}.example\n" for name in MACHINES)
        for name in MACHINES:
            host = net[name]
            host.own("/etc")
            host.own("/run", copy=False)
            host.own("/var/lib", copy=False)
            host.run("mkdir", "-p", "/var/lib/nginx")
            host.run("sh", "-c", "umount /etc/hosts; cat >> /etc/hosts", input=names)
            (folder / f"home-{name}").mkdir(mode=0o700)

    def environment(self, name: str) -> dict[str, str]:
        binaries = Path(sys.executable).parent
        return {
            "PATH": f"{binaries}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.folder / f"home-{name}"),
            "NO_COLOR": "1",
            "COLUMNS": "160",
            "TULLE_DEBUG": "1",
        }

    def run(self, name: str, command: Command) -> None:
        host, shell = self.net[name], ("bash", "-c")
        if command.in_background:
            with (self.folder / "background.log").open("ab") as log:
                words = (
                    *host.entry,
                    *shell,
                    self._there(f"exec {command.line.removesuffix(' &')}"),
                )
                made = subprocess.Popen(words, env=self.environment(name), stdout=log, stderr=log)
            self.background.append(made)
            return
        said: list[str] = []

        def printed() -> bool:
            done = self._done(host, name, command.line)
            said[:] = [done.stdout + done.stderr]
            if command.expected:
                return pattern(command.expected).search(said[0]) is not None
            return done.returncode == 0

        try:
            wait_until(printed, command.line)
        except AssertionError as error:
            log = (self.folder / "background.log").read_text()[-4000:]
            raise AssertionError(
                f"{name}$ {command.line}\n{said[0]}\nwanted:\n{command.expected}\n{log}"
            ) from error

    def _there(self, line: str) -> str:
        """In the folder all machines share: whoever enters a machine starts at its root."""
        return f"cd {self.folder} && {line}"

    def _done(self, host: Host, name: str, line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*host.entry, "bash", "-c", self._there(line)],
            env=self.environment(name),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def leave(self) -> None:
        """Stop everything, last first."""
        for process in reversed(self.background):
            process.send_signal(signal.SIGTERM)
        for process in self.background:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)


def commands(block: str) -> list[tuple[str, Command]]:
    """The commands of a block with their machines."""
    found: list[tuple[str, Command]] = []
    for line in block.splitlines():
        if match := LINE.fullmatch(line):
            found.append((match[1], Command(match[2])))
        elif line.strip():
            found[-1][1].expected.append(line)
    return found


@pytest.fixture
def machines() -> Iterator[Machines]:
    missing = [tool for tool in NEEDED if not shutil.which(tool)]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: `make system` installs them")
    # Short, for sockets lie below it.
    with (
        tempfile.TemporaryDirectory(prefix="vm-") as folder,
        network(*MACHINES, private=True) as net,
    ):
        found = Machines(net, Path(folder))
        try:
            yield found
        finally:
            found.leave()


def test_the_page_does_what_it_says(machines: Machines) -> None:
    for language, text in BLOCK.findall(PAGE.read_text()):
        if name := FILE.match(text):
            (machines.folder / name[1]).write_text(text)
        if language == "console":
            for machine, command in commands(text):
                machines.run(machine, command)
