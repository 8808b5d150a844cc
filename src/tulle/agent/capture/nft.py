"""The `nft` command: rules go in as one transaction, what there is comes out as JSON."""

import asyncio
import os
import shutil
import signal
from asyncio.subprocess import PIPE
from pathlib import Path

import msgspec

from tulle.agent.errors import AgentError
from tulle.agent.programs.children import Child, Inside, end_child, start_child
from tulle.capture.tables import Table, read_tables

_PATIENCE_S = 10.0
_MORE_PLACES = "/usr/sbin:/sbin"
"""Where it is, and where a user's PATH seldom leads."""


def find() -> str:
    """The command's path; raises AgentError where there is none."""
    found = shutil.which("nft", path=f"{os.environ.get('PATH', os.defpath)}:{_MORE_PLACES}")
    if found is None:
        raise AgentError(
            "nft-missing",
            "capture needs the command nft, and there is none",
            "install nftables: apt install nftables, dnf install nftables",
        )
    return found


async def load(ruleset: str, netns: Path | None = None) -> None:
    """Have a transaction take place, in this namespace or another: all of it or nothing. Raises AgentError."""
    code, _, said = await _run(("-f", "-"), ruleset, netns)
    if code:
        raise AgentError(
            "nft-failed",
            f"nftables refuses the rules: {said.strip()}",
            "nft 1.0.6 and Linux 5.13 take them, with nf_tables, nf_nat, nft_socket and nft_fib_inet",
        )


async def tables(netns: Path | None = None) -> tuple[Table, ...]:
    """Our tables in a namespace. Raises AgentError."""
    code, listing, said = await _run(("-j", "list", "ruleset"), "", netns)
    try:
        if code == 0:
            return read_tables(listing)
        reason = said.strip()
    except msgspec.MsgspecError as error:
        reason = str(error)
    raise AgentError(
        "nft-failed", f"nft does not say what rules there are: {reason}", "run as root"
    )


async def _run(arguments: tuple[str, ...], text: str, netns: Path | None) -> tuple[int, bytes, str]:
    env = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
    child = Child((find(), *arguments), env, signal.SIGKILL, inside=Inside(netns=netns))
    process = await start_child(child, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            listing, said = await process.communicate(text.encode())
    except TimeoutError as error:
        raise AgentError("nft-failed", f"nft says nothing for {_PATIENCE_S:g} s") from error
    finally:
        await end_child(process, signal.SIGKILL, 0.0)
    return process.returncode or 0, listing, said.decode(errors="replace")
