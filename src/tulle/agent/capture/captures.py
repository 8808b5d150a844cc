"""The capture of one workload: made before its proxy starts, in force before its program does, gone at the end.

It fails closed: rules stay while agent or Envoy are dead, and what is captured then reaches nothing. Only an
orderly end takes them away, or `tulle capture clean`. A workload that outlives its agent (`lasting`) keeps them.
"""

import asyncio
import ipaddress
import os
import secrets
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    nullcontext,
)
from itertools import compress
from pathlib import Path
from typing import Protocol

from tulle.agent.capture import cgroups, ledger, namespaces, nft
from tulle.agent.capture.namespaces import Namespace
from tulle.agent.capture.users import excluding
from tulle.agent.capture.whispers import whisper
from tulle.agent.errors import AgentError
from tulle.agent.events import Notice
from tulle.agent.ports import PortBook
from tulle.agent.programs.children import HERE, Inside
from tulle.agent.state import StateDir
from tulle.capture.plans import NamespaceScope, Plan, ProgramScope, Scope
from tulle.capture.records import Record
from tulle.capture.rulesets import removal, ruleset, told_apart
from tulle.capture.tables import table_name
from tulle.capture.wishes import Mode, Wish
from tulle.model.kinds.workload import BoundCapture
from tulle.model.names import WorkloadRef
from tulle.model.wire import Register

_LOOK_EVERY_S = 0.1
STARTING = "(starting)"
"""What stands for the name of a workload that has yet to join."""

_TOKEN = "capture.token"  # noqa: S105 - the name of a file


class Capture(Protocol):
    """What a carrier does with capture, whether there is any."""

    @property
    def proxy(self) -> Inside:
        """Where the workload's Envoys run."""
        ...

    @property
    def program(self) -> Inside:
        """Where its program runs, if it is ours to start."""
        ...

    @property
    def mark(self) -> int:
        """What the agent's own connections to the program bear; 0: nothing."""
        ...

    def entered(self) -> AbstractContextManager[None]:
        """Be in the workload's network meanwhile, without `await`."""
        ...

    def bind(self, book: PortBook) -> BoundCapture | None:
        """The proxy's ports for captured connections."""
        ...

    def prepared(self) -> AbstractAsyncContextManager[None]:
        """Meanwhile there are places for proxy and program; then they are gone, and what still ran there."""
        ...

    def in_force(
        self, workload: WorkloadRef, register: Register
    ) -> AbstractAsyncContextManager[None]:
        """Meanwhile traffic is captured."""
        ...


class NotCaptured:
    """Mode `none`: everything stays as it is."""

    proxy = HERE
    program = HERE
    mark = 0

    def entered(self) -> AbstractContextManager[None]:
        """The network is the agent's own."""
        return nullcontext()

    def bind(self, _: PortBook) -> None:
        """There are no such ports."""

    def prepared(self) -> AbstractAsyncContextManager[None]:
        """Any place will do."""
        return nullcontext()

    def in_force(self, *_: object) -> AbstractAsyncContextManager[None]:
        """There are no rules."""
        return nullcontext()


def capture_of(
    wish: Wish,
    state: StateDir,
    tell: Callable[[Notice], None],
    *,
    lasting: bool = False,
    dns: bool = False,
) -> Capture:
    """What the workload of this folder asks for, its questions to name servers included if `dns` says so.

    Raises AgentError where this host cannot do it.
    """
    if wish.mode is Mode.NONE:
        return NotCaptured()
    check_host()
    return Captured(wish, state, tell, lasting=lasting, dns=dns)


def check_host() -> None:
    """Whether this host, and who runs this, can capture at all. Raises AgentError."""
    if sys.platform != "linux":
        raise AgentError(
            "capture-needs-linux",
            "capture works on Linux only",
            "leave --capture out, and declare upstreams: --upstream NAME:PORT",
        )
    if os.geteuid():
        raise AgentError(
            "capture-needs-root",
            "capture changes the host's packet filter, which is for root alone",
            "run as root; the program may be another user's: setpriv --reuid=USER COMMAND",
        )
    nft.find()


