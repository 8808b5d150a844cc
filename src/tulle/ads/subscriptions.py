"""What a proxy asked for, of one type: names, or all there are.

The rules are those of the xDS protocol's delta variant ("Subscribing to Resources"):

- `*` asks for everything, and goes on doing so until `*` is unsubscribed; names may be asked for beside it.
- For clusters and listeners, a first request without any name asks for everything too (the legacy form).
- A name that is asked for has to be answered, even one already sent: the proxy may have forgotten it.
- A name given up while `*` goes on has to be answered too: the proxy cannot know whether `*` includes it.
- Proxies may ask for what does not exist (yet): that is answered as removed, and sent when it appears.
"""

from dataclasses import dataclass

from tulle.ads.messages import NO_NAMES, Request
from tulle.ads.wire import ProtocolError
from tulle.xds.snapshots import TypeUrl

WILDCARD = "*"

MAX_NAMES = 50_000
"""Of one type on one stream: more is no proxy of ours."""

_LEGACY_WILDCARD = frozenset({TypeUrl.CLUSTER, TypeUrl.LISTENER})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request wants an answer to: names, and (`everything`) at least one response to a wildcard."""

    names: frozenset[str] = NO_NAMES
    everything: bool = False


class Subscription:
    """The names a proxy wants of one type. Fed with every request of that type, answers with what to answer."""

    __slots__ = ("_opened", "names", "wildcard")

    def __init__(self) -> None:
        self.names = NO_NAMES
        self.wildcard = False
        self._opened = False

    def covers(self, name: str) -> bool:
        """Whether the proxy wants to hear of it."""
        return self.wildcard or name in self.names

    def change(self, request: Request) -> Asked:
        """Apply the request's subscriptions and say what has to be answered."""
        added = frozenset(request.subscribe) - {WILDCARD}
        dropped = frozenset(request.unsubscribe) - {WILDCARD}
        everything = self._opens_wildcard(request)
        if WILDCARD in request.unsubscribe:
            self.wildcard = False
        self.wildcard = self.wildcard or everything
        self.names = (self.names - dropped) | added or NO_NAMES
        if len(self.names) > MAX_NAMES:
            raise ProtocolError(f"a proxy asks for more than {MAX_NAMES} names of one type")
        return Asked(added | dropped if self.wildcard else added, everything)

    def _opens_wildcard(self, request: Request) -> bool:
        first, self._opened = not self._opened, True
        legacy = first and not request.subscribe and request.type_url in _LEGACY_WILDCARD
        return legacy or WILDCARD in request.subscribe
