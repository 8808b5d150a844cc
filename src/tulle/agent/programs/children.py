"""Starting and ending the two children of an agent, Envoy and the program, so that neither outlives it.

Each is the leader of a process group of its own: a Ctrl-C in the terminal reaches the agent alone, which
decides who hears of it and when; and what a child leaves behind can be ended with it. What shall outlive the
agent is started `detached`, and is from then on a matter of `processes`.
"""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LAUNCHER = str(Path(__file__).with_name("launch.py"))


@dataclass(frozen=True, slots=True)
class Inside:
    """A child's place on a Linux host; None: the agent's own. A folder of cgroup2, a file of a namespace.

    `resolv_conf` is the file it shall see as /etc/resolv.conf; nobody else does.
    """

    cgroup: Path | None = None
    netns: Path | None = None
    resolv_conf: Path | None = None


HERE = Inside()


@dataclass(frozen=True, slots=True)
class Child:
    """What to run. On Linux it gets `death_signal` when this process dies, however that happens."""

    command: Sequence[str]
    env: Mapping[str, str]
    death_signal: signal.Signals
    cwd: str | None = None
    inside: Inside = HERE


async def start_child(
    child: Child,
    *,
    stdin: int | None = DEVNULL,
    stdout: int | None = None,
    stderr: int | None = None,
) -> Process:
    """Run it in a process group of its own; streams as `subprocess` takes them."""
    dying = {"parent": os.getpid(), "death": int(child.death_signal)}
    return await asyncio.create_subprocess_exec(
        *_launch(child, dying),
        env=dict(child.env),
        cwd=child.cwd,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
    )


async def start_detached(child: Child, log: Path) -> int:
    """Run it so that it outlives this process: its process id. What it says of errors goes into the file.

    It may have ended before its id is known; `death_signal` means nothing here.
    """
    launcher = await asyncio.create_subprocess_exec(
        *_launch(child, {"detach": log}),
        env=dict(child.env),
        cwd=child.cwd,
        stdin=DEVNULL,
        stdout=PIPE,
    )
    said, _ = await launcher.communicate()
    return int(said)


def _launch(child: Child, how: Mapping[str, object]) -> Sequence[str]:
    """What `launch` reads."""
    inside = child.inside
    options = {
        **how,
        "cgroup": inside.cgroup,
        "netns": inside.netns,
        "resolv-conf": inside.resolv_conf,
    }
    if "LC_CTYPE" not in child.env:
        options["unset"] = "LC_CTYPE"
    named = (f"{name}={value}" for name, value in options.items() if value is not None)
    return (sys.executable, "-I", "-S", _LAUNCHER, *named, "--", *child.command)


def send_signal(process: Process, signum: int) -> None:
    """Pass a signal to the child itself, if it still runs."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signum)


def kill_group(process: Process) -> None:
    """End the child and everything it started that stayed in its group."""
    send_signal(process, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


async def end_child(process: Process, signum: int, grace_s: float) -> int:
    """Ask the child to end, wait up to `grace_s`, then insist. Returns its code as a shell would."""
    send_signal(process, signum)
    try:
        async with asyncio.timeout(max(grace_s, 0.0)):
            await process.wait()
    except TimeoutError:
        kill_group(process)
    code = await process.wait()
    kill_group(process)  # what it left in its group
    return shell_code(code)


def shell_code(code: int) -> int:
    """128+n for a child that signal n ended."""
    return 128 - code if code < 0 else code
