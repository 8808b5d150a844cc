"""How long the command line takes to start, beside a bare interpreter."""

import subprocess
import sys
import time
from collections.abc import Iterator

from bench.figures import Figure

RUNS = 12


def wall_ms(*command: str) -> float:
    """The fastest of several starts: what the machine's other work adds is not the command's."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - start)
    return min(times) * 1000


def figures() -> Iterator[Figure]:
    """`tulle --help`, and a command that loads its module."""
    bare = wall_ms(sys.executable, "-c", "pass")
    for arguments in (("--help",), ("apply", "--help")):
        value = wall_ms(sys.executable, "-m", "tulle", *arguments)
        yield Figure(
            f"cli start: tulle {' '.join(arguments)}",
            value,
            "ms",
            f"bare python {bare:.0f} ms",
            150,
        )
