"""What the host's agent and those who come to it say to each other: one JSON object a line, over its socket.

The agent speaks first (`Welcome`), so that who comes knows its version and network before giving anything away.
Then a `tulle run` says `Join` and talks about its workload until it hangs up; a command asks one question.

Versions are MAJOR.MINOR. Another major is refused. Within one, what the newer side adds the older one ignores:
unknown fields always, unknown frames too (`decode` gives None).
"""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from tulle.agent.host.reports import HostReport
from tulle.agent.tenants import Given

MAJOR, MINOR = 1, 0
VERSION = f"{MAJOR}.{MINOR}"

LONGEST = 256 * 1024
"""Bytes of a line; who says more is not one of ours."""


class HostFrame(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field="type", omit_defaults=True
):
    """One line."""


class Welcome(HostFrame, frozen=True, kw_only=True, tag="welcome"):
    """The first thing the agent says. `network` is the inode of its network namespace, "" where there are none."""

    version: str
    software: str
    pid: int
    uid: int
    network: str = ""


# From `tulle run`.


class Join(HostFrame, frozen=True, kw_only=True, tag="join"):
    """Carry my workload, or go on carrying it: `words` are the flags of `tulle run`, the environment's included.

    `state_dir` is where the workload would keep its state without an agent, "" if nobody said; `token` the text
    of the join token, "" if there is none (any more).
    """

    version: str
    words: Mapping[str, str | tuple[str, ...]]
    state_dir: str = ""
    token: str = ""

    def __repr__(self) -> str:
        return f"Join({dict(self.words)!r}, token redacted)"


class Health(HostFrame, frozen=True, kw_only=True, tag="health"):
    """The program can take traffic from now on, or cannot."""

    healthy: bool
    reason: str = ""


class Leave(HostFrame, frozen=True, kw_only=True, tag="leave"):
    """Have callers told; with `drain`, wait for them too. `Left` answers."""

    deadline_s: float
    drain: bool = False


class Hurry(HostFrame, frozen=True, kw_only=True, tag="hurry"):
    """Do not wait for callers any longer."""


class Goodbye(HostFrame, frozen=True, kw_only=True, tag="goodbye"):
    """The program has ended: nothing of the workload is needed any more."""


# From commands.


class Ask(HostFrame, frozen=True, kw_only=True, tag="ask"):
    """What do you carry? `Report` answers."""


class HandOver(HostFrame, frozen=True, kw_only=True, tag="hand-over"):
    """Let me be the agent: keep proxies and programs running, and go. `HandingOver` answers, then the line ends."""


class End(HostFrame, frozen=True, kw_only=True, tag="end"):
    """Drain every workload, then go. The line ends when that is done."""


# From the agent.


class Told(HostFrame, frozen=True, kw_only=True, tag="told"):
    """Something a person should read now."""

    text: str


class JoinedMesh(HostFrame, frozen=True, kw_only=True, tag="joined"):
    """The workload has its identity; `cached`: that of last time."""

    namespace: str
    workload: str
    cached: bool = False


class Ready(HostFrame, frozen=True, kw_only=True, tag="ready"):
    """The proxy serves: the program may start."""

    given: Given


class ProxyRuns(HostFrame, frozen=True, kw_only=True, tag="proxy-runs"):
    """Whether the proxy serves right now; said when that changes."""

    runs: bool


class HasLeft(HostFrame, frozen=True, kw_only=True, tag="left"):
    """Callers are told, and those who were there have gone or are at the deadline."""


class Dismissed(HostFrame, frozen=True, kw_only=True, tag="dismissed"):
    """The agent was told to end all workloads: let the program leave, then end it."""


class Denied(HostFrame, frozen=True, kw_only=True, tag="denied"):
    """It cannot be, and why; the line ends."""

    code: str
    message: str
    hint: str = ""
    exit_code: int = 1


class HandingOver(HostFrame, frozen=True, kw_only=True, tag="handing-over"):
    """Everything is saved; the lock is free when this line ends."""


class Report(HostFrame, frozen=True, kw_only=True, tag="report"):
    """What the agent carries."""

    host: HostReport


ToAgent = Join | Health | Leave | Hurry | Goodbye | Ask | HandOver | End
FromHost = (
    Welcome | Told | JoinedMesh | Ready | ProxyRuns | HasLeft | Dismissed | Denied | HandingOver
    | Report
)  # fmt: skip
FrameT = TypeVar("FrameT")

_to_agent = msgspec.json.Decoder(ToAgent)
_from_host = msgspec.json.Decoder(FromHost)
_encoder = msgspec.json.Encoder()


class MalformedError(Exception):
    """A line that is no frame of any version."""


def encode(frame: HostFrame) -> bytes:
    """The frame as a line."""
    return _encoder.encode(frame) + b"\n"


def read_to_agent(line: bytes) -> ToAgent | None:
    """What somebody says to the agent; None for a frame of a later version. Raises MalformedError."""
    return _read(_to_agent, line)


def read_from_host(line: bytes) -> FromHost | None:
    """What the agent says; None for a frame of a later version. Raises MalformedError."""
    return _read(_from_host, line)


def is_compatible(version: str) -> bool:
    """Whether somebody of that version and we understand each other."""
    major, _, minor = version.partition(".")
    return major == str(MAJOR) and minor.isdecimal()


class _Tag(msgspec.Struct, frozen=True):
    type: str


def _read(decoder: "msgspec.json.Decoder[FrameT]", line: bytes) -> FrameT | None:
    try:
        return decoder.decode(line)
    except msgspec.MsgspecError as error:
        if _is_of_later_version(line, error):
            return None
        raise MalformedError(str(error)) from error


def _is_of_later_version(line: bytes, error: Exception) -> bool:
    """A frame whose tag we do not know; one we know that is wrong is wrong."""
    try:
        tag = msgspec.json.decode(line, type=_Tag).type
    except msgspec.MsgspecError:
        return False
    return f"Invalid value {tag!r}" in str(error)
