"""The relay between the control plane and one Envoy, as a machine: messages in, messages out. No I/O, no clock.

    control plane ── upstream ──► DeltaClient ── offered ──┐
                                                           ├──► DeltaStream ── downstream ──► Envoy
                                  the workload's own key ──┘

Its promises: the control plane hears "accepted" only when the Envoy said so; a refusal is handed on in the
Envoy's words, and the Envoy is offered again what it accepted last; either side may come and go. The secret
`identity` is added here, on the way to the Envoy: what the control plane hears of, and what is saved, is the
client's snapshot, which never held it.

`exchange` connects both ends, `upstream` carries one, `door` the other.
"""

from dataclasses import dataclass
from types import MappingProxyType

from tulle.ads.client import DeltaClient
from tulle.ads.delta import DeltaStream, RefusedByProxy
from tulle.ads.messages import ReceivedResponse, Request, Response
from tulle.xds.names import IDENTITY
from tulle.xds.snapshots import FOR_ENVOY, Resources, TypeUrl, XdsResource, XdsSnapshot


@dataclass(frozen=True, slots=True)
class Out:
    """What to send now: `up` to the control plane, `down` to the Envoy.

    `accepted`: there is something to save. `reopen`: the control plane must be asked anew, on a new stream.
    `refused`: what the Envoy said no to, for people. `renamed`: there are other names to answer.
    """

    up: tuple[Request, ...] = ()
    down: tuple[Response, ...] = ()
    accepted: bool = False
    reopen: bool = False
    refused: tuple[RefusedByProxy, ...] = ()
    renamed: bool = False


NOTHING = Out()


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
        self._early: list[Request] = []
        self._envoy: DeltaStream | None = None
        self._asked: set[str] = set()

    # The control plane

    def open_upstream(self) -> Out:
        """A new stream to the control plane."""
        return Out(up=tuple(self._client.open()))

    def on_response(self, response: ReceivedResponse) -> Out:
        """The control plane sent something. Raises ProtocolError."""
        self._client.on_response(response)
        self._known.add(response.type_url)
        if response.type_url == TypeUrl.NAME:
            return Out(up=(self._client.accept(TypeUrl.NAME),), accepted=True, renamed=True)
        if self._envoy is None:
            return NOTHING  # answered once there is an Envoy that took it
        self._envoy.try_again(response.type_url, (found.name for found in response.resources))
        down = self._envoy.on_snapshot(self._snapshot())
        return self._settle(self._envoy, [*down, *self._replay(self._envoy)])

    def renew(self, identity: XdsResource) -> Out:
        """The workload has a new certificate: Envoy uses it from its next handshake on."""
        self._identity = identity
        if self._envoy is None or not self._known:
            return NOTHING
        return self._settle(self._envoy, self._envoy.on_snapshot(self._snapshot()))

    # The Envoy

    def open_downstream(self) -> None:
        """An Envoy connected: it knows nothing, and only its newest stream counts."""
        self._envoy = DeltaStream(find_culprits=False)
        self._early.clear()
        self._asked.clear()
        if self._known:
            self._envoy.on_snapshot(self._snapshot())

    def close_downstream(self) -> None:
        """The Envoy is gone; what it was offered waits for the next one."""
        self._envoy = None

    def on_request(self, request: Request) -> Out:
        """The Envoy asked or answered. Raises ProtocolError."""
        if self._envoy is None:
            return NOTHING
        if request.type_url not in self._known:
            self._early.append(request)
            return NOTHING
        return self._settle(self._envoy, self._ask(self._envoy, request))

    def on_grace(self) -> Out:
        """To be called about every second: takes away what nothing uses any more."""
        if self._envoy is None:
            return NOTHING
        return self._settle(self._envoy, self._envoy.on_grace())

    # State

    @property
    def accepted(self) -> XdsSnapshot:
        """What the Envoy has, type by type; without the key."""
        return self._client.accepted

    @property
    def names(self) -> Resources | None:
        """The mesh's names; None while nobody has told them."""
        return self._client.accepted.of(TypeUrl.NAME) if TypeUrl.NAME in self._known else None

    @property
    def is_complete(self) -> bool:
        """Whether the accepted snapshot is a whole configuration, worth starting from another time."""
        return self._client.is_complete

    @property
    def in_sync(self) -> bool:
        """Whether the Envoy has all that was offered."""
        return self._envoy is not None and self._envoy.in_sync

    def _snapshot(self) -> XdsSnapshot:
        """What was offered, and the key. Should anybody offer a secret of its name, ours stands."""
        offered = self._client.offered
        by_type: dict[TypeUrl, Resources] = {
            kind: held for kind, held in offered.by_type.items() if kind in FOR_ENVOY
        }
        secrets = {**offered.of(TypeUrl.SECRET), IDENTITY: self._identity}
        by_type[TypeUrl.SECRET] = MappingProxyType(secrets)
        return XdsSnapshot(MappingProxyType(by_type))

    def _ask(self, envoy: DeltaStream, request: Request) -> list[Response]:
        self._asked.add(request.type_url)
        return envoy.on_request(request)

    def _replay(self, envoy: DeltaStream) -> list[Response]:
        """Requests that came before their type was known."""
        due = [request for request in self._early if request.type_url in self._known]
        self._early = [request for request in self._early if request not in due]
        return [response for request in due for response in self._ask(envoy, request)]

    def _settle(self, envoy: DeltaStream, down: list[Response]) -> Out:
        """Pass the Envoy's verdicts up, as far as they are complete."""
        up: list[Request] = []
        reopen = False
        refusals = [event for event in envoy.take_events() if isinstance(event, RefusedByProxy)]
        for refusal in refusals:
            type_url = TypeUrl(refusal.type_url)
            if refusal.name == IDENTITY:
                continue  # of our own making: told to people, and no matter of the control plane
            if self._was_accepted_before(refusal):
                self._forget(type_url)
                reopen = True
            elif type_url in self._client.unanswered:
                up.append(self._client.refuse(type_url, refusal.detail))
            down += envoy.on_snapshot(self._snapshot())
        taken = [name for name in self._client.unanswered if self._has_taken(envoy, name)]
        up += [self._client.accept(type_url) for type_url in taken]
        return Out(tuple(up), tuple(down), bool(taken), reopen, tuple(refusals))

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

    def _has_taken(self, envoy: DeltaStream, type_url: TypeUrl) -> bool:
        """Whether the Envoy has all of a type it asked for; of listeners, also what they made it ask for.

        An Envoy subscribes to a listener's routes before it confirms the listener: once both are confirmed,
        what the user changed is in force. What it never asked for it has when it has everything else, except
        before it can have listeners: then the control plane itself waits for our answer.
        """
        starting = TypeUrl.LISTENER not in self._known
        if type_url == TypeUrl.LISTENER or (type_url not in self._asked and not starting):
            return envoy.in_sync
        return envoy.is_in_sync(type_url)
