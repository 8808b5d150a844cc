"""The other end of a delta stream: what an agent holds for its Envoy.

What the control plane sends is *offered*; once the Envoy has taken a type it is *accepted*, else the type goes
back to what was accepted last. The accepted snapshot outlives streams: it is what is kept on disk, and what a
new stream tells the control plane it need not send again.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from tulle.ads.messages import ReceivedResponse, Request
from tulle.ads.subscriptions import WILDCARD
from tulle.ads.wire import ProtocolError
from tulle.xds.snapshots import EMPTY, FOR_ENVOY, Resources, TypeUrl, XdsSnapshot


class DeltaClient:
    """Asks for everything of every type in `types`. `held` is what an earlier run accepted."""

    def __init__(
        self, node_id: str, held: XdsSnapshot, types: Iterable[TypeUrl] = FOR_ENVOY
    ) -> None:
        self._node_id = node_id
        self._types = tuple(types)
        self._accepted: dict[TypeUrl, Resources] = dict(held.by_type)
        self._offered: dict[TypeUrl, Resources] = dict(held.by_type)
        self._unanswered: dict[TypeUrl, str] = {}
        self._answered: set[TypeUrl] = set()

    def rename(self, node_id: str) -> None:
        """From the next stream on the same proxy goes by another name, and holds what it holds."""
        self._node_id = node_id

    def open(self) -> list[Request]:
        """The first requests of a new stream: everything, but for what is held already."""
        self._offered = dict(self._accepted)
        self._unanswered.clear()
        self._answered.clear()
        return [
            Request(
                type_url,
                subscribe=(WILDCARD,),
                initial_versions=_versions(self._accepted.get(type_url, {})),
                node_id=self._node_id,
            )
            for type_url in self._types
        ]

    def on_response(self, response: ReceivedResponse) -> XdsSnapshot:
        """Take what was sent; the snapshot to offer to the Envoy. Raises ProtocolError."""
        try:
            type_url = TypeUrl(response.type_url)
        except ValueError as error:
            raise _unasked(response.type_url) from error
        if type_url not in self._types:
            raise _unasked(type_url)
        resources = dict(self._offered.get(type_url, {}))
        for name in response.removed:
            resources.pop(name, None)
        resources.update((resource.name, resource) for resource in response.resources)
        self._offered[type_url] = MappingProxyType(dict(sorted(resources.items())))
        self._unanswered[type_url] = response.nonce
        return self.offered

    def accept(self, type_url: str) -> Request:
        """The Envoy has it: the answer to the latest response of the type (and to older ones)."""
        found = TypeUrl(type_url)
        if found in self._offered:
            self._accepted[found] = self._offered[found]
        self._answered.add(found)
        return Request(found, nonce=self._unanswered.pop(found, ""))

    def refuse(self, type_url: str, detail: str) -> Request:
        """The Envoy refused: the answer to the latest response; the type goes back to what was accepted."""
        found = TypeUrl(type_url)
        self._offered[found] = self._accepted.get(found, MappingProxyType({}))
        self._answered.add(found)
        return Request(found, nonce=self._unanswered.pop(found, ""), error=detail)

    @property
    def unanswered(self) -> tuple[TypeUrl, ...]:
        """Types with a response that was neither accepted nor refused yet."""
        return tuple(self._unanswered)

    @property
    def is_complete(self) -> bool:
        """Whether every type was answered at least once on this stream: what is accepted is a whole configuration."""
        return self._answered.issuperset(self._types)

    def accepted_of(self, type_url: TypeUrl) -> Resources:
        """The same of one type, without making a snapshot: one mapping until there is another."""
        return self._accepted.get(type_url, EMPTY)

    @property
    def offered(self) -> XdsSnapshot:
        """What the Envoy should have."""
        return _snapshot(self._offered)

    @property
    def accepted(self) -> XdsSnapshot:
        """What the Envoy last took, type by type."""
        return _snapshot(self._accepted)


def _unasked(type_url: str) -> ProtocolError:
    return ProtocolError(f"nobody asked for {type_url}")


def _versions(resources: Resources) -> Mapping[str, str]:
    return {name: resource.version for name, resource in resources.items()}


def _snapshot(by_type: Mapping[TypeUrl, Resources]) -> XdsSnapshot:
    present = {type_url: by_type[type_url] for type_url in TypeUrl if by_type.get(type_url)}
    return XdsSnapshot(MappingProxyType(present))
