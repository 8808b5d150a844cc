"""Simulated agents (as `bench.fleet` has them) that come back by themselves, with the back-off of real ones.

`python -m tests.faults.crowd XDS_ADDRESS KEYS_FOLDER NUMBER` is a process of them. It prints `here` whenever the
last of them has its whole configuration: after the start, and again each time after all had lost their streams.
"""

import asyncio
import contextlib
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import uvloop
from bench import worlds
from bench.fleet import Agent, Fleet, certified
from tests.faults.place import Place
from tests.mesh.meshes import ROOT

from tulle.agent.control.backoff import Backoff
from tulle.codec.encode import to_yaml
from tulle.model.kinds.workload import Workload

SERVICES = 50
BACK_WITHIN_S = 60.0


def workloads(number: int) -> list[Workload]:
    """So many, spread over the services; each calls a few of them."""
    return [worlds.workload(one % SERVICES, one // SERVICES, SERVICES) for one in range(number)]


class Muster:
    """Who is here."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._here: set[str] = set()
        self._all_left = True

    def arrived(self, name: str) -> None:
        self._here.add(name)
        if self._all_left and len(self._here) == self._number:
            self._all_left = False
            sys.stdout.write("here\n")
            sys.stdout.flush()

    def left(self, name: str) -> None:
        self._here.discard(name)
        self._all_left = self._all_left or not self._here


async def stay(agent: Agent, address: str, keys: Path, muster: Muster) -> None:
    """Connected whenever that is possible."""
    trust, backoff = certified(agent.name, keys), Backoff(0.1, most_s=5.0)
    while True:
        connected = asyncio.Event()
        with contextlib.suppress(BaseExceptionGroup):
            async with asyncio.TaskGroup() as group:
                group.create_task(agent.run(address, trust, connected))
                await connected.wait()
                muster.arrived(agent.name)
                backoff.reset()
        muster.left(agent.name)
        await asyncio.sleep(backoff.next_s())


async def run(address: str, keys: Path, number: int) -> None:
    muster = Muster(number)
    fleet = Fleet(iter(workloads(number)))
    async with asyncio.TaskGroup() as group:
        for agent in fleet.agents.values():
            group.create_task(stay(agent, address, keys, muster))


@contextlib.contextmanager
def crowd(place: Place, number: int) -> Iterator[Callable[[], None]]:
    """They are there; the function returns once all of them have come back after all had gone."""
    resources = [*map(worlds.service, range(SERVICES)), *workloads(number)]
    manifest = place.folder / "crowd.yaml"
    manifest.write_text(to_yaml(resources))
    place.cli("apply", "-f", str(manifest))
    address, keys = f"{place.address}:{place.xds_port}", place.data / "pki"
    words = (sys.executable, "-m", "tests.faults.crowd", address, str(keys), str(number))
    process = place.net["control"].popen(*words, stdout=subprocess.PIPE, cwd=ROOT)

    def come_back() -> None:
        assert process.stdout
        ready, _, _ = select.select([process.stdout], [], [], BACK_WITHIN_S)
        assert ready, f"not all of {number} agents are here after {BACK_WITHIN_S:.0f} s"
        assert process.stdout.readline() == b"here\n", "the simulated agents are gone"

    try:
        come_back()
        yield come_back
    finally:
        process.kill()
        process.communicate()
        place.cli("delete", "-f", str(manifest))


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
