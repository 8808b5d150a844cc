"""With real processes: what outlives its starter must be told apart from whoever has its number later."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tulle.agent.programs.children import Child, start_child, start_detached
from tulle.agent.programs.processes import Mark, adopt, mark_of, with_argument

SLEEPER = (sys.executable, "-S", "-c", "import time; time.sleep(60)")


async def sleeper(tmp_path: Path, *more: str) -> int:
    child = Child((*SLEEPER, *more), {}, signal.SIGKILL)
    return await start_detached(child, tmp_path / "log")


async def test_what_is_detached_is_no_child_of_ours_and_leads_a_session(tmp_path):
    pid = await sleeper(tmp_path)
    mark = mark_of(pid)
    try:
        assert os.getsid(pid) == pid
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)  # noqa: ASYNC222 - it does not wait
    finally:
        adopt(mark).signal(signal.SIGKILL)


async def test_an_adopted_process_is_waited_for_by_as_many_as_like(tmp_path):
    adopted = adopt(mark_of(await sleeper(tmp_path)))
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(adopted.wait())
        group.create_task(adopted.wait())
        await asyncio.sleep(0)
        adopted.signal(signal.SIGTERM)
    assert adopt(adopted.mark) is None


async def test_a_number_that_somebody_else_has_by_now_is_not_adopted():
    mine = mark_of(os.getpid())
    assert adopt(mine) is not None
    assert adopt(Mark(os.getpid(), "of another time")) is None


async def test_a_process_that_only_waits_to_be_buried_does_not_run():
    process = await start_child(
        Child(("/bin/cat",), {}, signal.SIGKILL), stdin=asyncio.subprocess.PIPE
    )
    mark = mark_of(process.pid)
    process.kill()
    await process.wait()
    assert adopt(mark) is None


async def test_a_signal_to_one_that_ended_is_no_error(tmp_path):
    adopted = adopt(mark_of(await sleeper(tmp_path)))
    adopted.signal(signal.SIGKILL)
    await adopted.wait()
    adopted.signal(signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets us look at arguments")
async def test_processes_are_found_by_how_an_argument_begins(tmp_path):
    adopted = adopt(mark_of(await sleeper(tmp_path, f"{tmp_path}/envoy-1.json")))
    try:
        while not (found := list(with_argument(f"{tmp_path}/envoy-"))):  # noqa: ASYNC110
            await asyncio.sleep(0)  # it may still be becoming what it was started as
        assert found == [adopted.mark]
        assert list(with_argument(f"{tmp_path}/nobody-")) == []
    finally:
        adopted.signal(signal.SIGKILL)


async def test_what_a_detached_process_says_of_errors_is_in_its_log(tmp_path):
    pid = await start_detached(Child(("/no/such/file",), {}, signal.SIGKILL), tmp_path / "log")
    while mark_of(pid):  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert (tmp_path / "log").read_text() == "tulle: /no/such/file: No such file or directory\n"
    assert (tmp_path / "log").stat().st_mode & 0o077 == 0
