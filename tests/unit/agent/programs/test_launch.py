import asyncio
import os
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from tulle.agent.programs import launch
from tulle.agent.programs.children import Child, Inside, start_child

SCRIPT = str(Path(launch.__file__))


async def output_of(code: str, env: dict[str, str] | None = None) -> str:
    child = Child((sys.executable, "-S", "-c", code), env or {}, signal.SIGKILL)
    process = await start_child(child, stdout=PIPE)
    output, _ = await process.communicate()
    return output.decode().strip()


async def test_the_child_leads_a_process_group_of_its_own():
    assert await output_of("import os; print(os.getpgid(0) == os.getpid())") == "True"


async def test_the_child_has_the_environment_that_was_meant_for_it_and_no_more():
    listed = await output_of("import os; print(sorted(os.environ))", {"A": "1", "LC_ALL": "C"})

    assert listed == "['A', 'LC_ALL']"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what a process ignores")
async def test_signals_python_ignores_are_not_ignored_in_the_child():
    child = Child(("/bin/cat", "/proc/self/status"), {}, signal.SIGKILL)
    process = await start_child(child, stdout=PIPE)
    output, _ = await process.communicate()
    ignored = next(line for line in output.decode().splitlines() if line.startswith("SigIgn"))

    assert int(ignored.split()[1], 16) & (1 << (signal.SIGPIPE - 1)) == 0


async def test_a_command_that_vanished_ends_like_in_a_shell():
    process = await start_child(Child(("/no/such/file",), {}, signal.SIGKILL), stderr=PIPE)
    _, said = await process.communicate()

    assert process.returncode == 127
    assert said == b"tulle: /no/such/file: No such file or directory\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a parent's death")
def test_the_child_dies_with_its_parent_however_that_ends():
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import os, subprocess, sys, time\n"
            f"child = subprocess.Popen([sys.executable, '-I', '-S', {SCRIPT!r},"
            f" f'parent={{os.getpid()}}', 'death={int(signal.SIGKILL)}', '--', 'sleep', '60'])\n"
            "print(child.pid, flush=True)\n"
            "time.sleep(60)",
        ],
        stdout=subprocess.PIPE,
    )
    assert parent.stdout
    pid = int(parent.stdout.readline())
    watch = os.pidfd_open(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()

    loop = asyncio.new_event_loop()
    died = asyncio.Event()
    loop.add_reader(watch, died.set)
    loop.run_until_complete(asyncio.wait_for(died.wait(), 10))
    loop.close()
    os.close(watch)


async def test_a_place_that_is_not_there_is_named(tmp_path):
    gone = Inside(netns=tmp_path / "gone")
    child = Child(("/bin/true",), {}, signal.SIGKILL, inside=gone)
    process = await start_child(child, stderr=PIPE)
    _, said = await process.communicate()

    assert process.returncode == 127
    assert said.decode() == f"tulle: {tmp_path}/gone: No such file or directory\n"


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root may enter a namespace"
)
async def test_a_child_runs_in_the_namespace_and_cgroup_it_was_given(tmp_path):
    """Into those it has already: what is tried is the way in, not what is there."""
    (tmp_path / "cgroup.procs").touch()
    place = Inside(cgroup=tmp_path, netns=Path("/proc/self/ns/net"))
    child = Child(("/bin/true",), {}, signal.SIGKILL, inside=place)
    process = await start_child(child)

    assert await process.wait() == 0
    assert (tmp_path / "cgroup.procs").read_text() == "0"


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root may mount anything"
)
async def test_a_child_with_a_resolv_conf_of_its_own_sees_it_and_nobody_else_does(tmp_path):
    own = tmp_path / "resolv.conf"
    own.write_text("nameserver 127.53.0.1\n")
    place = Inside(resolv_conf=own)
    child = Child(("/bin/cat", "/etc/resolv.conf"), {}, signal.SIGKILL, inside=place)
    process = await start_child(child, stdout=PIPE)
    said, _ = await process.communicate()
    beside = await start_child(Child(child.command, {}, signal.SIGKILL), stdout=PIPE)
    here, _ = await beside.communicate()

    assert said == b"nameserver 127.53.0.1\n"
    assert here != said
