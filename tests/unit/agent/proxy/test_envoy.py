"""With a real Envoy, which is told nothing: it only has to start, be watched and end."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tulle.agent.errors import AgentError
from tulle.agent.events import Notice
from tulle.agent.proxy.admin import AdminError
from tulle.agent.proxy.envoy import Envoy, EnvoyPaths, EnvoyStart, last_lines, proxy_version
from tulle.settings import find_envoy

BINARY = find_envoy(os.environ)
assert isinstance(BINARY, Path)


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="asks the socket who listens")


class Bench:
    """An Envoy under supervision, and what was said of it."""

    def __init__(self, folder: Path, binary: Path = BINARY) -> None:
        self.paths = EnvoyPaths(
            bootstrap=folder / "envoy.json",
            admin=folder / "admin.sock",
            base_id=folder / "base-id",
            log=folder / "envoy.log",
        )
        self.notices: list[str] = []
        self.told = asyncio.Event()
        self.envoy = Envoy(EnvoyStart(binary, drain_s=1.0), self.paths, self._tell)

    def configure(self, **more: object) -> None:
        admin = {"address": {"pipe": {"path": str(self.paths.admin)}}}
        node = {"id": "shop/web-1", "cluster": "shop/web"}
        self.paths.bootstrap.write_text(json.dumps({"node": node, "admin": admin, **more}))

    def _tell(self, notice: Notice) -> None:
        self.notices.append(notice.text)
        self.told.set()

    def base_id(self) -> str:
        return self.paths.base_id.read_text()

    def shared_memory(self, base_id: str) -> Path:
        return Path(f"/dev/shm/envoy_shared_memory_{base_id}0")

    async def pid(self) -> int:
        """Envoy's process, by who listens on its admin socket."""
        _, writer = await asyncio.open_unix_connection(str(self.paths.admin))
        credentials = writer.get_extra_info("socket").getsockopt(1, 17, 12)  # SO_PEERCRED
        writer.close()
        return int.from_bytes(credentials[:4], "little")


@asynccontextmanager
async def running(bench: Bench) -> AsyncIterator[Envoy]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(bench.envoy.run())
        try:
            yield bench.envoy
        finally:
            task.cancel()


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    bench.configure()
    return bench


async def test_it_starts_becomes_ready_and_ends_without_a_trace(bench):
    async with running(bench) as envoy:
        await envoy.ready.wait()
        assert await envoy.admin.is_ready()
        base_id = bench.base_id()
        assert bench.shared_memory(base_id).exists()

    assert not envoy.ready.is_set()
    assert not await envoy.admin.is_ready()
    assert not bench.shared_memory(base_id).exists()
    assert not bench.paths.admin.exists()
    assert bench.notices == []


@LINUX
async def test_killed_it_is_started_again_and_its_memory_taken_away(bench):
    async with running(bench) as envoy:
        await envoy.ready.wait()
        base_id, pid = bench.base_id(), await bench.pid()
        os.kill(pid, signal.SIGKILL)
        await bench.told.wait()
        assert not envoy.ready.is_set()
        await envoy.ready.wait()

        assert await bench.pid() != pid
        assert envoy.lives == 2
        assert not bench.shared_memory(base_id).exists()
    assert bench.notices == ["Envoy ended with 137; starting it again"]


async def test_one_that_cannot_start_is_given_up_with_its_own_words(bench):
    bench.configure(nonsense=1)

    with pytest.raises(AgentError) as caught:
        await bench.envoy.run()

    assert caught.value.problem.code == "envoy-fails"
    assert "nonsense" in caught.value.problem.message
    assert str(bench.paths.log) in caught.value.problem.hint


@LINUX
async def test_one_that_served_once_is_tried_until_it_serves_again(bench):
    async with running(bench) as envoy:
        await envoy.ready.wait()
        bench.configure(nonsense=1)
        os.kill(await bench.pid(), signal.SIGKILL)
        while len(bench.notices) < 4:
            bench.told.clear()
            await bench.told.wait()
        bench.configure()

        await envoy.ready.wait()


async def test_an_envoy_left_behind_by_a_killed_agent_is_ended_first(bench):
    command = ("--config-path", str(bench.paths.bootstrap), "--use-dynamic-base-id", "-l", "off")
    stranger = await asyncio.create_subprocess_exec(BINARY, *command)
    await bench.envoy._become_ready()
    bench.envoy.ready.clear()

    async with running(bench) as envoy:
        assert await stranger.wait() == 0
        await envoy.ready.wait()


async def test_every_agent_starts_a_log_and_keeps_the_one_before(bench):
    bench.paths.log.write_text("of last time\n")
    async with running(bench) as envoy:
        await envoy.ready.wait()

    assert bench.paths.log.with_suffix(".log.1").read_text() == "of last time\n"
    assert "of last time" not in bench.paths.log.read_text()


async def test_an_admin_that_is_away_is_an_error_of_its_own(bench):
    with pytest.raises(AdminError):
        await bench.envoy.admin.stats("format=json")


async def test_the_binary_says_its_version():
    assert (await proxy_version(BINARY)).startswith("1.")


async def test_a_binary_that_is_no_envoy_is_named():
    with pytest.raises(AgentError) as caught:
        await proxy_version(Path("/bin/true"))

    assert caught.value.problem.code == "envoy-unusable"


def test_the_end_of_a_log_is_indented_and_short(tmp_path):
    log = tmp_path / "log"
    log.write_text("".join(f"line {number}\n" for number in range(9)))

    assert last_lines(log, 2) == "  line 7\n  line 8"
    assert last_lines(tmp_path / "none") == "  (it wrote no log)"
