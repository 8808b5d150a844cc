"""Sessions with agents: which workloads are here, how they are, what they counted, and that they leave.

A session is one stream of JSON frames (`model.wire`). What is said of a workload is written to the store, as
the workload its certificate names and no other. When a session breaks the agent has `lost_after_s` to come
back before its endpoint becomes the last resort of its services (only the line to us may be cut: proxy and
program may be well). A workload that drained is deleted when its session ends.
"""

import asyncio
import itertools
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, assert_never

import grpc
import msgspec

from tulle.codec.checks import check
from tulle.model.kinds.workload import ProxyStatus, Workload, WorkloadSpec
from tulle.model.names import AccountRef, ResourceKey, WorkloadRef
from tulle.model.problems import Severity
from tulle.model.resources import Condition
from tulle.model.skew import FROM_AGENT, SPEAKS_LOG_LEVELS, SPEAKS_OF_PROXIES
from tulle.model.statuses import ConditionType, Reason, condition_of, with_condition
from tulle.model.wire import (
    Draining,
    EdgeReport,
    FromAgent,
    FromServer,
    HealthReport,
    Left,
    LogLevels,
    ProxyState,
    Refused,
    Register,
    Registered,
    Used,
    encode,
)
from tulle.reconcile.publish import Publisher
from tulle.reconcile.statuses import timestamp
from tulle.serve import questions
from tulle.serve.certificates import unknown_workload
from tulle.serve.errors import STREAM_BROKE, malformed, refused, store_errors
from tulle.serve.lifetimes import Lifetimes
from tulle.serve.orders import Orders
from tulle.serve.peers import Caller, caller_of, version_of
from tulle.serve.questions import Questions
from tulle.store.contract import Delete, Put, Store
from tulle.store.errors import ConflictError, NotFound, StoreError

log = logging.getLogger(__name__)

LOST_AFTER_S = 10.0
MOST_USED = 1000
"""Services a program can have asked for: more are no program's of ours."""

KEPT_REPORTS = 1000
"""How many of those that left are remembered in the edges."""

EVERYBODY = ("the whole mesh",)
"""Who may not know that a workload left, when not even this control plane got round to it in time."""

RETURN_AFTER_START_S = 30.0
"""After a restart of the control plane agents get longer: they back off, and all come at once."""

LONGEST_UNKNOWN_S = 86400.0
"""How long somebody is waited for whose certificate an earlier control plane issued: as long as most last."""

LONGEST_RETURN_S = 30 * 86400.0
"""How long a workload that left may stay away and come back without a new token, at most."""


class Mint(Protocol):
    """Makes join tokens (`api.tokens`)."""

    async def new(
        self, account: AccountRef, labels: Mapping[str, str], ttl_s: float, *, name: str
    ) -> str:
        """The line that lets one workload in, as the account and by the name given."""
        ...


@dataclass(frozen=True, slots=True)
class Memory:
    """What sessions write to, wait for and hand out. `clock` counts Unix seconds.

    `ticks` counts seconds too, whatever is done to the clock: how long somebody is missing goes by it.
    """

    store: Store
    publisher: Publisher
    mint: Mint
    clock: Callable[[], float]
    ticks: Callable[[], float] = time.monotonic


