"""Starting and stopping our services where systemd runs; where it does not, saying what there is to do."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tulle.cli.install.units import AGENT

LIMIT_S = 90.0
_AGENT_SOCKET = Path("/run/tulle/agent.sock")


def is_running() -> bool:
    """Whether systemd is the init of this machine."""
    return Path("/run/systemd/system").is_dir()


def start(services: Iterable[str]) -> Iterator[str]:
    """Have them run, with the units there are now."""
    yield from _systemctl("daemon-reload")
    for service in services:
        # An agent that runs is replaced without dropping anything: that is what its unit is made for.
        yield from _systemctl("restart", service)


def stop(services: Iterable[str]) -> Iterator[str]:
    """End what runs: drained first, and nothing of it left in the kernel."""
    if os.access(_AGENT_SOCKET, os.R_OK | os.W_OK):
        yield from _run(sys.executable, "-m", "tulle", "agent", "end")
    if is_running():
        for service in services:
            yield from _systemctl("stop", service)
    if os.geteuid() == 0 and sys.platform == "linux":
        yield from _run(sys.executable, "-m", "tulle", "capture", "clean", "--all")


def after_removal() -> Iterator[str]:
    """Let systemd forget the units that are gone."""
    if is_running():
        yield from _systemctl("daemon-reload")
        yield from _systemctl("reset-failed", "tulle-*")


def by_hand(services: Iterable[str]) -> Iterator[str]:
    """What to do where we cannot."""
    names = " ".join(services)
    yield "systemd does not run here: the services begin with the machine (they are enabled)"
    yield f"to start them now, where it does: systemctl daemon-reload && systemctl restart {names or AGENT}"


def _systemctl(*words: str) -> Iterator[str]:
    yield from _run("systemctl", "--no-pager", *words)


def _run(*command: str) -> Iterator[str]:
    shown = " ".join(command).replace(f"{sys.executable} -m ", "")
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=LIMIT_S, check=False, errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        yield f"{shown}: {exc}"
        return
    said = (done.stdout + done.stderr).strip()
    yield f"{shown}: {'done' if done.returncode == 0 else 'failed'}{f' ({said})' if said else ''}"
