"""What the control plane wants of workloads' Envoys: told over their sessions, and what became of it.

An Envoy takes some settings only when it starts. Agents hear them when their session begins and when they
change, and replace their Envoys; anybody may have one replaced (`tulle proxy restart`).
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from tulle.model.names import WorkloadRef
from tulle.model.wire import FromServer, ProxySettings, ProxyState, Refused, ReplaceProxy
from tulle.serve.errors import STREAM_BROKE

ANSWER_S = 300.0
"""An agent that is asked for another Envoy waits until the one before has drained, and for its own turn."""


class Hearer(Protocol):
    """A session whose agent knows these frames."""

    async def say(self, frame: FromServer) -> None:
        """To the agent."""
        ...


class Orders:
    """`drain_s` is the mesh's. Sessions enter with their agent's first word and leave with their last."""

    def __init__(self, drain_s: Callable[[], float]) -> None:
        self._drain_s = drain_s
        self._told: dict[WorkloadRef, tuple[Hearer, float]] = {}
        self._numbers = itertools.count(1)
        self._awaited: dict[tuple[WorkloadRef, int], asyncio.Future[ProxyState]] = {}

    async def enter(self, workload: WorkloadRef, hearer: Hearer) -> None:
        """A workload is here: it hears what is wanted."""
        self._told[workload] = (hearer, self._drain_s())
        await hearer.say(ProxySettings(connection_drain_s=self._drain_s()))

    def leave(self, workload: WorkloadRef, hearer: Hearer) -> None:
        """Its session is over; who waited for it waits in vain."""
        if workload in self._told and self._told[workload][0] is hearer:
            del self._told[workload]
            for (ref, _), future in self._awaited.items():
                if ref == workload and not future.done():
                    future.cancel()

    async def tell_changes(self) -> None:
        """To be called now and then: who heard other settings hears the ones of now."""
        now = self._drain_s()
        for workload, (hearer, told) in list(self._told.items()):
            if told != now:
                self._told[workload] = (hearer, now)
                with suppress(*STREAM_BROKE):
                    await hearer.say(ProxySettings(connection_drain_s=now))

    def heard(self, workload: WorkloadRef, state: ProxyState) -> None:
        """An agent says which Envoy serves."""
        future = self._awaited.get((workload, state.answers))
        if future and not future.done():
            future.set_result(state)

    async def replace(self, workload: WorkloadRef) -> ProxyState | Refused:
        """Have a workload's Envoy replaced; what its agent says of that, or why it cannot be asked."""
        hearer, _ = self._told.get(workload, (None, 0.0))
        if hearer is None:
            return _not_here(workload)
        number = next(self._numbers)
        answer: asyncio.Future[ProxyState] = asyncio.get_running_loop().create_future()
        self._awaited[workload, number] = answer
        try:
            return await _answered(hearer.say(ReplaceProxy(number=number)), answer)
        except (TimeoutError, *STREAM_BROKE):
            return _no_answer(workload)
        finally:
            del self._awaited[workload, number]


async def _answered(asking: Awaitable[None], answer: "asyncio.Future[ProxyState]") -> ProxyState:
    async with asyncio.timeout(ANSWER_S):
        await asking
        await asyncio.wait({answer})
    if answer.cancelled():
        raise TimeoutError
    return answer.result()


def _not_here(workload: WorkloadRef) -> Refused:
    return Refused(
        code="proxy-not-reachable",
        message=f"the agent of {workload} is not connected, or is of a version that cannot be asked",
        hint="`tulle proxy status` shows who is connected",
    )


def _no_answer(workload: WorkloadRef) -> Refused:
    return Refused(
        code="proxy-not-answering",
        message=f"the agent of {workload} was asked, and did not say what became of it",
        hint="`tulle proxy status` shows which Envoy serves; what it said is in the agent's output",
    )