class Sessions:
    """All of them, and what they told."""

    def __init__(
        self,
        memory: Memory,
        trust_domain: str,
        orders: Orders,
        lost_after_s: float = LOST_AFTER_S,
    ) -> None:
        self._memory = memory
        self._orders = orders
        self._trust_domain = trust_domain
        self._lost_after_s = lost_after_s
        self._numbers = itertools.count()
        self._here: dict[WorkloadRef, int] = {}
        self._missing_since: dict[WorkloadRef, float] = {}
        self._talks: dict[WorkloadRef, _Session] = {}
        self._edges: dict[WorkloadRef, EdgeReport] = {}
        self._certificate_ends: dict[WorkloadRef, float] = {}
        self._lifetimes = Lifetimes(memory.clock)
        self._gone: dict[WorkloadRef, None] = {}
        self._somebody_left = asyncio.Event()

    # What the API asks.

    def edges(self) -> Mapping[WorkloadRef, EdgeReport]:
        """The latest counts of every workload that reported, also of those that have left since."""
        return self._edges

    def certificate_ends(self) -> Mapping[WorkloadRef, float]:
        """When the certificate of each connected workload ends, in Unix seconds."""
        return {ref: end for ref, end in self._certificate_ends.items() if ref in self._here}

    async def log_levels(
        self, workload: WorkloadRef, levels: Mapping[str, str]
    ) -> Mapping[str, str] | Refused:
        """Change log levels of a workload's agent and proxy, and give all of them; or why that cannot be."""
        session = self._talks.get(workload)
        if session is None:
            return questions.away(workload)
        if session.version < SPEAKS_LOG_LEVELS:
            return questions.too_old(workload)
        return await session.questions.log_levels(levels)

    def note_certificate(self, workload: WorkloadRef, not_after: float) -> None:
        """A certificate was issued. Who never comes for more is forgotten as one that left."""
        self._certificate_ends[workload] = not_after
        self._gone.pop(workload, None)  # it left, and is back before we had forgotten it
        if workload not in self._here:
            self._missing_since.setdefault(workload, self._memory.ticks())

    # What runs.

    async def run(self) -> None:
        """Take away what left, and the endpoints of those that do not come back, until cancelled."""
        now = self._memory.ticks()
        for workload in (await self._memory.store.world()).all(Workload):
            if _has_agent(workload):
                ref = WorkloadRef(workload.metadata.namespace, workload.metadata.name)
                self._missing_since.setdefault(ref, now + RETURN_AFTER_START_S - self._lost_after_s)
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._somebody_left.wait()
            self._somebody_left.clear()
            try:
                await self._tidy()
            except StoreError:
                log.exception("the store failed; trying again in a second")

    async def replace_proxy(self, workload: WorkloadRef) -> ProxyState | Refused:
        """Have a workload's Envoy replaced; what became of it."""
        return await self._orders.replace(workload)

    async def _tidy(self) -> None:
        await self._orders.tell_changes()
        while self._gone:
            workload = next(iter(self._gone))
            await self._forget_unless_here(workload)
            self._gone.pop(workload, None)
        await self._give_up_on_the_lost()

    async def session(
        self, frames: AsyncIterator[bytes], context: grpc.aio.ServicerContext
    ) -> None:
        """One session, until either side ends it or the caller's certificate does."""
        caller = await caller_of(context, self._trust_domain, self._memory.clock)
        session = _Session(self._memory, caller, context, await version_of(context))
        number = next(self._numbers)
        try:
            async with store_errors(context), self._lifetimes.until(caller.not_after):
                async for data in frames:
                    await self._on_frame(session, number, data)
                    if session.ended:
                        return
        except STREAM_BROKE:
            return  # the agent has gone: it comes back by itself
        finally:
            self._leave(session, number)
            self._orders.leave(session.workload, session)
            if session.draining and not self._lifetimes.is_over:
                # Not here: gRPC cancels this task at any moment once the agent hung up.
                self._gone[caller.workload] = None
                self._somebody_left.set()

    def close(self) -> None:
        """End every session; who is leaving goes on with the next control plane."""
        self._lifetimes.end_all()

    async def _on_frame(self, session: "_Session", number: int, data: bytes) -> None:
        frame = await session.read(data)
        match frame:
            case None:
                return
            case Register():
                await self._on_register(session, number, frame)
            case _ if session.registered:
                await self._on_report(session, frame)
            case _:
                await session.say(_REGISTER_FIRST)

    async def _on_register(self, session: "_Session", number: int, frame: Register) -> None:
        revision = await self._no_longer_missing(session.workload, session.register(frame))
        if revision is None:
            return
        self._here[session.workload] = number
        self._talks[session.workload] = session
        self._certificate_ends.setdefault(session.workload, session.not_after)
        await session.say(Registered(revision=revision))
        if session.version >= SPEAKS_OF_PROXIES:
            await self._orders.enter(session.workload, session)

    async def _no_longer_missing(
        self, ref: WorkloadRef, registering: Coroutine[None, None, int | None]
    ) -> int | None:
        """Who registers is not missing from its first word on, for `_mark_lost` may be at it; unless that fails."""
        since = self._missing_since.pop(ref, None)
        revision = None
        try:
            revision = await registering
        finally:
            if revision is None and since is not None:
                self._missing_since[ref] = since
        return revision

    async def _on_report(
        self,
        session: "_Session",
        frame: HealthReport | Draining | Used | EdgeReport | LogLevels | ProxyState,
    ) -> None:
        match frame:
            case HealthReport():
                await session.report_health(frame)
            case Draining():
                await session.drain(frame)
            case Used():
                await session.report_used(frame)
            case EdgeReport():
                self._note_edges(session.workload, frame)
            case LogLevels():
                session.questions.on_answer(frame)
            case ProxyState():
                self._orders.heard(session.workload, frame)
                await session.report_proxy(frame)
            case _:
                assert_never(frame)

    def _leave(self, session: "_Session", number: int) -> None:
        session.questions.close()
        if self._here.get(session.workload) == number:
            del self._here[session.workload]
            del self._talks[session.workload]
            if not session.draining:
                self._missing_since[session.workload] = self._memory.ticks()

    def _note_edges(self, workload: WorkloadRef, report: EdgeReport) -> None:
        """Keep the latest counts; of those that left, the oldest go when there are too many."""
        self._edges.pop(workload, None)
        self._edges[workload] = report
        if len(self._edges) > len(self._here) + KEPT_REPORTS:
            del self._edges[next(ref for ref in self._edges if ref not in self._here)]

    async def _forget_unless_here(self, workload: WorkloadRef) -> None:
        """Delete what has left for good."""
        if workload in self._here:
            return
        self._missing_since.pop(workload, None)
        self._certificate_ends.pop(workload, None)
        with suppress(NotFound):
            await self._memory.store.write([Delete(_key_of(workload))])

    async def _give_up_on_the_lost(self) -> None:
        for workload, since in list(self._missing_since.items()):
            missing_s = self._memory.ticks() - since
            if missing_s < self._lost_after_s:
                continue
            found = await _find(self._memory.store, workload)
            if (
                found is None or self._has_ended(workload, missing_s) or _is_draining(found)
            ):  # nobody comes back as it
                await self._forget_unless_here(workload)
            elif not _is_lost(found):
                await self._mark_lost(workload)

    async def _mark_lost(self, ref: WorkloadRef) -> None:
        """Unless it comes back while this is written: nobody would say again that it is well."""

        def change(workload: Workload) -> Workload:
            if ref not in self._missing_since:
                return workload
            log.warning("a workload's agent is gone", extra={"workload": str(ref)})
            return _with_conditions(workload, self._memory, _lost(workload))

        await _update(self._memory.store, ref, change)

    def _has_ended(self, workload: WorkloadRef, missing_s: float) -> bool:
        """Whether its certificate is of no use any more; of one never seen here it is not known, and guessed."""
        end = self._certificate_ends.get(workload)
        return missing_s >= LONGEST_UNKNOWN_S if end is None else self._memory.clock() >= end