class Captured:
    """One workload, captured. Nothing is there before `prepared`."""

    def __init__(
        self,
        wish: Wish,
        state: StateDir,
        tell: Callable[[Notice], None],
        *,
        lasting: bool,
        dns: bool = False,
    ) -> None:
        self._dns = dns
        self._wish = wish
        self._tell = tell
        self._lasting = lasting
        self._state = state
        self._namespace = _others(wish.namespace) if wish.mode is Mode.NETNS else None
        self._exclusions = excluding(wish)
        self._table = table_name(str(state.path))
        self._cgroups = cgroups.of_workload(self._table)
        self._rules_remain = False
        self.mark = _token(state)

    @property
    def proxy(self) -> Inside:
        """In the network it serves, in a control group of its own."""
        return Inside(self._cgroups.proxy, self._netns)

    @property
    def program(self) -> Inside:
        """Beside it."""
        return Inside(self._cgroups.program, self._netns)

    def entered(self) -> AbstractContextManager[None]:
        """The namespace, where one is captured."""
        return namespaces.entered(self._netns)

    def bind(self, book: PortBook) -> BoundCapture:
        """Allocated on a host that many share, the well-known ones in a namespace of its own."""
        outbound, inbound, ipv6 = book.captured(own_network=self._namespace is not None)
        return BoundCapture(
            mode="netns" if self._namespace else "cgroup",
            outbound_port=outbound,
            inbound_port=inbound,
            ipv6=ipv6,
            probes=self._wish.probes,
        )

    @asynccontextmanager
    async def prepared(self) -> AsyncGenerator[None]:
        """Control groups are made, and recorded before; what a killed agent left in another namespace goes."""
        await self._forget_elsewhere()
        ledger.write(self._record())
        self._cgroups.make()
        keep = False
        try:
            yield
        except asyncio.CancelledError:
            keep = self._lasting
            raise
        finally:
            if not keep and await self._cgroups.remove() and not self._rules_remain:
                ledger.remove(self._table)

    @asynccontextmanager
    async def in_force(self, workload: WorkloadRef, register: Register) -> AsyncGenerator[None]:
        """Recorded, then applied; the other way round at the end."""
        plan = self._plan(workload, register)
        keep = False
        try:
            ledger.write(self._record(plan))
            self._rules_remain = True
            await nft.load(ruleset(plan), self._netns)
            await self._verify(plan)
            async with self._followed(plan):
                yield
        except asyncio.CancelledError:
            keep = self._lasting
            raise
        finally:
            if not keep:
                await self._lift()

    @asynccontextmanager
    async def _followed(self, plan: Plan) -> AsyncGenerator[None]:
        """Meanwhile the control group of a service is found again whenever that service is."""
        if not self._wish.cgroup:
            yield
            return
        async with asyncio.TaskGroup() as group:
            following = group.create_task(self._follow(plan), name="follow-cgroup")
            try:
                yield
            finally:
                following.cancel()

    async def _follow(self, plan: Plan) -> None:
        """Rules know a control group by its number, and a service that is started again has another one."""
        folder = self._cgroups.tree / self._wish.cgroup
        known = _number_of(folder)
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            now = _number_of(folder)
            if now in {known, None}:
                continue
            try:
                await nft.load(ruleset(plan), self._netns)
                known = now
            except AgentError as error:  # it has gone again, perhaps
                self._tell(Notice(f"{self._wish.cgroup} is not captured: {error}; trying again"))

    async def _verify(self, plan: Plan) -> None:
        """That the kernel tells the processes apart: rules that match nobody would let everything pass.

        Raises AgentError. Asked of our own control groups; those of services are told by the same means.
        """
        ours = {self._cgroups.named(place): place for place in self._cgroups.folders}
        asked = [cgroup in ours for cgroup in told_apart(plan)]
        for cgroup in set(told_apart(plan)) & set(ours):
            await whisper(Inside(ours[cgroup], self._netns))
        (table,) = (one for one in await nft.tables(self._netns) if one.name == plan.table)
        if not all(compress(table.told_apart, asked)):
            raise AgentError(
                "capture-ineffective",
                "the kernel does not know processes by their control groups: the rules would match nobody",
                "in a container: share the host's cgroup namespace, or use Linux 6.12; loopback must be up",
            )

    async def _lift(self) -> None:
        try:
            await nft.load(removal(self._table), self._netns)
        except AgentError as error:
            if self._netns is None or self._netns.exists():
                self._tell(Notice(f"{error}: `tulle capture clean` tries again"))
                return
        self._rules_remain = False

    async def _forget_elsewhere(self) -> None:
        """The same workload, captured in another place before: those rules are nobody's now."""
        table = self._table
        for record in ledger.records():
            if record.table == table and record.namespace_path and not self._is_here(record):
                try:
                    await nft.load(removal(table), Path(record.namespace_path))
                except AgentError:
                    continue  # the namespace is gone, and its rules with it

    def _is_here(self, record: Record) -> bool:
        return record.namespace == (self._namespace.number if self._namespace else 0)

    def _plan(self, workload: WorkloadRef, register: Register) -> Plan:
        assert register.capture
        return Plan(
            table=self._table,
            workload=workload,
            scope=self._scope(register, register.capture),
            proxy=self._cgroups.named(self._cgroups.proxy),
            outbound_port=register.capture.outbound_port,
            inbound_port=register.capture.inbound_port,
            token=self.mark,
            exclusions=self._exclusions,
            dns_port=register.dns_port if self._dns else None,
        )

    def _scope(self, register: Register, bound: BoundCapture) -> Scope:
        if self._namespace:
            return NamespaceScope((register.mtls_port, *(probe.port for probe in bound.probes)))
        group = self._wish.cgroup
        return ProgramScope(
            cgroup=self._cgroups.named(
                self._cgroups.existing(group) if group else self._cgroups.program
            ),
            ports=tuple(port.port for port in register.ports),
            address=ipaddress.ip_address(register.address),
        )

    def _record(self, plan: Plan | None = None) -> Record:
        """Without a plan: of a workload that has yet to join."""
        return Record(
            table=self._table,
            workload=str(plan.workload) if plan else STARTING,
            mode="netns" if self._namespace else "cgroup",
            state_dir=str(self._state.path),
            cgroup=str(self._cgroups.folder),
            namespace=self._namespace.number if self._namespace else namespaces.here(),
            namespace_path=str(self._netns or ""),
            outbound_port=plan.outbound_port if plan else 0,
            inbound_port=plan.inbound_port if plan else 0,
        )

    @property
    def _netns(self) -> Path | None:
        return self._namespace.path if self._namespace else None


def _number_of(cgroup: Path) -> int | None:
    try:
        return cgroup.stat().st_ino
    except OSError:
        return None


def _others(name: str) -> Namespace:
    """The namespace of this name, if the agent is not in it itself. Raises AgentError."""
    found = namespaces.find(name)
    if found.number == namespaces.here():
        raise AgentError(
            "netns-own",
            f"{found.path} is the network the agent is in: it would capture its own line to the control plane, "
            "and close the host to whoever administers it",
            "capture programs of this host by --capture cgroup; start the agent outside of what it captures",
        )
    return found


def _token(state: StateDir) -> int:
    """Random, and the same for a program that outlives its agent."""
    held = state.read(_TOKEN)
    if held and held.isdigit():
        return int(held)
    token = secrets.randbelow(2**31 - 1) + 1
    state.write(_TOKEN, str(token).encode())
    return token
