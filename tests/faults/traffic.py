"""The independent client (`tests/mesh/load.py`) in a host of its own right: started, warm, ended, counted."""

import contextlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.faults.place import Place
from tests.mesh.meshes import LOAD, ROOT

HTTP_A_SECOND = 200
LEAST_HTTP = 1000
STREAMS = 20
WARM = 20
END_S = 90


@dataclass(frozen=True, slots=True)
class Tally:
    """What one kind of traffic met. Moments are of the monotonic clock; `failed_at` is the first and last of them."""

    sent: int
    failed: int
    answers: dict[str, int]
    errors: dict[str, int]
    failed_at: tuple[float, ...]
    slowest_s: float


Tallies = dict[str, Tally]


@contextlib.contextmanager
def traffic(place: Place) -> Iterator[Tallies]:
    """All three kinds through the door, warm when the block begins, ended with it; counted afterwards."""
    flags = ("--http", "--grpc", "--tcp")
    places = [word for pair in zip(flags, place.targets(), strict=True) for word in pair]
    rates = ("--http-rate", str(HTTP_A_SECOND), "--streams", str(STREAMS))
    least = ("--minimum", str(LEAST_HTTP), "--warm", str(WARM))
    client = place.host_of("door").popen(
        *(*LOAD, *places, *rates, *least),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    tallies: Tallies = {}
    try:
        assert client.stdout
        assert client.stdout.readline() == "warm\n", "no traffic flows"
        yield tallies
        out, _ = client.communicate(timeout=END_S)
        tallies.update((kind, _tally(found)) for kind, found in json.loads(out).items())
    finally:
        if client.poll() is None:
            client.kill()
        client.communicate()


def _tally(found: dict[str, Any]) -> Tally:
    return Tally(**{**found, "failed_at": tuple(found["failed_at"])})