class _Session:
    """One stream and what is known of its workload."""

    def __init__(
        self, memory: Memory, caller: Caller, context: grpc.aio.ServicerContext, version: int
    ) -> None:
        self.version = version
        self.workload = caller.workload
        self.not_after = caller.not_after
        self.registered = False
        self.draining = False
        self.ended = False
        self._account = caller.account.name
        self._memory = memory
        self._context = context
        # gRPC takes one write at a time, and questions come from elsewhere.
        self._turn = asyncio.Lock()
        self.questions = Questions(self.workload, self.say)

    async def say(self, frame: FromServer) -> None:
        """To the agent; a refusal is the last word."""
        async with self._turn:
            await self._context.write(encode(frame))
        self.ended = self.ended or isinstance(frame, Refused)

    async def read(self, data: bytes) -> FromAgent | None:
        """A frame, or None: it was none, and the session is over, or one that only later versions know."""
        try:
            return FROM_AGENT.read(data, self.version)
        except msgspec.MsgspecError as error:
            await self.say(malformed(error))
            return None

    async def register(self, frame: Register) -> int | None:
        """Record where the workload is and how: at which revision. None, and a refusal, if that cannot be."""
        found = await _find(self._memory.store, self.workload)
        if found is None or found.spec.service_account_name != self._account:
            await self.say(unknown_workload(self.workload))
            return None
        problems = [p for p in check(_registered(found, frame)) if p.severity is Severity.ERROR]
        if problems:
            await self.say(refused(*problems))
            return None
        ready = _ready(frame.healthy, "" if frame.healthy else "not healthy yet")

        def change(workload: Workload) -> Workload:
            changed = _registered(workload, frame)
            return _with_conditions(changed, self._memory, ready, _not_draining())

        revision = await _update(self._memory.store, self.workload, change, spec_too=True)
        self.registered = True
        return revision

    async def report_health(self, frame: HealthReport) -> None:
        """The program can, or cannot, take traffic."""
        ready = _ready(frame.healthy, frame.reason)
        await _update(
            self._memory.store, self.workload, lambda w: _with_conditions(w, self._memory, ready)
        )

    async def report_used(self, frame: Used) -> None:
        """The program has asked for the name of one more service."""

        def change(workload: Workload) -> Workload:
            proxy = workload.status.proxy
            if proxy is None:
                return workload
            told = msgspec.structs.replace(proxy, used=frame.services[:MOST_USED])
            status = msgspec.structs.replace(workload.status, proxy=told)
            return msgspec.structs.replace(workload, status=status)

        await _update(self._memory.store, self.workload, change)

    async def report_proxy(self, frame: ProxyState) -> None:
        """Which Envoy serves, and whether it is the one that is wanted."""
        await _update(
            self._memory.store, self.workload, lambda w: _with_proxy(w, self._memory, frame)
        )

    async def drain(self, frame: Draining) -> None:
        """Take the endpoint away, wait until no proxy uses it, and say so."""
        self.draining = True
        leaving = Condition(
            type=ConditionType.DRAINING,
            status="True",
            reason=Reason.DRAINING,
            message="it is leaving",
        )
        revision = await _update(
            self._memory.store, self.workload, lambda w: _with_conditions(w, self._memory, leaving)
        )
        settled = await self._memory.publisher.settled(revision, frame.deadline_s)
        pending = tuple(str(proxy) for proxy in settled.pending)
        token = await self._return_token()
        await self.say(Left(pending=pending if settled.published else EVERYBODY, token=token))

    async def _return_token(self) -> str:
        """What lets it come back as it is now; it is forgotten when this session ends."""
        found = await _find(self._memory.store, self.workload)
        left_s = min(self.not_after - self._memory.clock(), LONGEST_RETURN_S)
        if found is None or left_s <= 0:
            return ""
        account = AccountRef(self.workload.namespace, self._account)
        return await self._memory.mint.new(
            account, found.metadata.labels, left_s, name=self.workload.name
        )


