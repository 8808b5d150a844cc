"""What the control plane asks agents in their sessions: each question has a number, its answer the same."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping

from tulle.model.names import WorkloadRef
from tulle.model.wire import (
    AGENT_AWAY,
    AGENT_SILENT,
    AGENT_TOO_OLD,
    LEVEL_REFUSED,
    FromServer,
    LogLevels,
    Refused,
    SetLogLevels,
)
from tulle.serve.errors import STREAM_BROKE

PATIENCE_S = 10.0
"""How long an agent may take: it asks its proxy, which may be busy."""


class Questions:
    """Those of one session; `say` sends a frame to its agent."""

    def __init__(self, workload: WorkloadRef, say: Callable[[FromServer], Awaitable[None]]) -> None:
        self._workload = workload
        self._say = say
        self._numbers = itertools.count(1)
        self._open: dict[int, asyncio.Future[LogLevels | Refused]] = {}

    async def log_levels(self, levels: Mapping[str, str]) -> Mapping[str, str] | Refused:
        """Ask for them, changed first if some are given."""
        number = next(self._numbers)
        answer = self._open[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._say(SetLogLevels(number=number, levels=levels))
                found = await answer
        except TimeoutError:
            return _silent(self._workload)
        except STREAM_BROKE:
            return away(self._workload)
        finally:
            self._open.pop(number, None)
        if isinstance(found, Refused):
            return found
        return _unknown(found.problem) if found.problem else found.levels

    def on_answer(self, frame: LogLevels) -> None:
        """An agent answered. What nobody waits for any more is dropped."""
        waiting = self._open.get(frame.number)
        if waiting is not None and not waiting.done():
            waiting.set_result(frame)

    def close(self) -> None:
        """The session is over: nobody will answer."""
        for waiting in self._open.values():
            if not waiting.done():
                waiting.set_result(away(self._workload))


def away(workload: WorkloadRef) -> Refused:
    """There is nobody to ask."""
    return Refused(
        code=AGENT_AWAY,
        message=f"no agent of {workload} is connected here",
        hint="`tulle proxy status` lists those that are",
    )


def too_old(workload: WorkloadRef) -> Refused:
    """There is somebody who would not understand."""
    return Refused(
        code=AGENT_TOO_OLD,
        message=f"the agent of {workload} is of an older version, which cannot change log levels",
        hint="upgrade it, or start it again with --log-level",
    )


def _silent(workload: WorkloadRef) -> Refused:
    return Refused(
        code=AGENT_SILENT,
        message=f"the agent of {workload} did not answer in time",
        hint="look at its log on its host",
    )


def _unknown(problem: str) -> Refused:
    return Refused(
        code=LEVEL_REFUSED, message=problem[:2000], hint="`tulle log level` shows those there are"
    )
