"""A delta stream of one proxy: requests and snapshots in, responses and events out.

Rules kept here, whatever arrives in whatever order:

- At most one response per type waits for its answer (clusters excepted, see `channels`), and the next one is made
  from the latest snapshot: what lay between is never sent.
- Order is `ordering`'s; partial refusals are `acks`'; what is asked is `subscriptions`'.
- A refused version is not sent again until it changes or is asked for; other resources go on.
"""

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from typing import cast

from tulle.ads.channels import Channel
from tulle.ads.messages import Request, Response
from tulle.ads.ordering import FOR_CACHES, FOR_PROXIES, WAITS_FOR, Needs, Readiness
from tulle.ads.wire import ProtocolError
from tulle.graph.mesh import Origin
from tulle.xds.snapshots import TypeUrl, XdsResource, XdsSnapshot

MAX_TYPES = 32
"""Types one stream may ask for; Envoy knows fewer."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The proxy took these versions, by name; an empty mapping for a response that only removed."""

    type_url: str
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RefusedByProxy:
    """The proxy refused. `name` is None, and `version` "", while the culprit is unknown and not searched for."""

    type_url: str
    name: str | None
    version: str
    detail: str
    origins: tuple[Origin, ...] = ()


Event = Accepted | RefusedByProxy


class DeltaStream:
    """The machine. With `find_culprits`, what was refused together is sent again one by one.

    An agent's stream to its Envoy does not search: it hands the refusal on, and the control plane searches.
    """

    def __init__(self, find_culprits: bool = True) -> None:
        self._find_culprits = find_culprits
        self._channels: dict[str, Channel] = {}
        self._snapshot: XdsSnapshot | None = None
        self._needs = Needs(())
        self._since: dict[tuple[str, str], int] = {}
        self._round = 0
        self._nonce = 0
        self._events: list[Event] = []

    def on_request(self, request: Request) -> list[Response]:
        """The proxy asks, answers, or both in one; what to send, in order. Raises ProtocolError."""
        channel = self._channels.get(request.type_url)
        opening = channel is None
        if channel is None:
            channel = self._open(request.type_url)
        if request.nonce and not opening:
            self._on_answer(channel, request)
        channel.subscribe(request, opening=opening)
        clusters = self._channels.get(TypeUrl.CLUSTER)
        if opening and clusters and request.type_url == TypeUrl.ENDPOINTS:
            self._warm_again(clusters.ledger.told())  # what it still held of these is void
        return self._flush()

    def on_snapshot(self, snapshot: XdsSnapshot) -> list[Response]:
        """There is a new truth; what to send now, the rest follows the answers."""
        old, self._snapshot = self._snapshot or XdsSnapshot(), snapshot
        self._round += 1
        rewired = old.references != snapshot.references
        if rewired:
            self._needs = Needs(snapshot.references)
        for type_url, channel in self._channels.items():
            if rewired or _of(old, type_url) != _of(snapshot, type_url):
                channel.due = None  # of most changes, most types need no new plan
        self._date_changes(old, snapshot)
        return self._flush()

    def on_grace(self) -> list[Response]:
        """To be called about every second while `removals_due`: removes what was due a whole turn ago."""
        quiet = self._is_quiet()
        unused = quiet and not any(user.holds_too_much for user in self._users())
        for type_url, channel in self._channels.items():
            if quiet if type_url in WAITS_FOR else unused:
                channel.on_grace()
            else:
                channel.restart_grace()
        return self._flush()

    @property
    def removals_due(self) -> bool:
        """Whether the proxy holds what nothing uses any more: `on_grace` will remove it."""
        return self._is_quiet() and any(
            channel.due and channel.due.later for channel in self._channels.values()
        )

    @property
    def in_sync(self) -> bool:
        """Whether the proxy has asked, got and confirmed all of the snapshot that is for it."""
        listens = TypeUrl.LISTENER in self._channels
        return listens and all(channel.is_in_sync for channel in self._channels.values())

    def is_in_sync(self, type_url: str) -> bool:
        """The same of one type. True where the proxy never asked for it."""
        channel = self._channels.get(type_url)
        return self._snapshot is not None and (channel is None or channel.is_in_sync)

    def try_again(self, type_url: str, names: Iterable[str]) -> None:
        """Somebody offers these once more: a version that was refused is sent again with the next snapshot.

        An agent needs this while the control plane searches for a culprit: it sends what was refused alone.
        """
        channel = self._channels.get(type_url)
        if channel is not None:
            channel.ledger.tell_again(channel.ledger.refused.keys() & set(names))
            channel.due = None

    def take_events(self) -> list[Event]:
        """What the proxy accepted and refused since the last call, in order."""
        events, self._events = self._events, []
        return events

    # Answers

    def _open(self, type_url: str) -> Channel:
        if len(self._channels) >= MAX_TYPES:
            raise ProtocolError(f"a proxy asks for more than {MAX_TYPES} types")
        return self._channels.setdefault(type_url, Channel(type_url))

    def _on_answer(self, channel: Channel, request: Request) -> None:
        if request.error is None:
            accepted = channel.ledger.accept(request.nonce)
            if accepted is not None:
                self._events.append(Accepted(channel.type_url, accepted.versions))
        else:
            self._on_refusal(channel, request.nonce, request.error)
        for other in self._channels.values():
            other.due = None if other is channel or _is_held_back(other) else other.due

    def _on_refusal(self, channel: Channel, nonce: str, detail: str) -> None:
        refused = channel.ledger.refuse(nonce, self._find_culprits)
        if refused is None:
            return
        name = refused.culprit
        if name is None and self._find_culprits and refused.versions:
            return  # each is sent again alone: the culprit will be told then
        version = refused.versions[name] if name is not None else ""
        origins = self._origins(channel.type_url, name) if name is not None else ()
        self._events.append(RefusedByProxy(channel.type_url, name, version, detail, origins))

    def _origins(self, type_url: str, name: str) -> tuple[Origin, ...]:
        found = _of(self._snapshot or XdsSnapshot(), type_url).get(name)
        return found.origins if found else ()

    # Sending

    def _flush(self) -> list[Response]:
        if self._snapshot is None:
            return []  # nothing is known yet: an empty answer would be taken for the truth
        responses: list[Response] = []
        for channel in self._in_order():
            while response := self._next(channel, self._snapshot):
                responses.append(response)
        return responses

    def _in_order(self) -> list[Channel]:
        endpoints = self._channels.get(TypeUrl.ENDPOINTS)
        cache = endpoints is not None and endpoints.subscription.wildcard
        order = FOR_CACHES if cache else FOR_PROXIES
        known = [self._channels[type_url] for type_url in order if type_url in self._channels]
        return known + [channel for name, channel in self._channels.items() if name not in order]

    def _next(self, channel: Channel, snapshot: XdsSnapshot) -> Response | None:
        due = channel.due
        if due is None:
            due = channel.plan(_of(snapshot, channel.type_url), self._readiness_in(channel))
        response = channel.take(due, str(self._nonce + 1), self._round)
        if response is not None:
            self._nonce += 1
            if response.type_url == TypeUrl.CLUSTER:
                self._warm_again(response.versions.keys())
        return response

    def _warm_again(self, clusters: Set[str]) -> None:
        """A cluster that is replaced takes its endpoints anew, and Envoy does not ask for them again."""
        endpoints = self._channels.get(TypeUrl.ENDPOINTS)
        if endpoints is not None and not endpoints.subscription.wildcard:  # an agent keeps them
            endpoints.ledger.tell_again(clusters & endpoints.subscription.names)
            endpoints.due = None

    def _readiness_in(self, channel: Channel) -> Callable[[str], Readiness]:
        """How ready resources of this type are; names, whatever they are of, once nothing else is under way."""
        if channel.type_url != TypeUrl.NAME:
            return lambda name: self._readiness(channel, name)
        others = (other for other in self._channels.values() if other is not channel)
        common = Readiness.WAITING if any(map(_is_under_way, others)) else Readiness.READY
        return lambda _: common

    def _readiness(self, channel: Channel, name: str) -> Readiness:
        since = self._since.get((channel.type_url, name), 0)
        found = {
            self._confirmed(type_url, needed, since)
            for type_url, needed in self._needs.of(channel.type_url, name)
        }
        return max(found, default=Readiness.READY)

    def _confirmed(self, type_url: TypeUrl, name: str, since: int) -> Readiness:
        """Whether the proxy has what is needed; what it never asked for it does not need."""
        other = self._channels.get(type_url)
        resource = _of(self._snapshot or XdsSnapshot(), type_url).get(name)
        if other is None or resource is None or not other.subscription.covers(name):
            return Readiness.READY
        if other.ledger.has(name, resource.version, since):
            return Readiness.READY
        refused = other.ledger.refused.get(name) == resource.version
        return Readiness.BLOCKED if refused else Readiness.WAITING

    def _date_changes(self, old: XdsSnapshot, new: XdsSnapshot) -> None:
        """Remember when each resource that waits for others got its version: what they need may move on."""
        for type_url in WAITS_FOR:
            before = _of(old, type_url)
            for name, resource in _of(new, type_url).items():
                if name not in before or before[name].version != resource.version:
                    self._since[type_url, name] = self._round
            for name in before.keys() - _of(new, type_url).keys():
                del self._since[type_url, name]

    def _is_quiet(self) -> bool:
        """Whether every listener, route and filter configuration is confirmed as the snapshot has it."""
        return all(user.is_in_sync for user in self._users())

    def _users(self) -> list[Channel]:
        return [self._channels[type_url] for type_url in WAITS_FOR if type_url in self._channels]


def _is_held_back(channel: Channel) -> bool:
    """Whether news of other types may let something of this one go."""
    return channel.due is not None and bool(channel.due.waiting or channel.due.blocked)


def _is_under_way(channel: Channel) -> bool:
    """Whether the proxy will hear or say more of this type, with the snapshot as it is."""
    due = channel.due
    planned = due is None or bool(due.changes or due.waiting)
    return planned or any(sent.versions for sent in channel.ledger.in_flight)


def _of(snapshot: XdsSnapshot, type_url: str) -> Mapping[str, XdsResource]:
    """Resources by name, of any type: what we do not serve has none."""
    return snapshot.of(cast(TypeUrl, type_url))