_REGISTER_FIRST = Refused(
    code="register-first",
    message="the first frame of a session must say where the workload is",
    hint="agent and control plane are of different versions: `tulle version`",
)


def _registered(workload: Workload, frame: Register) -> Workload:
    spec = WorkloadSpec(
        address=frame.address,
        service_account_name=workload.spec.service_account_name,
        ports=frame.ports,
        upstreams=frame.upstreams,
        http_proxy=frame.http_proxy,
        locality=frame.locality,
    )
    proxy = ProxyStatus(
        mtls_port=frame.mtls_port,
        plaintext_ports=frame.plaintext_ports,
        upstreams=frame.bound_upstreams,
        http_proxy_port=frame.http_proxy_port,
        capture=frame.capture,
        dns_port=frame.dns_port,
        used=frame.used[:MOST_USED],
        version=frame.proxy_version,
    )
    status = msgspec.structs.replace(workload.status, proxy=proxy)
    return msgspec.structs.replace(workload, spec=spec, status=status)


def _ready(healthy: bool, message: str) -> Condition:
    return Condition(
        type=ConditionType.READY,
        status="True" if healthy else "False",
        reason=Reason.HEALTHY if healthy else Reason.UNHEALTHY,
        message=message,
    )


def _not_draining() -> Condition:
    return Condition(type=ConditionType.DRAINING, status="False", reason=Reason.STARTING)


