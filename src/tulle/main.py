"""The composition root of the control plane: settings in, a running server out. The only place that knows all.

Everything lives in one TaskGroup on one loop: if a part ends, all end, and what is on the disk is whole.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tulle.api.app import Sources, make_app, serve
from tulle.api.tokens import Mint
from tulle.model.problems import Problem
from tulle.ops import garbage
from tulle.reconcile.authority import MeshAuthority, open_authority
from tulle.reconcile.loop import Reconciler
from tulle.reconcile.publish import Publisher
from tulle.serve.ads import Ads
from tulle.serve.certificates import Certificates, Issuance
from tulle.serve.server import GrpcDoor, Services
from tulle.serve.sessions import Memory, Sessions
from tulle.settings import Address, ServerSettings
from tulle.store.contract import Store
from tulle.store.keys import KeyFiles
from tulle.store.sqlite import SqliteStore

STORE_FILE = "store.db"
KEYS_FOLDER = "pki"

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Running:
    """A control plane that listens. The addresses have the ports they really got; `mint` makes join tokens."""

    api_socket: Path
    join_address: Address
    xds_address: Address
    store: Store
    reconciler: Reconciler
    publisher: Publisher
    mint: Mint


async def run_control_plane(
    settings: ServerSettings,
    started: Callable[[Running], None],
    clock: Clock = time.time,  # noqa: TID251 - here the clock is chosen
) -> None:
    """Run until cancelled; `started` is called once everything listens.

    What keeps it from running is raised with a `problem` for people (StoreError, AuthorityError, DoorError,
    SocketError), inside a group once several parts run; `problem_of` finds it.
    """
    # The store first: it is locked for us alone, and the keys beside it are too from then on.
    store = SqliteStore.open(settings.data_dir / STORE_FILE, clock)
    try:
        keys = KeyFiles(settings.data_dir / KEYS_FOLDER)
        authority = await open_authority(keys, store, settings.trust_domain, clock)
        with garbage.unhurried():
            await _Plane(settings, store, authority, clock).run(started)
    finally:
        await store.close()


def problem_of(error: BaseException) -> Problem | None:
    """The first thing in an error, or in a group of them, that was made for people."""
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(problem_of, error.exceptions)), None)
    problem = getattr(error, "problem", None)
    return problem if isinstance(problem, Problem) else None


class _Plane:
    """The parts, wired."""

    def __init__(
        self, settings: ServerSettings, store: Store, authority: MeshAuthority, clock: Clock
    ) -> None:
        self._settings = settings
        self._store = store
        self._authority = authority
        self._publisher = Publisher()
        self._reconciler = Reconciler(store, self._publisher, clock)
        self._mint = Mint(store, lambda: authority.roots.pem, clock)
        memory = Memory(store, self._publisher, self._mint, clock)
        self._sessions = Sessions(memory, authority.trust_domain)
        self._door = self._make_door(clock)
        self._sources = Sources(
            store=store,
            reconciler=self._reconciler,
            publisher=self._publisher,
            authority=authority,
            fleet=self._sessions,
            mint=self._mint,
            clock=clock,
        )

    async def run(self, started: Callable[[Running], None]) -> None:
        """Everything, until cancelled or until a part fails."""
        async with self._listening(), asyncio.TaskGroup() as group:
            group.create_task(self._reconciler.run(), name="reconciler")
            group.create_task(self._sessions.run(), name="sessions")
            group.create_task(self._authority.run(), name="authority")
            group.create_task(self._door.run(), name="door")
            group.create_task(garbage.run(), name="garbage")
            async with serve(make_app(self._sources), self._settings.api_socket):
                started(self._running())
                await asyncio.Event().wait()

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[None]:
        try:
            await self._door.start()
            yield
        finally:
            await self._door.stop()

    def _make_door(self, clock: Clock) -> GrpcDoor:
        domain = self._authority.trust_domain
        issuance = Issuance(
            authority=self._authority,
            lifetime_s=self._lifetime_s,
            drain_s=lambda: self._reconciler.compiled.graph.settings.drain_s,
            xds_address=self._advertised,
            renewed=self._sessions.note_certificate,
        )
        services = Services(
            ads=Ads(self._publisher, domain, clock),
            certificates=Certificates(self._store, issuance, clock),
            sessions=self._sessions,
        )
        settings = self._settings
        return GrpcDoor(
            settings.join_address, settings.xds_address, services, self._authority, clock
        )

    def _lifetime_s(self) -> float:
        return self._reconciler.compiled.graph.settings.certificate_lifetime_s

    def _advertised(self) -> str:
        """Where agents are sent: without an address of our own choice, to the host they joined by."""
        advertised = self._settings.advertised_xds_address
        return str(advertised) if advertised else f":{self._door.xds.port}"

    def _running(self) -> Running:
        return Running(
            api_socket=self._settings.api_socket,
            join_address=self._door.join,
            xds_address=self._door.xds,
            store=self._store,
            reconciler=self._reconciler,
            publisher=self._publisher,
            mint=self._mint,
        )
