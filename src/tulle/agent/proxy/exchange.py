"""The relay with its two ends: streams come and go, each with a queue of what it has to carry.

`upstream` and `door` read the wire and put what they read in here; what has to be said comes out of their
queues. Nothing here waits for either of them.
"""

import asyncio
from collections.abc import Callable

from tulle.ads.messages import ReceivedResponse, Request, Response
from tulle.agent.events import Notice
from tulle.agent.proxy.relay import Out, Relay
from tulle.xds.snapshots import Resources, XdsResource, XdsSnapshot

_GRACE_S = 1.0


class Exchange:
    """One relay, one stream to the control plane and one Envoy at a time: the newest counts."""

    def __init__(self, relay: Relay, tell: Callable[[Notice], None]) -> None:
        self._relay = relay
        self._tell = tell
        self._up: asyncio.Queue[Request | None] | None = None
        self._down: asyncio.Queue[Response] | None = None
        self._to_save = asyncio.Event()
        self.renamed = asyncio.Event()
        """Set whenever `names` are others than before; who follows them clears it."""

    @property
    def in_sync(self) -> bool:
        """Whether the Envoy has confirmed all it was offered."""
        return self._relay.in_sync

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

    def connect_envoy(self) -> "asyncio.Queue[Response]":
        """What a new Envoy's stream has to carry."""
        self._down = asyncio.Queue()
        self._relay.open_downstream()
        return self._down

    def from_envoy(self, queue: "asyncio.Queue[Response]", request: Request) -> None:
        """The Envoy of that queue said something; nobody listens to one that was replaced. Raises ProtocolError."""
        if queue is self._down:
            self._pass_on(self._relay.on_request(request))

    def disconnect_envoy(self, queue: "asyncio.Queue[Response]") -> None:
        """The stream of that queue ended."""
        if queue is self._down:
            self._down = None
            self._relay.close_downstream()

    def renew(self, identity: XdsResource) -> None:
        """There is a new certificate."""
        self._pass_on(self._relay.renew(identity))

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

    def _pass_on(self, out: Out) -> None:
        if self._up:
            for request in out.up:
                self._up.put_nowait(request)
            if out.reopen:
                self._up.put_nowait(None)
        if self._down:
            for response in out.down:
                self._down.put_nowait(response)
        for refusal in out.refused:
            name = refusal.name or refusal.type_url.rpartition(".")[2]
            self._tell(Notice(f"Envoy refuses {name}: {refusal.detail.strip()}"))
        if out.renamed:
            self.renamed.set()
        if out.accepted and self._relay.is_complete:
            self._to_save.set()
