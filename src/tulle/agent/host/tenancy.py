"""One workload whose program another process of this host runs, as a machine: what happens in, what to do out.

`lodging` carries it: frames of a `tulle run`, the carrier's news, and the death of that process go in; frames
to say, health to report, leaving and the end come out. No I/O, no clock. A `tulle run` may hang up and come
back at any time, to this agent or its successor: whoever comes is told all it has to know.
"""

from dataclasses import dataclass
from typing import assert_never

from tulle.agent.host import frames
from tulle.agent.host.frames import (
    Dismissed,
    Goodbye,
    HasLeft,
    Health,
    HostFrame,
    Hurry,
    JoinedMesh,
    Leave,
    ProxyRuns,
    Ready,
    Told,
)
from tulle.agent.tenants import Given

OWN_EXIT_S = 2.0
"""A program whose `tulle run` is gone is gone too: its callers are told, and that must not take long."""

FromRun = Health | Leave | Hurry | Goodbye


@dataclass(frozen=True, slots=True)
class Say:
    """To the `tulle run` that is connected."""

    frame: HostFrame


@dataclass(frozen=True, slots=True)
class ReportHealth:
    """To the mesh."""

    healthy: bool
    reason: str


@dataclass(frozen=True, slots=True)
class BeginLeave:
    """Have callers told by then; with `drain`, wait for them too. `Tenancy.left` is to be called at its end."""

    deadline_s: float
    drain: bool


@dataclass(frozen=True, slots=True)
class CutShort:
    """Do not wait for callers any longer."""


@dataclass(frozen=True, slots=True)
class Finish:
    """Nothing of the workload is needed any more."""


Do = Say | ReportHealth | BeginLeave | CutShort | Finish


class Tenancy:
    """What is known of the workload and of who runs it."""

    def __init__(self) -> None:
        self.healthy = False
        self.reason = ""
        self.leaving = False
        self._joined: JoinedMesh | None = None
        self._given: Given | None = None
        self._runs = True
        self._here = False
        self._left = False
        self._orphan = False
        self._dismissed = False
        self._finished = False
        self._due: BeginLeave | None = None

    # Who runs the program.

    def attach(self) -> list[Do]:
        """Its `tulle run` is here, for the first time or again."""
        self._here, self._orphan = True, False
        told: list[HostFrame] = []
        if self._joined:
            told.append(self._joined)
        if self._given is not None:
            told.append(Ready(given=self._given))
        if not self._runs:
            told.append(ProxyRuns(runs=False))
        if self._left:
            told.append(HasLeft())
        if self._dismissed:
            told.append(Dismissed())
        return [Say(frame) for frame in told]

    def detach(self) -> None:
        """It hung up. Perhaps it comes back; only its death means something."""
        self._here = False

    def said(self, frame: FromRun) -> list[Do]:
        """It said something."""
        match frame:
            case Health(healthy=healthy, reason=reason):
                self.healthy, self.reason = healthy, reason
                return [ReportHealth(healthy, reason)] if self._given is not None else []
            case Leave():
                return self._leave(frame.deadline_s, frame.drain)
            case Hurry():
                return [CutShort()] if self.leaving else []
            case Goodbye():
                return self._finish()
            case _:
                assert_never(frame)

    def owner_died(self) -> list[Do]:
        """The process that runs the program is gone, and the program with it."""
        if self._here:
            return []
        self._orphan = True
        if self._left or (self._given is None and not self.healthy):
            return self._finish()
        if self._given is None:
            return []  # an earlier agent's: callers still come, and are told once the proxy is in our hands
        if self.leaving:
            return [CutShort()]
        return self._leave(OWN_EXIT_S, drain=False)

    # The carrier.

    def joined(self, namespace: str, workload: str, cached: bool) -> list[Do]:
        """The mesh knows it."""
        self._joined = JoinedMesh(namespace=namespace, workload=workload, cached=cached)
        return self._say(self._joined)

    def ready(self, given: Given) -> list[Do]:
        """The proxy serves."""
        self._given = given
        if self._orphan:
            return self._leave(OWN_EXIT_S, drain=False)
        told: list[Do] = [ReportHealth(self.healthy, self.reason)] if self.healthy else []
        told += self._say(Ready(given=given))
        if self._due:
            told += self._leave(self._due.deadline_s, self._due.drain)
        return told

    def proxy(self, runs: bool) -> list[Do]:
        """Whether the proxy serves right now."""
        changed, self._runs = runs != self._runs, runs
        return self._say(ProxyRuns(runs=runs)) if changed else []

    def told(self, text: str) -> list[Do]:
        """A notice."""
        return self._say(Told(text=text))

    def left(self) -> list[Do]:
        """Callers are told, or the deadline is over."""
        self._left = True
        return self._finish() if self._orphan else self._say(HasLeft())

    def dismiss(self) -> list[Do]:
        """The agent shall carry nothing any more. Who runs the program ends it in good order; nobody there: now."""
        self._dismissed = True
        if self._here:
            return [Say(Dismissed())]
        return self.owner_died()

    def _leave(self, deadline_s: float, drain: bool) -> list[Do]:
        if self._left:
            return self._say(HasLeft())
        if self.leaving:
            return []
        begin = BeginLeave(deadline_s, drain)
        if (
            self._given is None and self.healthy
        ):  # an earlier agent's: callers come, and are told once we can
            self._due = begin
            return []
        if self._given is None:
            self._left = True
            return self._say(HasLeft())
        self.leaving = True
        return [begin]

    def _finish(self) -> list[Do]:
        if self._finished:
            return []
        self._finished = True
        return [Finish()]

    def _say(self, frame: frames.HostFrame) -> list[Do]:
        return [Say(frame)] if self._here else []
