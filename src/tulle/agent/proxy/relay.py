"""The relay between the control plane and the workload's Envoy, as a machine: messages in, messages out. No I/O,
no clock.

    control plane ── upstream ──► DeltaClient ── offered ──┐                        ┌──► Envoy 7 (leaves)
                                                           ├──► a DeltaStream each ─┤
                                  the workload's own key ──┘                        └──► Envoy 8 (speaks)

Its promises: the control plane hears "accepted" only when the Envoy said so; a refusal is handed on in the
Envoy's words, and the Envoy is offered again what it accepted last; either side may come and go. The secret
`identity` is added here, on the way to the Envoy: what the control plane hears of, and what is saved, is the
client's snapshot, which never held it.

While one Envoy replaces another there are two, and both are told everything. One speaks for the workload: the
newest of those that once had all they asked for. One that leaves would confirm what it no longer does, and one
that only starts has nothing to confirm yet.

`exchange` connects both ends, `upstream` carries one, `door` the other.
"""

import enum
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from weakref import WeakValueDictionary

from tulle.ads.client import DeltaClient
from tulle.ads.delta import DeltaStream, RefusedByProxy
from tulle.ads.messages import ReceivedResponse, Request, Response
from tulle.xds.names import IDENTITY
from tulle.xds.snapshots import FOR_ENVOY, Resources, TypeUrl, XdsResource, XdsSnapshot


@dataclass(frozen=True, slots=True)
class Out:
    """What to send now: `up` to the control plane, `down` to the Envoys, by their numbers.

    `accepted`: there is something to save. `reopen`: the control plane must be asked anew, on a new stream.
    `refused`: what an Envoy said no to, for people. `renamed`: there are other names to answer.
    """

    up: tuple[Request, ...] = ()
    down: tuple[tuple[int, Response], ...] = ()
    accepted: bool = False
    reopen: bool = False
    refused: tuple[RefusedByProxy, ...] = ()
    renamed: bool = False

    def __add__(self, other: "Out") -> "Out":
        return Out(
            self.up + other.up,
            self.down + other.down,
            self.accepted or other.accepted,
            self.reopen or other.reopen,
            self.refused + other.refused,
            self.renamed or other.renamed,
        )


NOTHING = Out()


class Stance(enum.Enum):
    """How an Envoy and its listeners are: it is not here; it asks for some that are withheld; it works on what it
    was told; it refuses some; it has all; it is retired and has let go of all."""

    AWAY = enum.auto()
    ASKS = enum.auto()
    WAITS = enum.auto()
    REFUSES = enum.auto()
    HAS_ALL = enum.auto()
    HAS_NONE = enum.auto()


@dataclass(slots=True, eq=False)
class _Envoy:
    """One Envoy's stream. `asked` are its types; `early` what it asked before anybody knew an answer."""

    number: int
    stream: DeltaStream = field(default_factory=lambda: DeltaStream(find_culprits=False))
    asked: set[str] = field(default_factory=set)
    early: list[Request] = field(default_factory=list)
    was_in_sync: bool = False
    retired: bool = False
    refuses_listeners: bool = False
    unheard: list[RefusedByProxy] = field(default_factory=list)
    """What it refused before it spoke for the workload."""


