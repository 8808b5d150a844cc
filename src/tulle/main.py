"""The composition root of the control plane: settings in, a running server out. The only place that knows all.

Everything lives in one TaskGroup on one loop: if a part ends, all end, and what is on the disk is whole.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tulle.api.app import Sources, make_app, serve
from tulle.api.tokens import Mint
from tulle.model.problems import Problem
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

    What keeps it from running is raised with a `problem` for people: StoreError, AuthorityError, SocketError,
    DoorError, inside groups where several things ended at once (`problem_of` finds it).
    """
    store = SqliteStore.open(settings.data_dir / STORE_FILE, clock)
    try:
        await _run(settings, store, started, clock)
    finally:
        await store.close()


def problem_of(error: BaseException) -> Problem | None:
    """What kept the server from running, for people; None if nobody foresaw it."""
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(problem_of, error.exceptions)), None)
    problem = getattr(error, "problem", None)
    return problem if isinstance(problem, Problem) else None


async def _run(
    settings: ServerSettings, store: Store, started: Callable[[Running], None], clock: Clock
) -> None:
    keys = KeyFiles(settings.data_dir / KEYS_FOLDER)
    authority = await open_authority(keys, store, settings.trust_domain, clock)
    publisher = Publisher()
    reconciler = Reconciler(store, publisher, clock)
    sessions = Sessions(Memory(store, publisher, clock), authority.trust_domain)
    door = _door(settings, _Parts(store, authority, publisher, reconciler, sessions, clock))
    mint = Mint(store, lambda: authority.roots.pem, clock)
    app = make_app(Sources(store, reconciler, publisher, authority, sessions, mint, clock))
    async with serve(app, settings.api_socket), asyncio.TaskGroup() as group:
        group.create_task(reconciler.run(), name="reconcile")
        try:
            await door.start()
            group.create_task(authority.run(), name="authority")
            group.create_task(sessions.run(), name="sessions")
            group.create_task(door.run(), name="door")
            api = settings.api_socket
            started(Running(api, door.join, door.xds, store, reconciler, publisher, mint))
            await asyncio.get_running_loop().create_future()
        finally:
            await door.stop()


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the gRPC door is made of."""

    store: Store
    authority: MeshAuthority
    publisher: Publisher
    reconciler: Reconciler
    sessions: Sessions
    clock: Clock


def _door(settings: ServerSettings, parts: _Parts) -> GrpcDoor:
    """Both ports. Where workloads find their configuration is known once the port is."""

    def xds_address() -> str:
        advertised = settings.advertised_xds_address
        return str(advertised) if advertised else f":{door.xds.port}"

    def lifetime_s() -> float:
        return parts.reconciler.compiled.graph.settings.certificate_lifetime_s

    trust_domain = parts.authority.trust_domain
    issuance = Issuance(parts.authority, lifetime_s, xds_address, parts.sessions.note_certificate)
    services = Services(
        Ads(parts.publisher, trust_domain, parts.clock),
        Certificates(parts.store, issuance, parts.clock),
        parts.sessions,
    )
    door = GrpcDoor(
        settings.join_address, settings.xds_address, services, parts.authority, parts.clock
    )
    return door
