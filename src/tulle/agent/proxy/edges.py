"""What the proxy counted, over all of its lives: an Envoy that restarts counts from zero, the mesh does not.

`session` sends the report every two seconds; `drain` asks how many callers are still connected.
"""

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from tulle.agent.proxy.admin import AdminError
from tulle.agent.proxy.envoy import Envoy
from tulle.model.wire import EdgeReport, EdgeSample
from tulle.xds.stats import QUERY, ProxyStats, read_stats

EdgeT = TypeVar("EdgeT", EdgeReport, EdgeSample)

_EMPTY = EdgeReport(edges=())
_COUNTS = ("requests", "failures", "connections", "handshakes", "connect_failures")
_TOTALS = ("inbound_handshakes", "inbound_without_certificate", "inbound_plaintext", "denied")


class EdgeCounter:
    """Reads one Envoy's statistics; numbers only grow."""

    def __init__(self, envoy: Envoy) -> None:
        self._envoy = envoy
        self._life = 0
        self._before = _EMPTY
        self._latest = _EMPTY

    async def report(self) -> EdgeReport | None:
        """All lives together; None while Envoy cannot be asked."""
        life = self._envoy.lives
        stats = await self._read()
        if stats is None or life != self._envoy.lives:
            return None
        if life != self._life:
            self._before = add(self._before, self._latest)
            self._life = life
        self._latest = stats.report
        return add(self._before, self._latest)

    async def open_connections(self) -> int:
        """Callers connected now; 0 where there is no Envoy, for then there are none."""
        stats = await self._read()
        return stats.inbound_connections if stats else 0

    async def _read(self) -> ProxyStats | None:
        try:
            return read_stats(await self._envoy.admin.stats(QUERY))
        except (AdminError, msgspec.MsgspecError):
            return None


def add(before: EdgeReport, now: EdgeReport) -> EdgeReport:
    """Counts added up; times of the present, for quantiles do not add."""
    edges = {_key(edge): edge for edge in before.edges}
    for edge in now.edges:
        known = edges.get(_key(edge))
        edges[_key(edge)] = _plus(known, edge, _COUNTS) if known else edge
    return _plus(before, msgspec.structs.replace(now, edges=tuple(edges.values())), _TOTALS)


def _plus(before: EdgeT, now: EdgeT, names: Iterable[str]) -> EdgeT:
    sums = {name: getattr(before, name) + getattr(now, name) for name in names}
    return msgspec.structs.replace(now, **sums)


def _key(edge: EdgeSample) -> tuple[str, str, int, str]:
    return edge.namespace, edge.service, edge.port, edge.protocol
