"""What the proxy counted, over all of its lives: an Envoy that restarts counts from zero, the mesh does not.

`session` sends the report every two seconds; `drain` asks how many callers are still connected. The sums are on
disk too: the next agent goes on counting where this one stopped.
"""

import asyncio
import threading
from contextlib import suppress

import msgspec

from tulle.agent.errors import AgentError
from tulle.agent.proxy.admin import AdminError
from tulle.agent.proxy.envoy import Envoy
from tulle.agent.proxy.totals import Totals, fold
from tulle.agent.state import StateDir
from tulle.model.wire import EdgeReport
from tulle.xds.stats import QUERY, ProxyStats, read_stats

_FILE = "counts.json"
_SAVE_EVERY_S = 30.0
"""Only who kills agent and Envoy together loses what was counted since; either alone loses nothing by this."""


class EdgeCounter:
    """Reads one Envoy's statistics; numbers only grow."""

    def __init__(self, envoy: Envoy, state: StateDir) -> None:
        self._envoy = envoy
        self._state = state
        self._totals = self._saved = _load(state)
        self._saving = threading.Lock()
        self._changed_hands = asyncio.Event()

    async def report(self) -> EdgeReport | None:
        """All lives together; None while Envoy cannot be asked."""
        life = self._envoy.lives
        stats = await self._read()
        if stats is None or life != self._envoy.lives:
            return None
        before = self._totals
        self._totals = fold(before, life, stats.report)
        if self._totals.before != before.before or life != before.life:
            self._changed_hands.set()
        return self._totals.sum

    async def open_connections(self) -> int:
        """Callers connected now; 0 where there is no Envoy, for then there are none."""
        stats = await self._read()
        return stats.inbound_connections if stats else 0

    async def keep_saved(self) -> None:
        """Save the sums when an Envoy ended, at once, and now and then, until cancelled; then once more."""
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_SAVE_EVERY_S):
                        await self._changed_hands.wait()
                self._changed_hands.clear()
                await asyncio.to_thread(self._save)
        finally:
            self._save()

    def _save(self) -> None:
        with self._saving, suppress(AgentError):  # a full disk costs the sums, not the workload
            totals = self._totals
            if totals != self._saved:
                self._state.write(_FILE, msgspec.json.encode(totals))
                self._saved = totals

    async def _read(self) -> ProxyStats | None:
        try:
            return read_stats(await self._envoy.admin.stats(QUERY))
        except (AdminError, msgspec.MsgspecError):
            return None


def _load(state: StateDir) -> Totals:
    """Those of the last agent; none where there are none, or none this version reads."""
    try:
        return msgspec.json.decode(state.read(_FILE) or b"{}", type=Totals)
    except msgspec.MsgspecError:
        return Totals()
