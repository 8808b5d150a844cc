"""The relay with its ends: streams come and go, each with a queue of what it has to carry.

`upstream` and `door` read the wire and put what they read in here; what has to be said comes out of their
queues. Nothing here waits for either of them.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from tulle.ads.messages import ReceivedResponse, Request, Response
from tulle.agent.events import Notice
from tulle.agent.proxy.relay import Out, Relay, Stance
from tulle.xds.snapshots import Resources, XdsResource, XdsSnapshot

_GRACE_S = 1.0


@dataclass(slots=True, eq=False)
class Downstream:
    """What the stream of one Envoy has to carry."""

    number: int
    queue: "asyncio.Queue[Response]" = field(default_factory=asyncio.Queue)


class Exchange:
    """One relay, one stream to the control plane (the newest counts), and one to each Envoy there is."""

    def __init__(self, relay: Relay, tell: Callable[[Notice], None]) -> None:
        self.known = asyncio.Event()
        """Set once an Envoy that starts would be told all it needs."""
        self._relay = relay
        self._tell = tell
        self._up: asyncio.Queue[Request | None] | None = None
        self._downs: dict[int, Downstream] = {}
        self._to_save = asyncio.Event()
        self.renamed = asyncio.Event()
        """Set whenever `names` are others than before; who follows them clears it."""
        self._note_known()

    @property
    def in_sync(self) -> bool:
        """Whether the Envoy that speaks has confirmed all it was offered."""
        return self._relay.in_sync

    @property
    def listeners(self) -> Resources:
        """What the Envoy accepted of them."""
        return self._relay.listeners

    @property
    def names(self) -> Resources | None:
        """The mesh's names; None while nobody has told them."""
        return self._relay.names

    def connect_upstream(self) -> "asyncio.Queue[Request | None]":
        """What a new stream to the control plane has to carry. None in it means: end, and open another."""
        self._up = asyncio.Queue()
        self._pass_on(self._relay.open_upstream())
        return self._up

    def from_control_plane(self, response: ReceivedResponse) -> None:
        """The control plane sent something. Raises ProtocolError."""
        self._pass_on(self._relay.on_response(response))
        self._note_known()

    def connect_envoy(self, number: int = 0) -> Downstream:
        """A new stream of the Envoy of that number; an earlier one of it is heard no more."""
        self._downs[number] = down = Downstream(number)
        self._relay.open_downstream(number)
        return down

    def from_envoy(self, down: Downstream, request: Request) -> None:
        """The Envoy of that stream said something. Raises ProtocolError."""
        if self._downs.get(down.number) is down:
            self._pass_on(self._relay.on_request(request, down.number))

    def disconnect_envoy(self, down: Downstream) -> None:
        """That stream ended."""
        if self._downs.get(down.number) is down:
            del self._downs[down.number]
            self._pass_on(self._relay.close_downstream(down.number))

    def retire(self, number: int, *, retired: bool = True) -> None:
        """Have the Envoy of that number drain; or, not retired, give its listeners back to it."""
        self._pass_on(self._relay.retire(number, retired=retired))

    def withhold(self, number: int) -> None:
        """Have an Envoy that comes wait for its listeners."""
        self._relay.withhold(number)

    def release(self, number: int) -> None:
        """Let that Envoy have its listeners; those it could not take, once more."""
        self._pass_on(self._relay.release(number))

    def stance(self, number: int) -> Stance:
        """How far that Envoy has come with its listeners."""
        return self._relay.stance(number)

    def renew(self, node_id: str, identity: XdsResource) -> None:
        """There is a new certificate, of the workload named."""
        self._pass_on(self._relay.renew(node_id, identity))

    async def keep_tidy(self) -> None:
        """Take away what nothing uses any more, a moment after its last use."""
        while True:
            await asyncio.sleep(_GRACE_S)
            self._pass_on(self._relay.on_grace())

    async def keep_saved(self, save: Callable[[XdsSnapshot], None]) -> None:
        """Save every configuration the Envoy accepted whole; of a burst, the last one."""
        while True:
            await self._to_save.wait()
            self._to_save.clear()
            await asyncio.to_thread(save, self._relay.accepted)

    def _note_known(self) -> None:
        if self._relay.is_known:
            self.known.set()

    def _pass_on(self, out: Out) -> None:
        if self._up:
            for request in out.up:
                self._up.put_nowait(request)
            if out.reopen:
                self._up.put_nowait(None)
        for number, response in out.down:
            if number in self._downs:
                self._downs[number].queue.put_nowait(response)
        for refusal in out.refused:
            name = refusal.name or refusal.type_url.rpartition(".")[2]
            self._tell(Notice(f"Envoy refuses {name}: {refusal.detail.strip()}"))
        if out.renamed:
            self.renamed.set()
        if out.accepted and self._relay.is_complete:
            self._to_save.set()
