"""Everything beside the program: Envoy, what feeds it, and the line to the control plane, wired together.

`agent` makes one when the workload has its identity and ports, and runs it as long as the workload lives.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tulle.agent.control.backoff import luck
from tulle.agent.control.channels import Uplink
from tulle.agent.control.identity import Identity, IdentityKeeper
from tulle.agent.control.session import Local, Session
from tulle.agent.control.upstream import Upstream
from tulle.agent.events import Notice
from tulle.agent.programs.children import HERE, Inside
from tulle.agent.proxy import cache
from tulle.agent.proxy.door import Door
from tulle.agent.proxy.edges import EdgeCounter
from tulle.agent.proxy.envoy import Envoy
from tulle.agent.proxy.exchange import Exchange
from tulle.agent.proxy.levels import Levels
from tulle.agent.proxy.life.generation import EnvoyStart
from tulle.agent.proxy.life.place import EnvoyPlace
from tulle.agent.proxy.relay import Relay
from tulle.agent.proxy.secrets import identity_secret
from tulle.agent.resolver.scope import Scope, load_used
from tulle.agent.state import StateDir
from tulle.model.wire import ProxySettings, ProxyState, Register, ReplaceProxy, encode
from tulle.settings import AgentSettings
from tulle.xds.bootstrap import SYSTEM_ROOT_FILES, Bootstrap
from tulle.xds.snapshots import FOR_ENVOY, TypeUrl, XdsResource, XdsSnapshot

if TYPE_CHECKING:
    from tulle.agent.resolver.names import Names

_LONGEST_SOCKET = "admin-0.sock"
_RESOLV_CONF = "resolv.conf"
_PATIENCE_S = 10.0
_ALONE_S = 1.0
_SPREAD_S = 5.0
"""Replacing Envoys costs a host something: over so long the workloads of a mesh do it that hear of it at once."""


@dataclass(frozen=True, slots=True)
class Stand:
    """How a proxy stands on its host: where it runs, whether it outlives the agent that started it, and what
    answers its program's DNS, if anything does.
    """

    inside: Inside = HERE
    lasts: bool = False
    names: "Names | None" = None


ALONE = Stand()


class Sidecar:
    """The proxy of one workload. `register` says where it listens."""

    def __init__(
        self,
        settings: AgentSettings,
        state: StateDir,
        keeper: IdentityKeeper,
        register: Register,
        tell: Callable[[Notice], None],
        stand: Stand = ALONE,
    ) -> None:
        self._names = names = stand.names
        self._state = state
        self._keeper = keeper
        self._tell = tell
        self._register = register
        self._key = _cache_key(keeper.current, register)
        held = cache.load(state, self._key)
        self._has_cache = held is not None
        by_name = register.http_proxy_port is not None
        start = _start(settings, state, keeper.current, stand, by_name=by_name)
        state.socket(_LONGEST_SOCKET)
        node_id = str(keeper.current.workload)
        types = tuple(TypeUrl) if names else FOR_ENVOY
        self.exchange = Exchange(Relay(node_id, held, _secret(keeper.current), types), tell)
        self.envoy = Envoy(start, EnvoyPlace(state.path), tell, self.exchange, self)
        self.edges = EdgeCounter(self.envoy, state)
        self._uplink = Uplink(keeper.xds_address, lambda: keeper.current.trust)
        used = load_used(state) if names and register.capture else ()
        register = msgspec.structs.replace(register, used=used)
        local = Local(self.edges.report, Levels(lambda: self.envoy.admin).change)
        self.session = Session(self._uplink, register, local, self._come_back, tell)
        captured = register.capture is not None
        self._scope = Scope(state, self.exchange, self.session, used) if captured else None
        self._upstream = Upstream(self._uplink, self.exchange)
        self._door = Door(state.socket("agent.sock"), self.exchange)

    async def run(self) -> None:
        """Run all of it until cancelled; Envoy ends before what it talks to."""
        await self._door.start()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._upstream.run(), name="upstream")
                group.create_task(self.session.run(), name="session")
                group.create_task(self._keeper.keep_fresh(self._renewed), name="identity")
                group.create_task(self.exchange.keep_tidy(), name="tidy")
                group.create_task(self.exchange.keep_saved(self._save), name="save")
                group.create_task(self.envoy.run(), name="envoy")
                group.create_task(self.edges.keep_saved(), name="counts")
                group.create_task(self._say_if_alone(), name="alone")
                if self._names:
                    group.create_task(self._names.run(self.exchange, self._scope), name="names")
                group.create_task(self._obey(), name="orders")
        finally:
            await self._door.stop()

    async def ready(self) -> None:
        """Return once Envoy serves its first whole configuration, and names are answered if they are to be.

        Says what is missing while that is not so.
        """
        while True:
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    await self.envoy.ready.wait()
                    if self._names:
                        await self._names.answers()
                    return
            except TimeoutError:
                self._tell(Notice(self._missing()))

    async def _say_if_alone(self) -> None:
        """Running from last time's files is meant to work; but nobody should have to guess it."""
        try:
            async with asyncio.timeout(_ALONE_S):
                await self.session.registered.wait()
        except TimeoutError:
            if self._has_cache:
                self._tell(
                    Notice(
                        f"the control plane at {self._keeper.xds_address} is away: "
                        "running with certificate and configuration of last time"
                    )
                )

    def _missing(self) -> str:
        if not self.session.registered.is_set():
            return f"waiting for the control plane at {self._keeper.xds_address}"
        if self._names and self.envoy.ready.is_set():
            return "waiting for the mesh's names"
        return "waiting for the proxy to have its configuration"

    async def prepared(self) -> str:
        """Before an Envoy is replaced: what its heir needs is here, and what it counted is counted."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self.exchange.known.wait()
        except TimeoutError:
            return "the control plane is away, and there is no configuration of last time to start it with"
        await self.edges.report()
        return ""

    def lay_out_resolv_conf(self) -> str:
        """Write the file the program is to see as /etc/resolv.conf; its path, or "" where it keeps the host's."""
        text = self._names.program_file() if self._names else ""
        if not text:
            return ""
        self._state.write(_RESOLV_CONF, text.encode())
        path = self._state.path / _RESOLV_CONF
        path.chmod(0o644)  # the program's user may be another one
        return str(path)

    def concluded(self) -> None:
        """Another Envoy serves, or one that was wanted does not: the control plane hears which."""
        self._report_proxy()

    def reload(self) -> None:
        """Look whether the Envoy on disk is still the one that runs."""
        self.session.orders.put_nowait(self._settings_now())

    async def _obey(self) -> None:
        """Do what the control plane wants of the proxy."""
        while True:
            match await self.session.orders.get():
                case ProxySettings(connection_drain_s=drain_s):
                    await self._drain_by(drain_s)
                case ReplaceProxy(number=number):
                    await self.envoy.restart()
                    self._report_proxy(answers=number)

    async def _drain_by(self, drain_s: float) -> None:
        await self._keeper.note_drain(drain_s)
        wanted = replace(self.envoy.wanted, drain_s=drain_s)
        if wanted != self.envoy.wanted:  # all workloads of a host hear it at once
            await asyncio.sleep(luck() * _SPREAD_S)
        await self.envoy.want(wanted)

    def _report_proxy(self, answers: int = 0) -> None:
        state = ProxyState(
            version=self.envoy.version, failure=self.envoy.last_failure, answers=answers
        )
        self.session.report_proxy(state)

    def _settings_now(self) -> ProxySettings:
        drain_s = self._keeper.current.credentials.connection_drain_s
        return ProxySettings(connection_drain_s=drain_s)

    def keep_return(self, token: str) -> None:
        """Remember what to come back with."""
        self._keeper.keep_return(token)

    async def _come_back(self) -> bool:
        if not await self._keeper.come_back():
            return False
        self._renewed(self._keeper.current)
        return True

    def _renewed(self, identity: Identity) -> None:
        self._key = _cache_key(identity, self._register)
        self.exchange.renew(str(identity.workload), _secret(identity))
        self._uplink.renew()
        self.session.orders.put_nowait(self._settings_now())

    def _save(self, snapshot: XdsSnapshot) -> None:
        cache.save(self._state, self._key, snapshot)


