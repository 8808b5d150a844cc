import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.hosts import network, why_not

from tulle.agent.capture import cgroups
from tulle.agent.capture.cgroups import Cgroups
from tulle.agent.errors import AgentError
from tulle.agent.programs.children import Child, Inside, start_child

SLEEP = (sys.executable, "-c", "import time; print('here', flush=True); time.sleep(60)")


@pytest.fixture
def mine() -> Iterator[Cgroups]:
    if reason := why_not():
        assert "CI" not in os.environ, reason
        pytest.skip(reason)
    found = cgroups.of_workload(f"tulle_test{os.getpid()}")
    found.make()
    yield found
    for folder in (found.program, found.proxy, found.folder):
        if folder.exists():
            folder.rmdir()


def place_of(pid: int) -> str:
    """In the tree of version 2, which comes last."""
    return Path(f"/proc/{pid}/cgroup").read_text().splitlines()[-1]


async def test_a_child_starts_in_its_group_and_what_it_starts_stays_there(mine: Cgroups) -> None:
    child = Child(SLEEP, dict(os.environ), signal.SIGKILL, inside=Inside(mine.program))
    process = await start_child(child, stdout=subprocess.PIPE)
    assert process.stdout
    await process.stdout.readline()

    assert place_of(process.pid).endswith("/program")
    assert mine.running() == 1
    await mine.remove()
    assert await process.wait() == -signal.SIGKILL
    assert not mine.folder.exists()


def test_making_twice_is_making_once(mine: Cgroups) -> None:
    mine.make()

    assert mine.running() == 0


async def test_removing_what_is_not_there_is_no_error(mine: Cgroups) -> None:
    await mine.remove()
    await mine.remove()


def test_rules_name_a_group_below_the_folder_nft_looks_in_with_its_depth_in_the_tree(
    mine: Cgroups,
) -> None:
    named = mine.named(mine.program)

    assert cgroups.FOLDER / named.path == mine.program
    assert named.level == 3


def test_the_group_of_a_program_that_is_not_ours_is_found_below_the_tree(mine: Cgroups) -> None:
    mine.make()
    assert mine.existing(str(mine.program.relative_to(mine.tree))) == mine.program

    with pytest.raises(AgentError) as caught:
        mine.existing("no-such.slice/x.service")
    assert caught.value.problem.code == "cgroup-missing"


def test_an_earlier_capture_is_found_by_its_folder(mine: Cgroups) -> None:
    assert cgroups.at(mine.folder) == mine


async def test_a_host_without_control_groups_of_version_2_gets_them() -> None:
    """In mounts of its own: /sys is mounted anew there, as `ip netns exec` does it."""
    script = (
        "import asyncio; from tulle.agent.capture import cgroups;"
        "one = cgroups.of_workload('tulle_fresh'); one.make(); print(one.named(one.proxy));"
        "asyncio.run(one.remove())"
    )
    with network("vm", private=True) as net:
        net["vm"].run("mount", "-t", "sysfs", "sysfs", "/sys")
        said = net["vm"].run(sys.executable, "-c", script).stdout

    assert said.strip() == "Cgroup(path='tulle/tulle_fresh/proxy', level=3)"


def test_what_cannot_be_made_says_what_is_needed(tmp_path: Path) -> None:
    (tmp_path / "tulle").write_text("a file")

    with pytest.raises(AgentError, match="cgroup-unusable"):
        Cgroups(tmp_path, tmp_path / "tulle" / "one").make()
