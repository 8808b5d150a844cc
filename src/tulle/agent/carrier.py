"""One workload's place in the mesh: its identity, ports, proxy and line to the control plane, from joining to leaving.

`Carrier._live` is the table of contents. Who lives behind the proxy is a `Tenant`: a program that is our child
(`programs.tenant`), nobody (a door), or one that runs elsewhere on this host (`host`). A carrier keeps nothing
outside itself and its state folder and installs no signal handlers: one process may have many.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from tulle.agent import drain, ports
from tulle.agent.capture.captures import Capture, capture_of
from tulle.agent.control.identity import Clock, IdentityKeeper
from tulle.agent.deadline import Deadline, Stop
from tulle.agent.errors import first_agent_error
from tulle.agent.events import AgentEvent, HealthChanged, Joined, Notice, Observer, ProxyReady
from tulle.agent.ports import PortBook
from tulle.agent.proxy.life import predecessors
from tulle.agent.proxy.life.binary import proxy_version
from tulle.agent.proxy.life.place import EnvoyPlace
from tulle.agent.sidecar import Sidecar, Stand
from tulle.agent.state import StateDir
from tulle.agent.tenants import Given, Tenant
from tulle.dns.wishes import DnsMode
from tulle.model.kinds.workload import BoundCapture
from tulle.model.names import WorkloadRef
from tulle.model.wire import Register
from tulle.settings import AgentSettings

_SO_MARK = 36
"""Linux's; other systems' Python has no name for it."""

if TYPE_CHECKING:
    from collections.abc import Generator

    from tulle.agent.resolver.names import Names


@dataclass(frozen=True, slots=True)
class Lasting:
    """The workload outlives this process: cancelled, a carrier leaves its proxy running, and the next one goes on
    with it. `was_healthy` is what an earlier carrier knew of the program."""

    was_healthy: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What may be seen of a workload that is carried. Times are Unix seconds."""

    proxy_pid: int | None
    mtls_port: int
    certificate_ends: float


