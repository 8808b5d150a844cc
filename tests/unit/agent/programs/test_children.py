import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop

from tulle.agent.programs.children import (
    Child,
    end_child,
    send_signal,
    shell_code,
    start_child,
    start_detached,
)


async def shell(script: str, **streams):
    return await start_child(
        Child(("/bin/sh", "-c", script), {"PATH": "/usr/bin:/bin"}, signal.SIGKILL), **streams
    )


async def test_a_child_that_obeys_ends_with_its_own_code():
    process = await shell("trap 'exit 7' TERM; echo up; while :; do sleep 0.01; done", stdout=PIPE)
    await process.stdout.readline()

    assert await end_child(process, signal.SIGTERM, grace_s=10) == 7


async def test_a_child_that_does_not_obey_is_killed_after_the_grace():
    process = await shell("trap '' TERM; echo up; while :; do sleep 0.01; done", stdout=PIPE)
    await process.stdout.readline()

    assert await end_child(process, signal.SIGTERM, grace_s=0.05) == 128 + signal.SIGKILL


async def test_what_a_child_leaves_behind_ends_with_it():
    outlet, inlet = os.pipe()
    with os.fdopen(outlet, "rb") as reader:
        process = await shell("sleep 60 & echo up; wait", stdout=inlet)
        os.close(inlet)
        reader.readline()

        await end_child(process, signal.SIGTERM, grace_s=10)

        # The pipe reaches its end only when nobody of the group holds it any more.
        assert await asyncio.wait_for(asyncio.to_thread(reader.read), 10) == b""


async def test_a_signal_to_a_child_that_ended_is_no_error():
    process = await shell("exit 0")
    await process.wait()

    send_signal(process, signal.SIGTERM)


def test_codes_read_as_in_a_shell():
    assert [shell_code(code) for code in (0, 3, -15)] == [0, 3, 143]


def held_by(pid: int) -> Iterator[str]:
    """What a process has open; what it closes meanwhile does not count."""
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            yield str(file.readlink())


@pytest.mark.skipif(sys.platform != "linux", reason="processes are told apart by /proc")
@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_one_that_outlives_us_is_not_waited_for_whatever_loop_we_have(run, tmp_path):
    """It must hold nothing of ours: a loop waits for all who have the other end of a pipe."""

    async def start() -> int:
        async with asyncio.timeout(20):
            return await start_detached(
                Child(("sleep", "60"), os.environ, signal.SIGKILL), tmp_path / "log"
            )

    pid = run(start())
    while "launch.py" in Path(f"/proc/{pid}/cmdline").read_text():
        os.sched_yield()
    held = set(held_by(pid))
    os.kill(pid, signal.SIGKILL)

    # Files it opens itself, as programs do when they begin, hold nobody up.
    assert {os.devnull, str(tmp_path / "log")} <= held
    assert not [end for end in held if end.startswith(("pipe:", "socket:", "anon_inode:"))]
