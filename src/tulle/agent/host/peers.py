"""Who is at the other end of the socket, and what that one may do. The kernel says who it is; nobody else is asked.

Root may do everything. A user may have workloads carried and see their own. Only root and the agent's own user
may end the agent or take its place. On a host whose kernel does not tell (macOS), the socket is the agent's
user's alone.
"""

import os
import socket
import struct
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tulle.dns.wishes import DnsMode
from tulle.model.problems import Problem

_CREDENTIALS = struct.Struct("3i")
_PRIVILEGED_BELOW = 1024
_FOR_ROOT = ("capture", "cgroup", "netns")
"""Words that change the host for others, or name a place of theirs; only who may do so anyway may use them."""
_DNS_FOR_ROOT = frozenset(mode for mode in DnsMode if mode.needs_port_53)


@dataclass(frozen=True, slots=True)
class Peer:
    """A process and its user. `pid` 0: it is not of this agent's process namespace."""

    pid: int
    uid: int


def peer_of(connection: socket.socket) -> Peer:
    """As the kernel recorded it when the peer connected."""
    if sys.platform != "linux":
        return Peer(0, os.getuid())
    size = _CREDENTIALS.size
    pid, uid, _ = _CREDENTIALS.unpack(
        connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    )
    return Peer(pid, uid)


def network(pid: int | str = "self") -> str:
    """The network a process lives in, as text to compare; "" where it cannot be told."""
    try:
        return str(Path(f"/proc/{pid}/ns/net").stat().st_ino)
    except OSError:
        return ""


def may_command(peer: Peer, own_uid: int) -> bool:
    """Whether the peer may end the agent, or take its place."""
    return peer.uid in {0, own_uid}


def may_see(peer: Peer, own_uid: int, owner_uid: int) -> bool:
    """Whether the peer may see a workload."""
    return peer.uid in {0, own_uid, owner_uid}


def objection(
    peer: Peer, own_uid: int, words: Mapping[str, str | Sequence[str]], local_ports: Sequence[int]
) -> Problem | None:
    """Why the peer may not have a workload of these flags carried, if it may not.

    An agent that runs as root must do for a user only what the user could have done without it.
    """
    if peer.pid == 0:
        return Problem(
            "",
            "process-unseen",
            "the host's agent cannot see your process: it is of another process namespace",
            "run it without the agent: --no-agent",
        )
    return None if may_command(peer, own_uid) else _for_root_alone(words, local_ports)


def _for_root_alone(
    words: Mapping[str, str | Sequence[str]], local_ports: Sequence[int]
) -> Problem | None:
    if named := [word for word in _FOR_ROOT if words.get(word, "none") != "none"]:
        return Problem(
            f"--{named[0]}", "needs-root", "only root may capture traffic", "leave it out"
        )
    if words.get("dns") in _DNS_FOR_ROOT:
        return Problem(
            "--dns",
            "needs-root",
            f"only root may have {words['dns']}: it answers on port 53",
            "answer on another port with --dns port",
        )
    if low := [port for port in local_ports if port < _PRIVILEGED_BELOW]:
        return Problem(
            "", "needs-root", f"only root may listen on port {low[0]}", "choose one above 1023"
        )
    return None