class Relay:
    """`held` is what an earlier run accepted, None if there was none; `identity` the workload's own secret.

    Names, if they are among the `types` to ask for, end here: they are the agent's own to answer.
    """

    def __init__(
        self,
        node_id: str,
        held: XdsSnapshot | None,
        identity: XdsResource,
        types: tuple[TypeUrl, ...] = FOR_ENVOY,
    ) -> None:
        self._node_id = node_id
        self._types = types
        self._identity = identity
        self._client = DeltaClient(node_id, held or XdsSnapshot(), types)
        # A type nobody has spoken of yet is not empty but unknown: an Envoy told "no listeners" would call
        # itself ready.
        self._known: set[str] = set() if held is None else set(TypeUrl)
        self._envoys: dict[int, _Envoy] = {}
        self._withheld: set[int] = set()

    # The control plane

    def open_upstream(self) -> Out:
        """A new stream to the control plane."""
        return Out(up=tuple(self._client.open()))

    def on_response(self, response: ReceivedResponse) -> Out:
        """The control plane sent something. Raises ProtocolError."""
        if response.type_url == TypeUrl.NAME:
            response = replace(response, resources=tuple(map(_held_once, response.resources)))
        self._client.on_response(response)
        self._known.add(response.type_url)
        if response.type_url == TypeUrl.NAME:
            return Out(up=(self._client.accept(TypeUrl.NAME),), accepted=True, renamed=True)
        names = [found.name for found in response.resources]
        for envoy in self._envoys.values():
            envoy.stream.try_again(response.type_url, names)
        return self._tell_all()  # without an Envoy it is answered once there is one that took it

    def renew(self, node_id: str, identity: XdsResource) -> Out:
        """The workload has a new certificate: Envoy uses it from its next handshake on.

        It names another workload where the last one had ended and a new token was needed.
        """
        self._node_id = node_id
        self._client.rename(node_id)
        self._identity = identity
        return self._tell_all() if self._known else NOTHING

    # The Envoys

    def open_downstream(self, number: int = 0) -> None:
        """An Envoy connected: it knows nothing, and only its newest stream counts."""
        self._envoys[number] = envoy = _Envoy(number)
        if self._known:
            envoy.stream.on_snapshot(self._snapshot(envoy))

    def close_downstream(self, number: int = 0) -> Out:
        """That Envoy is gone. What it was offered waits for the next one; another may speak from now on."""
        self._envoys.pop(number, None)
        speaker = self._speaker
        return self._settle(speaker, []) if speaker else NOTHING

    def retire(self, number: int, *, retired: bool = True) -> Out:
        """Have that Envoy drain: it gets no listeners any more. Or, not retired, give them back to it."""
        envoy = self._envoys.get(number)
        if envoy is None or not self._known:
            return NOTHING
        envoy.retired = retired
        return self._tell(envoy)

    def withhold(self, number: int) -> None:
        """An Envoy of that number, when it comes, has to wait for listeners until they are released."""
        self._withheld.add(number)

    def release(self, number: int) -> Out:
        """That Envoy gets its listeners; those it could not take, once more."""
        self._withheld.discard(number)
        envoy = self._envoys.get(number)
        if envoy is None or not self._known:
            return NOTHING
        envoy.refuses_listeners = False
        envoy.unheard = [said for said in envoy.unheard if said.type_url != TypeUrl.LISTENER]
        envoy.stream.try_again(TypeUrl.LISTENER, self._client.offered.of(TypeUrl.LISTENER))
        return self._tell(envoy)

    def stance(self, number: int) -> Stance:
        """How far that Envoy has come with its listeners."""
        envoy = self._envoys.get(number)
        if envoy is None:
            return Stance.AWAY
        if envoy.retired:
            gone = envoy.stream.is_in_sync(TypeUrl.LISTENER)
            return Stance.HAS_NONE if gone else Stance.WAITS
        if envoy.refuses_listeners:
            return Stance.REFUSES
        if envoy.stream.in_sync:
            return Stance.HAS_ALL
        asks = any(request.type_url == TypeUrl.LISTENER for request in envoy.early)
        return Stance.ASKS if asks else Stance.WAITS

    def on_request(self, request: Request, number: int = 0) -> Out:
        """An Envoy asked or answered. Raises ProtocolError."""
        envoy = self._envoys.get(number)
        if envoy is None:
            return NOTHING
        if not self._may_answer(envoy, request):
            envoy.early.append(request)
            return NOTHING
        return self._settle(envoy, _ask(envoy, request))

    def on_grace(self) -> Out:
        """To be called about every second: takes away what nothing uses any more."""
        out = NOTHING
        for envoy in list(self._envoys.values()):
            out += self._settle(envoy, envoy.stream.on_grace())
        return out

    # State

    @property
    def accepted(self) -> XdsSnapshot:
        """What to start from another time."""
        return self._client.accepted

    @property
    def listeners(self) -> Resources:
        """The listeners the Envoy accepted last: the same mapping until there are others."""
        return self._client.accepted_of(TypeUrl.LISTENER)

    @property
    def names(self) -> Resources | None:
        """The mesh's names; None while nobody has told them."""
        return self._client.accepted.of(TypeUrl.NAME) if TypeUrl.NAME in self._known else None

    @property
    def is_complete(self) -> bool:
        """Whether the accepted snapshot is a whole configuration, worth starting from another time."""
        return self._client.is_complete

    @property
    def is_known(self) -> bool:
        """Whether an Envoy that starts now is told all it needs to serve."""
        return self._known.issuperset(FOR_ENVOY)

    @property
    def in_sync(self) -> bool:
        """Whether the Envoy that speaks has all that was offered."""
        speaker = self._speaker
        return speaker is not None and speaker.stream.in_sync

    @property
    def _speaker(self) -> _Envoy | None:
        """Who speaks for the workload."""
        heard = (envoy for envoy in self._envoys.values() if not envoy.retired)
        return max(heard, key=lambda envoy: (envoy.was_in_sync, envoy.number), default=None)

    def _snapshot(self, envoy: _Envoy) -> XdsSnapshot:
        """What was offered, and the key. Should anybody offer a secret of its name, ours stands."""
        offered = self._client.offered
        by_type: dict[TypeUrl, Resources] = {
            kind: held for kind, held in offered.by_type.items() if kind in FOR_ENVOY
        }
        secrets = {**offered.of(TypeUrl.SECRET), IDENTITY: self._identity}
        by_type[TypeUrl.SECRET] = MappingProxyType(secrets)
        if envoy.retired:
            by_type[TypeUrl.LISTENER] = MappingProxyType({})
        return XdsSnapshot(MappingProxyType(by_type))

    def _tell_all(self) -> Out:
        out = NOTHING
        for envoy in list(self._envoys.values()):
            out += self._tell(envoy)
        return out

    def _tell(self, envoy: _Envoy) -> Out:
        """The latest, and answers to what it asked before they were known."""
        down = envoy.stream.on_snapshot(self._snapshot(envoy))
        due = [request for request in envoy.early if self._may_answer(envoy, request)]
        envoy.early = [request for request in envoy.early if request not in due]
        for request in due:
            down += _ask(envoy, request)
        return self._settle(envoy, down)

    def _may_answer(self, envoy: _Envoy, request: Request) -> bool:
        withheld = request.type_url == TypeUrl.LISTENER and envoy.number in self._withheld
        return request.type_url in self._known and not withheld

    def _settle(self, envoy: _Envoy, down: list[Response]) -> Out:
        """Pass the Envoy's verdicts up, as far as they are complete and it is the one that speaks."""
        refused = [e for e in envoy.stream.take_events() if isinstance(e, RefusedByProxy)]
        envoy.was_in_sync = envoy.was_in_sync or envoy.stream.in_sync
        envoy.unheard += refused
        if any(refusal.type_url == TypeUrl.LISTENER for refusal in refused):
            envoy.refuses_listeners = True
        if envoy is self._speaker:
            out = self._hear(envoy)
        else:
            out = NOTHING
            if refused:
                down += envoy.stream.on_snapshot(self._snapshot(envoy))
        sent = tuple((envoy.number, response) for response in down)
        return Out(down=sent, refused=tuple(refused)) + out

    def _hear(self, envoy: _Envoy) -> Out:
        """What the Envoy that speaks refused and took, for the control plane."""
        up: list[Request] = []
        down: list[Response] = []
        reopen = False
        refusals, envoy.unheard = envoy.unheard, []
        for refusal in refusals:
            type_url = TypeUrl(refusal.type_url)
            if refusal.name == IDENTITY:
                continue  # of our own making: told to people, and no matter of the control plane
            if self._was_accepted_before(refusal):
                self._forget(type_url)
                reopen = True
            elif type_url in self._client.unanswered:
                up.append(self._client.refuse(type_url, refusal.detail))
            down += envoy.stream.on_snapshot(self._snapshot(envoy))
        taken = [name for name in self._client.unanswered if self._has_taken(envoy, name)]
        up += [self._client.accept(type_url) for type_url in taken]
        sent = tuple((envoy.number, response) for response in down)
        return Out(tuple(up), sent, bool(taken), reopen)

    def _was_accepted_before(self, refusal: RefusedByProxy) -> bool:
        """Whether it speaks of what is held, not of what was offered anew."""
        type_url = TypeUrl(refusal.type_url)
        accepted, offered = self._client.accepted.of(type_url), self._client.offered.of(type_url)
        if refusal.name is None:
            return accepted == offered
        held = accepted.get(refusal.name)
        return held is not None and held.version == refusal.version

    def _forget(self, type_url: TypeUrl) -> None:
        """An Envoy refuses what another accepted once (a newer binary, perhaps): the control plane must hear.

        It does when it sends the type again, because we no longer say that we hold it.
        """
        kept = {**self._client.accepted.by_type}
        kept.pop(type_url, None)
        self._client = DeltaClient(self._node_id, XdsSnapshot(MappingProxyType(kept)), self._types)

    def _has_taken(self, envoy: _Envoy, type_url: TypeUrl) -> bool:
        """Whether the Envoy has all of a type it asked for; of listeners, also what they made it ask for.

        An Envoy subscribes to a listener's routes before it confirms the listener: once both are confirmed,
        what the user changed is in force. What it never asked for it has when it has everything else, except
        before it can have listeners: then the control plane itself waits for our answer.
        """
        starting = TypeUrl.LISTENER not in self._known
        if type_url == TypeUrl.LISTENER or (type_url not in envoy.asked and not starting):
            return envoy.stream.in_sync
        return envoy.stream.is_in_sync(type_url)


_names: WeakValueDictionary[tuple[str, str], XdsResource] = WeakValueDictionary()


def _held_once(name: XdsResource) -> XdsResource:
    """All workloads of a host are told the same names: each is held once, whoever was told."""
    found = _names.setdefault((name.name, name.version), name)
    return found if found == name else name


def _ask(envoy: _Envoy, request: Request) -> list[Response]:
    envoy.asked.add(request.type_url)
    return envoy.stream.on_request(request)
