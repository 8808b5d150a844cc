"""What every proxy has to get, its last good snapshot, and what it said about it.

The reconcile loop offers; streams (`serve`) attach, carry, and record what the proxy answered. Who waits for
a change to arrive everywhere (`apply --wait`, draining) asks `settled`.

A proxy is *settled* at a revision once it has confirmed a snapshot of that revision or later, or holds the
snapshot of an earlier one and nothing of its own changed since. A proxy that is not connected keeps others
waiting in two cases: its stream ended less than `grace_s` ago (it is probably on its way back), or its
workload takes traffic (it may still enforce what was there before, so a narrowed policy has not arrived).
Any other absent proxy gets the news when it returns, before it serves anything with it.
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from tulle.ads.delta import Accepted, Event, RefusedByProxy
from tulle.graph.mesh import Origin
from tulle.model.names import WorkloadRef
from tulle.model.problems import Problem
from tulle.xds.snapshots import TypeUrl, XdsResource, XdsSnapshot

OnChange = Callable[[XdsSnapshot], None]


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a proxy refused; `name` is None where the culprit among several was not found."""

    proxy: WorkloadRef
    type_url: str
    name: str | None
    version: str
    detail: str
    origins: tuple[Origin, ...]


@dataclass(frozen=True, slots=True)
class ProxyState:
    """How a proxy stands. `revision` is the latest of the store it has confirmed (0: none yet).

    `problems` are our own mistakes that keep it on an older snapshot than the mesh's.
    """

    proxy: WorkloadRef
    connected: bool = False
    in_sync: bool = False
    revision: int = 0
    refused: tuple[Refusal, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """Whether a revision has arrived: `revision` is what is published, `pending` who has not confirmed it."""

    revision: int
    pending: tuple[WorkloadRef, ...] = ()
    refused: tuple[Refusal, ...] = ()
    published: bool = True

    @property
    def everywhere(self) -> bool:
        """Every proxy that matters has it, and none refuses."""
        return self.published and not self.pending and not self.refused


@dataclass(slots=True)
class _Line:
    """One proxy. `holds` is the snapshot it confirmed last, `confirmed` the latest revision that was true for."""

    snapshot: XdsSnapshot | None = None
    holds: XdsSnapshot | None = None
    confirmed: int = 0
    serving: bool = False
    left_at: float | None = None
    streams: dict[int, OnChange] = field(default_factory=dict)
    refused: dict[tuple[str, str | None], Refusal] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def in_sync(self) -> bool:
        return self.snapshot is not None and self.holds is self.snapshot

    @property
    def programmed(self) -> bool:
        """Whether it has, or had, a configuration of the mesh."""
        return self.in_sync or self.confirmed > 0

    def has(self, revision: int) -> bool:
        return self.snapshot is None or self.in_sync or self.confirmed >= revision


class Publisher:
    """Last good per proxy, and the ledger of confirmations. `clock` counts monotonic seconds."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, *, grace_s: float = 60.0
    ) -> None:
        self._clock = clock
        self._grace_s = grace_s
        self._lines: dict[WorkloadRef, _Line] = {}
        self._numbers = itertools.count()
        self._news = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []
        self.revision = 0
        """The revision of the store that has been offered to every proxy in full."""

    def on_report(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever statuses may need writing.

        That is when what a proxy refuses has changed, or when it has a configuration for the first time;
        not when it confirms another: 1,000 proxies do so after every push.
        """
        self._listeners.append(listener)

    # What the loop does.

    def offer(
        self, proxy: WorkloadRef, snapshot: XdsSnapshot, *, serving: bool = False
    ) -> tuple[Problem, ...]:
        """Make this what the proxy has to get, unless it is broken: then the last good stays, and why is told.

        `serving` says that its workload takes traffic from others.
        """
        line = self._lines.setdefault(proxy, _Line())
        line.serving = serving
        snapshot = snapshot.sharing(line.snapshot)
        line.problems = tuple(snapshot.dangling())
        if not line.problems and snapshot is not line.snapshot:
            self._replace(line, snapshot)
        self._tell()
        return line.problems

    def keep(self, proxy: WorkloadRef, problem: Problem) -> None:
        """Nothing valid could be made for the proxy: it keeps what it has, and its state says why."""
        self._lines.setdefault(proxy, _Line()).problems = (problem,)
        self._tell()

    def withdraw(self, proxy: WorkloadRef) -> None:
        """The mesh knows the proxy no more. A connected one keeps what it has and holds nobody up."""
        line = self._lines.get(proxy)
        if line is None:
            return
        line.serving, line.snapshot, line.holds = False, None, None
        line.problems = ()
        line.refused.clear()
        if not line.streams:
            del self._lines[proxy]
        self._tell()

    def published(self, revision: int) -> None:
        """Everything the revision changes has been offered."""
        self.revision = revision
        self._tell()

    # What streams do.

    def current(self, proxy: WorkloadRef) -> XdsSnapshot | None:
        """What the proxy has to get; None while the mesh has nothing for it."""
        line = self._lines.get(proxy)
        return line.snapshot if line else None

    def attach(self, proxy: WorkloadRef, on_change: OnChange) -> Callable[[], None]:
        """A stream of the proxy begins; call what is returned when it ends.

        `on_change` is called with every later snapshot, at once and on the loop; `current` has the one there
        is now. While a proxy has several streams (a new one before the old one's death was noticed) all are told.
        """
        line = self._lines.setdefault(proxy, _Line())
        number = next(self._numbers)
        line.streams[number] = on_change
        self._tell()

        def detach() -> None:
            if line.streams.pop(number, None) is None or line.streams:
                return
            line.left_at = self._clock()
            if line.snapshot is None and self._lines.get(proxy) is line:
                del self._lines[proxy]
            self._tell()

        return detach

    def record(
        self, proxy: WorkloadRef, events: Iterable[Event], synced: XdsSnapshot | None = None
    ) -> None:
        """What the proxy answered. `synced` is the snapshot its stream was last given, if it is in sync with it."""
        line = self._lines.get(proxy)
        if line is None:
            return
        refused, programmed, in_sync = dict(line.refused), line.programmed, line.in_sync
        for event in events:
            _note(proxy, line, event)
        if synced is not None and synced is line.snapshot:
            line.holds = synced
            line.confirmed = max(line.confirmed, self.revision)
            line.refused.clear()
        if line.refused != refused or line.in_sync != in_sync:
            self._tell()
        if line.refused != refused or line.programmed != programmed:
            self._report()

    # What those who ask get.

    def state(self, proxy: WorkloadRef) -> ProxyState:
        """How the proxy stands; a proxy never seen is simply not connected."""
        line = self._lines.get(proxy)
        if line is None:
            return ProxyState(proxy)
        return ProxyState(
            proxy,
            connected=bool(line.streams),
            in_sync=line.in_sync and bool(line.streams),
            revision=self.revision if line.in_sync else line.confirmed,
            refused=tuple(line.refused.values()),
            problems=line.problems,
        )

    def states(self) -> tuple[ProxyState, ...]:
        """Every proxy that is connected or has something to get, by name."""
        return tuple(self.state(proxy) for proxy in sorted(self._lines))

    async def settled(self, revision: int, timeout_s: float) -> Settled:
        """Wait until the revision is published and no proxy is pending; at the timeout say who is.

        A proxy that refuses is not waited for: it is named.
        """
        deadline = self._clock() + timeout_s
        while True:
            found = self._look(revision)
            if self._clock() >= deadline or (found.published and not found.pending):
                return found
            await self._until_no_more(list(found.pending), revision, deadline)

    # How.

    def _replace(self, line: _Line, snapshot: XdsSnapshot) -> None:
        if line.in_sync:
            line.confirmed = max(line.confirmed, self.revision)
        for type_url, name in list(line.refused):
            if _differs(line.snapshot, snapshot, type_url, name):
                del line.refused[type_url, name]
        line.snapshot = snapshot
        for on_change in tuple(line.streams.values()):
            on_change(snapshot)

    async def _until_no_more(
        self, pending: list[WorkloadRef], revision: int, deadline: float
    ) -> None:
        """Wait for these, and for the revision. Every proxy is looked at once, however much news there is."""
        while True:
            while pending and not self._is_pending(self._lines.get(pending[-1]), revision):
                pending.pop()
            left = deadline - self._clock()
            if left <= 0 or (self.revision >= revision and not pending):
                return
            await self._wait(min(left, 1.0))  # a second at most: graces end without news

    def _look(self, revision: int) -> Settled:
        lines = self._lines.items()
        pending = [proxy for proxy, line in lines if self._is_pending(line, revision)]
        refusing = sorted(proxy for proxy, line in lines if line.refused)
        refused = [told for proxy in refusing for told in self._lines[proxy].refused.values()]
        return Settled(
            self.revision, tuple(sorted(pending)), tuple(refused), self.revision >= revision
        )

    def _is_pending(self, line: _Line | None, revision: int) -> bool:
        """Whether to wait for a proxy: it has not confirmed, does not refuse, and matters now."""
        if line is None or line.has(revision) or line.refused:
            return False
        if line.streams or line.serving:
            return True
        return line.left_at is not None and self._clock() - line.left_at < self._grace_s

    async def _wait(self, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await self._news.wait()
        except TimeoutError:
            return

    def _tell(self) -> None:
        """Wake everybody who waits now; who waits later waits for the next news."""
        self._news.set()
        self._news = asyncio.Event()

    def _report(self) -> None:
        for listener in self._listeners:
            listener()


def _note(proxy: WorkloadRef, line: _Line, event: Event) -> None:
    match event:
        case Accepted(type_url=type_url, versions=versions):
            line.refused.pop((type_url, None), None)
            for name in versions:
                line.refused.pop((type_url, name), None)
        case RefusedByProxy(type_url=type_url, name=name, version=version):
            line.refused[type_url, name] = Refusal(
                proxy, type_url, name, version, event.detail, event.origins
            )


def _differs(old: XdsSnapshot | None, new: XdsSnapshot, type_url: str, name: str | None) -> bool:
    """Whether what was refused is no longer what there is to get."""
    if old is None:
        return True
    before, after = old.of(TypeUrl(type_url)), new.of(TypeUrl(type_url))
    if name is None:
        return before != after
    return _version(before, name) != _version(after, name)


def _version(resources: Mapping[str, XdsResource], name: str) -> str | None:
    found = resources.get(name)
    return found.version if found else None
