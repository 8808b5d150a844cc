"""The agent of one workload in one process: a carrier and its tenant.

`tulle run` has one in its process, `tulle up` has many. Where the host has an agent (`host`), that carries.
"""

import signal
from collections.abc import Mapping

from tulle.agent.carrier import Carrier
from tulle.agent.control.identity import Clock
from tulle.agent.deadline import Stop
from tulle.agent.errors import first_agent_error
from tulle.agent.events import AgentEvent, Observer
from tulle.agent.programs.tenant import NoTenant, ProgramTenant
from tulle.settings import AgentSettings


def _ignore(_: AgentEvent) -> None:
    """For who does not want to know."""


class Agent:
    """`environ` is what the program's environment is based on. With `lines`, its output comes as events."""

    def __init__(
        self,
        settings: AgentSettings,
        clock: Clock,
        environ: Mapping[str, str],
        observe: Observer = _ignore,
        *,
        lines: bool = False,
    ) -> None:
        self._stop = Stop()
        self._carrier = Carrier(settings, clock, observe, self._stop)
        self._tenant = (
            ProgramTenant(settings, environ, observe, self._stop, lines=lines)
            if settings.command
            else NoTenant(settings.drain_s, self._stop)
        )

    def stop(self, signum: int = signal.SIGTERM) -> None:
        """Leave the mesh, then end the program with this signal. Asked again: do not wait for callers."""
        self._stop.ask(signum)

    def forward(self, signum: int) -> None:
        """Pass a signal to the program that means nothing to the agent."""
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
