"""Make before break: what may be sent when.

- Clusters, their endpoints and their secrets go out together: Envoy withholds its answer to clusters until
  they are warm, so whoever waited for that answer would wait for ever.
- Listeners, routes and filter configurations wait until the proxy has confirmed the clusters, endpoints and
  secrets they need; listeners for filter configurations too, or a drained chain would come back with old rules.
- Names wait until everything else is confirmed: a name that is answered leads somewhere. What was refused holds
  them up no longer than the answer took.
- What nothing uses any more goes last: after the listeners and routes that stopped using it were confirmed,
  and a grace for Envoy's workers to notice. First leftover routes and filter configurations, then the rest.

"Needs" are the snapshot's references, followed to their end. A snapshot without references (an agent's copy of
what the control plane already sent in order) waits for nothing.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum
from types import MappingProxyType

from tulle.xds.snapshots import Reference, TypeUrl

Need = tuple[TypeUrl, str]
"""A resource by type and name."""

FOR_PROXIES = (
    TypeUrl.SECRET,
    TypeUrl.CLUSTER,
    TypeUrl.ENDPOINTS,  # after its cluster: a replaced cluster takes no endpoints that came before it
    TypeUrl.EXTENSION,
    TypeUrl.LISTENER,
    TypeUrl.ROUTE,
)
"""The order for Envoy, which asks for endpoints and routes once it knows who uses them."""

FOR_CACHES = (
    TypeUrl.SECRET,
    TypeUrl.ENDPOINTS,
    TypeUrl.CLUSTER,
    TypeUrl.EXTENSION,
    TypeUrl.ROUTE,
    TypeUrl.LISTENER,
    TypeUrl.NAME,
)
"""The order for an agent, which must have at hand what its Envoy will ask for next."""

_BASE = frozenset({TypeUrl.SECRET, TypeUrl.CLUSTER, TypeUrl.ENDPOINTS})

WAITS_FOR: Mapping[str, frozenset[TypeUrl]] = MappingProxyType(
    {
        TypeUrl.EXTENSION: _BASE,
        TypeUrl.ROUTE: _BASE,
        TypeUrl.LISTENER: _BASE | {TypeUrl.EXTENSION},
    }
)
"""Types that wait, and the types they wait for."""

REMOVED_LATE: frozenset[str] = _BASE | {TypeUrl.EXTENSION, TypeUrl.ROUTE}
"""Types others may still use: all but listeners and names."""


class Readiness(IntEnum):
    """Whether a resource may be sent, the better the lower. BLOCKED: what it needs was refused, only a change helps."""

    READY = 1
    WAITING = 2
    BLOCKED = 3


class Needs:
    """Who needs what, out of a snapshot's references. A source is known by its name, whatever its type."""

    __slots__ = ("_direct", "_known")

    def __init__(self, references: Iterable[Reference]) -> None:
        self._direct: dict[str, list[Reference]] = {}
        self._known: dict[str, tuple[Need, ...]] = {}
        for reference in references:
            self._direct.setdefault(reference.source, []).append(reference)

    def of(self, type_url: str, name: str) -> Iterable[Need]:
        """What has to be confirmed before this resource is sent."""
        if name not in self._direct or type_url not in WAITS_FOR:
            return ()
        if name not in self._known:
            self._known[name] = self._closure(name)
        waits_for = WAITS_FOR[type_url]
        return (need for need in self._known[name] if need[0] in waits_for)

    def _closure(self, name: str) -> tuple[Need, ...]:
        found: set[Need] = set()
        names, seen = [name], {name}
        while names:
            for needed in self._direct.get(names.pop(), ()):
                found.add((needed.type, needed.name))
                if needed.name not in seen:
                    seen.add(needed.name)
                    names.append(needed.name)
        return tuple(found)
