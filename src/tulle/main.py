"""The composition root of the control plane: settings in, a running server out. The only place that knows all.

Everything lives in one TaskGroup on one loop: if a part ends, all end, and what is on the disk is whole.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tulle.api.app import Sources, make_app, make_routes
from tulle.api.custody import Custody
from tulle.api.doors.access import Access
from tulle.api.doors.certificates import DoorCertificate
from tulle.api.doors.keys import AdminToken
from tulle.api.doors.opening import Doors, opened, serving
from tulle.api.doors.ports import reached_at
from tulle.api.kube.reading.history import History
from tulle.api.tokens import Mint
from tulle.model.problems import Problem
from tulle.ops import garbage
from tulle.reconcile.authority import MeshAuthority, open_authority
from tulle.reconcile.collector import Collector
from tulle.reconcile.loop import Reconciler
from tulle.reconcile.publish import Publisher
from tulle.serve.ads import Ads
from tulle.serve.certificates import Certificates, Issuance
from tulle.serve.orders import Orders
from tulle.serve.server import GrpcDoor, Services
from tulle.serve.sessions import Memory, Sessions
from tulle.settings import Address, ServerSettings
from tulle.store.backups.restoring import finish_if_cut_off
from tulle.store.contract import Store
from tulle.store.files import KEYS_FOLDER, STORE_FILE
from tulle.store.keys import KeyFiles
from tulle.store.sqlite import SqliteStore

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Running:
    """A control plane that listens. The addresses have the ports they really got; `mint` makes join tokens."""

    api_socket: Path
    api_address: Address | None
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
    finish_if_cut_off(settings.data_dir)
    # The store first: it is locked for us alone, and the keys beside it are too from then on.
    store = SqliteStore.open(settings.data_dir / STORE_FILE, clock)
    try:
        keys = KeyFiles(settings.data_dir / KEYS_FOLDER)
        authority = await open_authority(keys, store, settings.trust_domain, clock)
        with garbage.unhurried():
            token, history = AdminToken.open(keys), await History.open(store)
            with opened(settings) as doors:
                api = _Api(doors, token, history)
                await _Plane(settings, store, authority, clock).run(api, started)
    finally:
        await store.close()


def problem_of(error: BaseException) -> Problem | None:
    """The first thing in an error, or in a group of them, that was made for people."""
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(problem_of, error.exceptions)), None)
    problem = getattr(error, "problem", None)
    return problem if isinstance(problem, Problem) else None


@dataclass(frozen=True, slots=True)
class _Api:
    """Where the API listens, what opens it, and its memory."""

    doors: Doors
    token: AdminToken
    history: History

    @property
    def tls_address(self) -> Address | None:
        return self.doors.tls.address if self.doors.tls else None


class _Plane:
    """The parts, wired."""

    def __init__(
        self, settings: ServerSettings, store: SqliteStore, authority: MeshAuthority, clock: Clock
    ) -> None:
        self._settings = settings
        self._store = store
        self._authority = authority
        self._publisher = Publisher()
        self._reconciler = Reconciler(store, self._publisher, clock)
        self._mint = Mint(store, lambda: authority.roots.pem, clock)
        memory = Memory(store, self._publisher, self._mint, clock)
        orders = Orders(self._drain_s)
        self._sessions = Sessions(memory, authority.trust_domain, orders)
        self._clock = clock
        self._door = self._make_door(clock)

    async def run(self, api: _Api, started: Callable[[Running], None]) -> None:
        """Everything, until cancelled or until a part fails."""
        async with self._listening(), asyncio.TaskGroup() as group:
            group.create_task(self._reconciler.run(), name="reconciler")
            group.create_task(Collector(self._store).run(), name="collector")
            group.create_task(self._sessions.run(), name="sessions")
            group.create_task(self._authority.run(), name="authority")
            group.create_task(self._door.run(), name="door")
            group.create_task(garbage.run(), name="garbage")
            certificate = self._certificate(api)
            if certificate is not None:
                group.create_task(certificate.run(), name="api-certificate")
            context = certificate.context if certificate else None
            group.create_task(api.history.run(), name="history")
            make = partial(make_app, make_routes(self._sources(api)), api.history.close)
            async with serving(api.doors, make, api.token, context):
                started(self._running(api))
                await asyncio.Event().wait()

    def _certificate(self, api: _Api) -> DoorCertificate | None:
        """What the TLS door shows, if there is one."""
        if api.tls_address is None:
            return None
        hosts = [api.tls_address.host]
        if self._settings.advertised_api_address:
            hosts.append(self._settings.advertised_api_address.host)
        return DoorCertificate(self._authority, hosts, self._settings.data_dir, self._clock)

    def _sources(self, api: _Api) -> Sources:
        plain = api.doors.plain
        access = Access(
            tls=api.tls_address
            and (self._settings.advertised_api_address or reached_at(api.tls_address)),
            loopback=plain.address if plain else None,
            roots=lambda: self._authority.roots.pem,
            token=api.token,
        )
        return Sources(
            store=self._store,
            history=api.history,
            reconciler=self._reconciler,
            publisher=self._publisher,
            authority=self._authority,
            fleet=self._sessions,
            mint=self._mint,
            access=access,
            custody=Custody(
                self._store, KeyFiles(self._settings.data_dir / KEYS_FOLDER), self._clock
            ),
            clock=self._clock,
        )

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
            drain_s=self._drain_s,
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

    def _drain_s(self) -> float:
        return self._reconciler.compiled.graph.settings.drain_s

    def _lifetime_s(self) -> float:
        return self._reconciler.compiled.graph.settings.certificate_lifetime_s

    def _advertised(self) -> str:
        """Where agents are sent: without an address of our own choice, to the host they joined by."""
        advertised = self._settings.advertised_xds_address
        return str(advertised) if advertised else f":{self._door.xds.port}"

    def _running(self, api: _Api) -> Running:
        return Running(
            api_socket=self._settings.api_socket,
            api_address=api.tls_address,
            join_address=self._door.join,
            xds_address=self._door.xds,
            store=self._store,
            reconciler=self._reconciler,
            publisher=self._publisher,
            mint=self._mint,
        )
