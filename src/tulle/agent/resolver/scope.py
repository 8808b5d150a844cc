"""Which services a captured program has asked for: its proxy need know no others (Mesh scope `Used`).

The first question for a name is answered once the proxy has what it leads to, within `PATIENCE_S`; then, and while
the control plane is away, it is answered all the same. What was asked for is remembered on disk, and told the control
plane whenever a session begins. Under scope `All` proxies have everything before it is asked for, and nothing waits.
"""

import asyncio
from collections.abc import Iterable
from typing import Protocol

import msgspec

from tulle.agent.state import StateDir
from tulle.model.kinds.workload import UsedService
from tulle.model.names import ServiceRef
from tulle.xds.names import virtual_listener_of
from tulle.xds.snapshots import Resources

PATIENCE_S = 2.0
_LOOK_EVERY_S = 0.02
_MOST = 1000
"""Services remembered: a program that asks for more is told of them all the same."""
_FILE = "used.json"


class Proxy(Protocol):
    """What the workload's proxy has accepted."""

    @property
    def listeners(self) -> Resources:
        """By name."""
        ...


class Line(Protocol):
    """The talk with the control plane."""

    @property
    def registered(self) -> asyncio.Event:
        """Set while it is there."""
        ...

    def report_used(self, used: tuple[UsedService, ...]) -> None:
        """Tell it."""
        ...


def load_used(state: StateDir) -> tuple[UsedService, ...]:
    """What an earlier run remembered; nothing if that cannot be read."""
    try:
        return msgspec.json.decode(state.read(_FILE) or b"[]", type=tuple[UsedService, ...])
    except msgspec.MsgspecError:
        return ()


class Scope:
    """One captured workload's. `used` is what `load_used` gave."""

    def __init__(
        self, state: StateDir, proxy: Proxy, line: Line, used: Iterable[UsedService] = ()
    ) -> None:
        self._state = state
        self._proxy = proxy
        self._line = line
        self._used = {ServiceRef(one.namespace, one.service) for one in used}
        self._waited: set[ServiceRef] = set()
        self._seen: Resources | None = None
        self._in_proxy: frozenset[ServiceRef] = frozenset()

    def is_known(self, service: ServiceRef) -> bool:
        """Whether a question for it can be answered now."""
        return service in self._waited or self._proxy_has(service)

    async def use(self, service: ServiceRef) -> None:
        """The program asks for it: return when it may be answered."""
        if service not in self._used and len(self._used) < _MOST:
            self._used.add(service)
            used = tuple(
                UsedService(service=one.name, namespace=one.namespace) for one in sorted(self._used)
            )
            self._line.report_used(used)
            await asyncio.to_thread(self._state.write, _FILE, msgspec.json.encode(used))
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE_S
        while self._line.registered.is_set() and loop.time() < until:
            if self._proxy_has(service):
                return
            await asyncio.sleep(_LOOK_EVERY_S)
        self._waited.add(service)

    def _proxy_has(self, service: ServiceRef) -> bool:
        listeners = self._proxy.listeners
        if listeners is not self._seen:
            self._seen = listeners
            found = (virtual_listener_of(name) for name in listeners)
            self._in_proxy = frozenset(one for one in found if one is not None)
        return service in self._in_proxy