class Carrier:
    """Carries one workload. `stop` ends it before its tenant lives; from then on the tenant heeds it.

    Without `lasting` nothing of it survives this process.
    """

    def __init__(
        self,
        settings: AgentSettings,
        clock: Clock,
        observe: Observer,
        stop: Stop,
        lasting: Lasting | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._observe = observe
        self._stop = stop
        self._lasting = lasting
        self._adopted = False
        self._look = _nothing_yet
        self._reload = _do_nothing

    def reload(self) -> None:
        """Look whether the Envoy on disk is still the one that runs; another one takes over."""
        self._reload()

    def look(self) -> Look | None:
        """How it is now; None before it has its ports."""
        return self._look()

    async def carry(self, tenant: Tenant) -> int:
        """From joining to leaving: what the tenant returned. Raises AgentError, also within a group."""
        with StateDir(self._settings.state_dir) as state:
            lasting = self._lasting is not None
            self._adopted = lasting and predecessors.runs(state.path)
            dns = self._settings.dns
            capture = capture_of(
                self._settings.capture,
                state,
                self._tell,
                lasting=lasting,
                dns=dns is not None and dns.mode is DnsMode.REDIRECT,
            )
            with capture.entered():
                self._check()
            tenant.check()
            async with capture.prepared(), _nobody_left(state):
                return await self._live(state, tenant, capture)

    async def _live(self, state: StateDir, tenant: Tenant, capture: Capture) -> int:
        version = await proxy_version(self._settings.envoy)
        keeper = IdentityKeeper(self._settings, state, self._clock, self._tell)
        if not await self._stop.before(keeper.obtain()):
            return self._stop.code
        self._observe(Joined(keeper.current.workload, keeper.from_disk))
        with capture.entered():
            address = self._address()
        avoid, adopted = self._program_ports(), self._adopted
        with (
            PortBook(state, address, avoid, adopted=adopted) as book,
            self._names(book, keeper.current.workload, capture) as names,
        ):
            with capture.entered():
                bound = capture.bind(book)
                register = self._register(book, keeper.current.workload, version, bound)
            if names:
                register = msgspec.structs.replace(register, dns_port=names.port)
            stand = Stand(capture.proxy, lasts=self._lasting is not None, names=names)
            sidecar = Sidecar(self._settings, state, keeper, register, self._tell, stand)
            if self._lasting and self._lasting.was_healthy:
                sidecar.session.report_health(True, "")
            self._look = partial(_look, sidecar, keeper, register)
            self._reload = sidecar.reload
            async with asyncio.TaskGroup() as group:
                running = group.create_task(sidecar.run(), name="sidecar")
                if await self._stop.before(sidecar.ready()):
                    async with capture.in_force(keeper.current.workload, register):
                        code = await self._serve(sidecar, register, tenant, capture)
                else:
                    code = self._stop.code
                sidecar.envoy.dismiss()
                running.cancel()
        return code

    async def _serve(
        self, sidecar: Sidecar, register: Register, tenant: Tenant, capture: Capture
    ) -> int:
        """What happens between a proxy that is ready and one that may end."""
        self._observe(ProxyReady(register.bound_upstreams, register.http_proxy_port))
        return await tenant.live(_Beside(sidecar, register, capture, self._observe))

    def _check(self) -> None:
        """A token is used up only when nothing of ours can fail."""
        ports.check_address(self._settings.address)
        if self._adopted:
            return  # its Envoy listens on the others, as it should
        ports.check_upstream_ports(self._settings.upstreams)
        ports.check_http_proxy_port(self._settings.http_proxy)

    @contextlib.contextmanager
    def _names(
        self, book: PortBook, workload: WorkloadRef, capture: Capture
    ) -> "Generator[Names | None]":
        """Who answers its DNS, with the ports held; loaded only where somebody shall."""
        wanted = self._settings.dns
        if wanted is None:
            yield None
            return
        from tulle.agent.resolver.names import Names
        from tulle.agent.resolver.places import open_place
        from tulle.agent.resolver.sources import resolv_conf_of

        open_socket = partial(_open_socket, capture)
        place = open_place(wanted, book.last("dns"), open_socket)
        book.note("dns", place.number)
        host_file = resolv_conf_of(self._settings.capture.namespace)
        self._tell(Notice(f"names of the mesh are answered at {place}"))
        names = Names(wanted, place, workload.namespace, open_socket, host_file)
        with contextlib.closing(names):
            yield names

    def _register(
        self, book: PortBook, workload: WorkloadRef, version: str, bound: BoundCapture | None
    ) -> Register:
        settings = self._settings
        register = Register(
            address=book.address,
            ports=settings.ports,
            upstreams=settings.upstreams,
            bound_upstreams=book.upstreams(settings.upstreams, workload.namespace),
            http_proxy=settings.http_proxy,
            http_proxy_port=book.http_proxy(settings.http_proxy),
            locality=settings.locality,
            mtls_port=book.mtls(own_network=bound is not None and bound.mode == "netns"),
            plaintext_ports=book.plaintext(settings.ports, bound),
            capture=bound,
            proxy_version=version,
        )
        book.save()
        return register

    def _tell(self, notice: Notice) -> None:
        self._observe(notice)

    def _address(self) -> str:
        return self._settings.address or ports.address_towards(self._settings.server.host)

    def _program_ports(self) -> list[int]:
        return [port.port for port in self._settings.ports]


def _open_socket(capture: Capture, family: int, kind: int) -> socket.socket:
    """In the workload's network, and past the rules that lead its program to us."""
    with capture.entered():
        sock = socket.socket(family, kind)
    if capture.mark:
        sock.setsockopt(socket.SOL_SOCKET, _SO_MARK, capture.mark)
    return sock


class _Beside:
    """The workload whose sidecar runs in this process."""

    def __init__(
        self, sidecar: Sidecar, register: Register, capture: Capture, observe: Observer
    ) -> None:
        self.given = Given(
            upstreams=register.bound_upstreams,
            http_proxy_port=register.http_proxy_port,
            cgroup=str(capture.program.cgroup or ""),
            netns=str(capture.program.netns or ""),
            resolv_conf=sidecar.lay_out_resolv_conf(),
            mark=capture.mark,
        )
        self._sidecar = sidecar
        self._observe = observe

    @property
    def proxy_runs(self) -> bool:
        return self._sidecar.envoy.ready.is_set()

    def report_health(self, healthy: bool, reason: str) -> None:
        self._sidecar.session.report_health(healthy, reason)
        self._observe(HealthChanged(healthy, reason))

    async def leave(self, deadline: Deadline) -> None:
        if token := await drain.leave(self._sidecar.session, deadline, self._tell):
            self._sidecar.keep_return(token)

    async def drain(self, deadline: Deadline) -> None:
        await self.leave(deadline)
        await drain.wait_for_callers(self._sidecar.edges.open_connections, deadline, self._tell)

    def _tell(self, event: AgentEvent) -> None:
        self._observe(event)


@contextlib.asynccontextmanager
async def _nobody_left(state: StateDir) -> AsyncGenerator[None]:
    """What fails for good, or ended before its Envoy was in our hands, is not carried on by a next agent."""
    try:
        yield
    except BaseException as error:
        if first_agent_error(error):
            await predecessors.predecessors(EnvoyPlace(state.path), keep=False)
        raise
    await predecessors.predecessors(EnvoyPlace(state.path), keep=False)


def _nothing_yet() -> Look | None:
    return None


def _do_nothing() -> None:
    """There is no proxy yet."""


def _look(sidecar: Sidecar, keeper: IdentityKeeper, register: Register) -> Look:
    return Look(
        proxy_pid=sidecar.envoy.pid,
        mtls_port=register.mtls_port,
        certificate_ends=keeper.current.credentials.not_after,
    )