def _with_conditions(workload: Workload, memory: Memory, *conditions: Condition) -> Workload:
    changed = workload.status.conditions
    for condition in conditions:
        changed = with_condition(changed, condition, timestamp(memory.clock()))
    status = msgspec.structs.replace(workload.status, conditions=changed)
    return msgspec.structs.replace(workload, status=status)


def _lost(workload: Workload) -> Condition:
    """Of one that took traffic nothing is known now, as of a Kubernetes node that went silent; others stay as bad."""
    ready = condition_of(workload.status.conditions, ConditionType.READY)
    took_traffic = ready is not None and ready.status == "True"
    return Condition(
        type=ConditionType.READY,
        status="Unknown" if took_traffic else "False",
        reason=Reason.AGENT_LOST,
        message="its agent does not answer: traffic goes elsewhere, where there is an elsewhere",
    )


def _with_proxy(workload: Workload, memory: Memory, state: ProxyState) -> Workload:
    """What is as it should be is not said before it once was not."""
    status = workload.status
    if status.proxy is None:
        return workload
    proxy = msgspec.structs.replace(status.proxy, version=state.version)
    changed = msgspec.structs.replace(workload, status=msgspec.structs.replace(status, proxy=proxy))
    known = condition_of(status.conditions, ConditionType.PROXY_CURRENT)
    if not state.failure and known is None:
        return changed
    current = Condition(
        type=ConditionType.PROXY_CURRENT,
        status="False" if state.failure else "True",
        reason=Reason.NOT_REPLACED if state.failure else Reason.REPLACED,
        message=f"it goes on as it was: {state.failure}" if state.failure else "",
    )
    return _with_conditions(changed, memory, current)


def _has_agent(workload: Workload) -> bool:
    """Whether it joined; others were applied by somebody, and nobody comes back as them."""
    ready = condition_of(workload.status.conditions, ConditionType.READY)
    return workload.status.proxy is not None or ready is not None


def _is_lost(workload: Workload) -> bool:
    ready = condition_of(workload.status.conditions, ConditionType.READY)
    return ready is not None and ready.reason == Reason.AGENT_LOST


def _is_draining(workload: Workload) -> bool:
    draining = condition_of(workload.status.conditions, ConditionType.DRAINING)
    return draining is not None and draining.status == "True"


async def _find(store: Store, ref: WorkloadRef) -> Workload | None:
    return (await store.world()).get(Workload, ref.namespace, ref.name)


async def _update(
    store: Store,
    ref: WorkloadRef,
    change: Callable[[Workload], Workload],
    *,
    spec_too: bool = False,
) -> int:
    """Change what is stored now, again if somebody else was quicker; the revision it has then, 0 for none."""
    while True:
        found = await _find(store, ref)
        if found is None:
            return 0  # deleted meanwhile: nothing to say about it any more
        changed = change(found)
        if changed is found:
            return 0
        expect = found.metadata.resource_version
        puts = [Put(changed, expect=expect)] if spec_too else []
        try:
            batch = await store.write([*puts, Put(changed, expect=expect, status_only=True)])
        except (ConflictError, NotFound):
            continue
        return batch.revision


def _key_of(workload: WorkloadRef) -> ResourceKey:
    return ResourceKey(Workload.KIND, workload.namespace, workload.name)
