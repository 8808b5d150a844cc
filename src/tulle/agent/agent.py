"""The agent of one workload in one process: a carrier and its tenant.

`tulle run` has one in its process, `tulle up` has many. Where the host has an agent, that carries, and this
has only the tenant.
"""

import signal
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from tulle.agent.deadline import Stop
from tulle.agent.errors import first_agent_error
from tulle.agent.events import AgentEvent, Observer
from tulle.agent.programs.tenant import ProgramTenant, tenant_of
from tulle.agent.tenants import Tenant
from tulle.settings import AgentSettings

if TYPE_CHECKING:
    from tulle.agent.control.identity import Clock
    from tulle.agent.host.client import HostsAgent


class Carries(Protocol):
    """Whoever has the workload's place in the mesh, from joining to leaving."""

    async def carry(self, tenant: Tenant) -> int:
        """What the tenant returned. Raises AgentError, also within a group."""
        ...

    def reload(self) -> None:
        """Look whether the Envoy on disk is still the one that runs; another one takes over."""
        ...


def _ignore(_: AgentEvent) -> None:
    """For who does not want to know."""


class Agent:
    """`environ` is what the program's environment is based on. With `lines`, its output comes as events."""

    def __init__(
        self,
        settings: AgentSettings,
        clock: "Clock",
        environ: Mapping[str, str],
        observe: Observer = _ignore,
        *,
        lines: bool = False,
        host: "HostsAgent | None" = None,
    ) -> None:
        self._stop = Stop()
        self._carrier = (
            _hosted(host, observe, self._stop)
            if host
            else _own(settings, clock, observe, self._stop)
        )
        self._tenant = tenant_of(settings, environ, observe, self._stop, lines=lines)

    def stop(self, signum: int = signal.SIGTERM) -> None:
        """Leave the mesh, then end the program with this signal. Asked again: do not wait for callers."""
        self._stop.ask(signum)

    def forward(self, signum: int) -> None:
        """Pass a signal to the program. SIGHUP, which asks programs to read their files anew, asks the agent too."""
        if signum == signal.SIGHUP:
            self._carrier.reload()
        if isinstance(self._tenant, ProgramTenant):
            self._tenant.forward(signum)

    async def run(self) -> int:
        """From joining to leaving: the program's exit code, as a shell would say it. Raises AgentError."""
        try:
            return await self._carrier.carry(self._tenant)
        except BaseExceptionGroup as group:
            error = first_agent_error(group)
            if error is None:
                raise
            raise error from group


def _own(settings: AgentSettings, clock: "Clock", observe: Observer, stop: Stop) -> Carries:
    # Loaded only where it is needed: gRPC and cryptography are most of an agent's memory.
    from tulle.agent.carrier import Carrier

    return Carrier(settings, clock, observe, stop)


def _hosted(host: "HostsAgent", observe: Observer, stop: Stop) -> Carries:
    from tulle.agent.host.client import HostedCarrier

    return HostedCarrier(host, observe, stop)
