"""CPU and memory of processes, from /proc (Linux)."""

import os
from collections.abc import Iterable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far: nanoseconds of the scheduler where it tells them."""
    total = 0.0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0]) / 1e9
        except (FileNotFoundError, ProcessLookupError):
            continue
    if total:
        return total
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def total_cpu_seconds(pids: Iterable[int]) -> float:
    """Of several processes together."""
    return sum(cpu_seconds(pid) for pid in pids)


def private_mb(pid: int) -> float:
    """Memory the process wrote and nobody shares, in MiB. The binary's text is shared by all Envoys of a host."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    kb = next(
        int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private_Dirty")
    )
    return kb / 1024


def resident_mb(pid: int) -> float:
    """All memory of the process in RAM, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return (
        next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
        / 1024
    )
