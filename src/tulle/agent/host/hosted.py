"""One workload the host's agent carries: its record, its carrier, and how it is.

Cancelled, it leaves everything running and the record in the book: another agent goes on. Asked to stop, or when
its program ended, it drains, ends its proxy and strikes the record out.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

import msgspec

from tulle.agent.carrier import Carrier, Lasting
from tulle.agent.control.identity import Clock
from tulle.agent.deadline import Stop
from tulle.agent.errors import AgentError, first_agent_error
from tulle.agent.events import (
    AgentEvent,
    Exited,
    HealthChanged,
    Joined,
    Notice,
    Observer,
    Output,
    ProxyReady,
    Started,
)
from tulle.agent.host.book import Book, Record
from tulle.agent.host.reports import Carries, Phase
from tulle.agent.tenants import Tenant
from tulle.settings import AgentSettings


@dataclass(frozen=True, slots=True)
class Means:
    """What an agent has for all its workloads. `say` is its log: about whom, and what."""

    envoy: Path
    book: Book
    clock: Clock
    say: Callable[[str, str], None]


class Hosted:
    """`observe` hears what the carrier tells, as the tenant may have to."""

    def __init__(
        self, record: Record, settings: AgentSettings, means: Means, stop: Stop, observe: Observer
    ) -> None:
        self.record = record
        self.stop = stop
        self.ended = asyncio.Event()
        self.error: AgentError | None = None
        self._settings = settings
        self._means = means
        self._observe = observe
        self._name = ""
        self._phase: Phase = "joining"
        self._healthy, self._reason = record.healthy, ""
        lasting = Lasting(was_healthy=record.healthy)
        self._carrier = Carrier(settings, means.clock, self._hear, stop, lasting)

    @property
    def name(self) -> str:
        """NAMESPACE/NAME once it joined; before, who it wants to be."""
        return self._name or f"{self._settings.namespace}/{self._settings.service_account}"

    async def run(self, tenant: Tenant) -> None:
        """From joining, or taking over, to its end. What fails stays in `error`, and stops nobody else."""
        self._means.book.put(self.record)
        try:
            await self._carrier.carry(tenant)
        except* AgentError as group:
            self.error = first_agent_error(group)
            self._means.say(self.name, str(self.error))
        except* OSError as group:
            self.error = AgentError("workload-failed", str(group.exceptions[0]))
            self._means.say(self.name, str(self.error))
        self._means.book.remove(self.record)
        self.ended.set()

    def reload(self) -> None:
        """Look whether the Envoy on disk is still the one that runs; another one takes over."""
        self._carrier.reload()

    def report(self) -> Carries:
        """How it is."""
        look = self._carrier.look()
        owner = self.record.owner
        return Carries(
            name=self.name,
            account=f"{self._settings.namespace}/{self._settings.service_account}",
            uid=self.record.uid,
            phase="leaving" if self.stop.asked.is_set() else self._phase,
            healthy=self._healthy,
            reason=self._reason,
            owner=owner.pid if owner else None,
            source=self.record.source,
            proxy_pid=look.proxy_pid if look else None,
            mtls_port=look.mtls_port if look else None,
            certificate_ends=look.certificate_ends if look else None,
            capture=self._settings.capture.mode.value,
            state_dir=self.record.state_dir,
            error=str(self.error) if self.error else "",
        )

    def remember(self, record: Record) -> None:
        """Something the next agent must know has changed."""
        if record != self.record:
            self.record = record
            self._means.book.put(record)

    def _hear(self, event: AgentEvent) -> None:
        match event:
            case Notice(text=text):
                self._means.say(self.name, text)
            case Joined(workload=workload):
                self._name, self._phase = str(workload), "starting"
            case ProxyReady():
                self._phase = "serving"
            case HealthChanged(healthy=healthy, reason=reason):
                self._healthy, self._reason = healthy, reason
                self.remember(msgspec.structs.replace(self.record, healthy=healthy))
            case Started() | Output() | Exited():
                pass
            case _:
                assert_never(event)
        self._observe(event)