def _start(
    settings: AgentSettings, state: StateDir, identity: Identity, stand: Stand, *, by_name: bool
) -> EnvoyStart:
    account = f"{settings.namespace}/{settings.service_account}"
    bootstrap = Bootstrap(
        node_id=str(identity.workload),
        cluster=account,
        agent_socket=str(state.socket("agent.sock")),
        system_roots=next((file for file in SYSTEM_ROOT_FILES if Path(file).is_file()), ""),
        internal_listeners=by_name,
    )
    return EnvoyStart(
        settings.envoy,
        bootstrap,
        identity.credentials.connection_drain_s,
        # Envoy's "info" is forty lines a start, of use only to those who ask for more.
        "warning" if settings.log_level == "info" else settings.log_level,
        stand.lasts,
        stand.inside,
    )


def _secret(identity: Identity) -> XdsResource:
    return identity_secret(identity.private_key.encode(), identity.chain.encode())


def _cache_key(identity: Identity, register: Register) -> str:
    """A configuration fits one workload on one set of ports: with others, it is of no use.

    Which Envoy reads it, and how the program is, is another matter.
    """
    lasting = msgspec.structs.replace(register, proxy_version="", healthy=False)
    digest = hashlib.sha256(encode(lasting)).hexdigest()[:16]
    return f"{identity.workload} {digest}"
