"""What this process holds and shares with nobody: what the host's agent reports of itself."""

from pathlib import Path

_ROLLUP = Path("/proc/self/smaps_rollup")


def private_bytes() -> int | None:
    """Pages of this process alone, in bytes; None where the system does not tell (only Linux does)."""
    try:
        lines = _ROLLUP.read_text().splitlines()
    except OSError:
        return None
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
