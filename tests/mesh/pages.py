"""Runs the code blocks of a documentation page, in order, in one folder, as a reader would.

- A `yaml` or `python` block whose first line is `# file: NAME` is written to NAME; every `yaml` block must
  validate, unless it is for the agent of a host (`workloads.d/`), which has its own say about it.
- A `console` block: lines with `$ ` are commands, what follows is what they print. `…` stands for any text,
  runs of blanks count as one. A command that ends with ` &` runs in the background until the page ends.
- A command with expected output is repeated until it prints it: pages say what a reader sees when it has
  settled, and nothing sleeps.
"""

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.mesh.meshes import wait_until

BLOCK = re.compile(r"^```(yaml|python|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^# file: (\S+)\n")
JOIN_ADDRESS = "127.0.0.1:15010"
"""Where pages say that workloads join. Another mesh of this machine may have it: then what `tulle up` printed counts."""
JOINS_AT = re.compile(r"join at (\S+)")


@dataclass
class Command:
    """One command of a page and the lines it should print."""

    line: str
    expected: list[str] = field(default_factory=list)

    @property
    def in_background(self) -> bool:
        return self.line.endswith(" &")


def blocks(page: Path) -> list[tuple[str, str]]:
    """Language and text of every block that runs."""
    return [(match[1], match[2]) for match in BLOCK.finditer(page.read_text())]


def commands(block: str) -> list[Command]:
    """The commands of a console block; a trailing backslash continues a line."""
    found: list[Command] = []
    for line in block.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            found.append(Command(line[2:]))
        elif line.strip():
            found[-1].expected.append(line)
    return found


def pattern(expected: list[str]) -> re.Pattern[str]:
    """What the output must contain: the lines in order, `…` for anything, blanks loosely."""
    lines = [
        r"[^\n]*?".join(
            re.sub(r"(\\ )+", r"\\s+", re.escape(part.strip())) for part in line.split("…")
        )
        for line in expected
    ]
    return re.compile(r"[^\n]*\n(?:.*\n)*?[^\n]*?".join(lines))


class Reader:
    """Somebody following pages in a folder with a mesh of their own, perhaps on a host of their own (`entry`)."""

    def __init__(self, folder: Path, entry: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.entry = entry
        self.background: list[subprocess.Popen[bytes]] = []
        binaries = Path(sys.executable).parent
        self.environment = {
            **os.environ,
            "PATH": f"{binaries}:{os.environ['PATH']}",
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "XDG_STATE_HOME": str(folder / "state"),
            "NO_COLOR": "1",
            "COLUMNS": "160",
            "KUBECONFIG": str(folder / "kubeconfig"),
            "KUBECACHEDIR": str(folder / "kube-cache"),
        }
        (folder / "run").mkdir(mode=0o700)

    def follow(self, page: Path) -> None:
        """Do everything the page says."""
        for language, text in blocks(page):
            if language == "console":
                for command in commands(text):
                    self.run(command)
                continue
            if name := FILE.match(text):
                (self.folder / name[1]).write_text(text)
            if language == "yaml" and not (name and name[1].startswith("workloads.d/")):
                done = self._shell("tulle validate -f -", stdin=text)
                assert done.returncode == 0, f"{page.name}: {done.stderr}\n{text}"

    def run(self, command: Command) -> None:
        command.line = command.line.replace(JOIN_ADDRESS, self._join_address())
        if command.in_background:
            with (self.folder / "background.log").open("ab") as log:
                self.background.append(
                    subprocess.Popen(
                        [*self.entry, "bash", "-c", f"exec {command.line.removesuffix(' &')}"],
                        cwd=self.folder,
                        env=self.environment,
                        stdout=log,
                        stderr=log,
                        stdin=subprocess.DEVNULL,
                    )
                )
            return
        last: list[str] = []

        def printed() -> bool:
            done = self._shell(command.line)
            last[:] = [done.stdout + done.stderr]
            if command.expected:
                return pattern(command.expected).search(last[0]) is not None
            return done.returncode == 0

        try:
            wait_until(printed, command.line)
        except AssertionError as error:
            log = self.folder / "background.log"
            tail = log.read_text()[-3000:] if log.exists() else ""
            raise AssertionError(
                f"$ {command.line}\n{last[0]}\nwanted:\n" + "\n".join(command.expected) + tail
            ) from error

    def _join_address(self) -> str:
        log = self.folder / "background.log"
        found = JOINS_AT.search(log.read_text()) if log.exists() else None
        return found[1] if found else JOIN_ADDRESS

    def _shell(self, line: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.entry, "bash", "-c", line],
            cwd=self.folder,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def leave(self) -> None:
        """Ctrl-C everything that runs in the background, last first."""
        for process in reversed(self.background):
            process.send_signal(signal.SIGINT)
        for process in self.background:
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
