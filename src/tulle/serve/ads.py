"""Carries delta ADS: one stream of one workload's agent, between the publisher and the stream machine.

A stream gets the configuration of the workload its certificate names, and of no other. It ends when that
certificate does: the agent comes back with the next one, and names what it holds.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress

import grpc

from tulle.ads.delta import DeltaStream
from tulle.ads.messages import Request, Response, decode_request, encode_response
from tulle.ads.wire import ProtocolError
from tulle.model.names import WorkloadRef
from tulle.model.wire import Refused
from tulle.reconcile.publish import Publisher
from tulle.serve.errors import STREAM_BROKE, malformed, refuse
from tulle.serve.lifetimes import Lifetimes
from tulle.serve.peers import caller_of
from tulle.xds.snapshots import XdsSnapshot

GRACE_S = 1.0
"""How long Envoy's workers get to notice that nothing uses a cluster any more, before it is removed."""


class Ads:
    """The service. `clock` counts Unix seconds."""

    def __init__(self, publisher: Publisher, trust_domain: str, clock: Callable[[], float]) -> None:
        self._publisher = publisher
        self._trust_domain = trust_domain
        self._clock = clock
        self._lifetimes = Lifetimes(clock)

    async def stream(
        self, requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext
    ) -> None:
        """One stream, until either side ends it or the caller's certificate does."""
        caller = await caller_of(context, self._trust_domain, self._clock)
        line = _Line(self._publisher, caller.workload)
        detach = self._publisher.attach(caller.workload, line.offer)
        objection: Refused | None = None
        try:
            if (snapshot := self._publisher.current(caller.workload)) is not None:
                line.offer(snapshot)
            async with self._lifetimes.until(caller.not_after), asyncio.TaskGroup() as group:
                writer = group.create_task(line.write(context), name=f"ads-write {caller.workload}")
                objection = await _read(requests, line)
                writer.cancel()
        finally:
            detach()
            line.close()
        if objection is not None:
            await refuse(context, objection)

    def close(self) -> None:
        """End every stream."""
        self._lifetimes.end_all()


async def _read(requests: AsyncIterator[bytes], line: "_Line") -> Refused | None:
    """Hear the proxy out; what is to be objected to ends the stream."""
    async for data in requests:
        try:
            request = decode_request(data)
            if request.node_id and request.node_id != str(line.workload):
                return _not_yours(request.node_id, line.workload)
            line.on_request(request)
        except ProtocolError as error:
            return malformed(error)
    return None


class _Line:
    """The machine of one stream, what it has to say, and its removal timer."""

    def __init__(self, publisher: Publisher, workload: WorkloadRef) -> None:
        self.workload = workload
        self._machine = DeltaStream()
        self._publisher = publisher
        self._snapshot: XdsSnapshot | None = None
        self._queue: asyncio.Queue[Response] = asyncio.Queue()
        self._grace: asyncio.TimerHandle | None = None

    def offer(self, snapshot: XdsSnapshot) -> None:
        """There is a new truth for the workload."""
        self._snapshot = snapshot
        self._say(self._machine.on_snapshot(snapshot))

    def on_request(self, request: Request) -> None:
        """The proxy asks or answers. Raises ProtocolError."""
        self._say(self._machine.on_request(request))

    async def write(self, context: grpc.aio.ServicerContext) -> None:
        """Carry until the stream breaks, which its reader learns of."""
        with suppress(*STREAM_BROKE):
            while True:
                await context.write(encode_response(await self._queue.get()))

    def close(self) -> None:
        """The stream ended."""
        if self._grace is not None:
            self._grace.cancel()

    def _say(self, responses: Sequence[Response]) -> None:
        for response in responses:
            self._queue.put_nowait(response)
        synced = self._snapshot if self._machine.in_sync else None
        self._publisher.record(self.workload, self._machine.take_events(), synced)
        if self._grace is None and self._machine.removals_due:
            self._grace = asyncio.get_running_loop().call_later(GRACE_S, self._on_grace)

    def _on_grace(self) -> None:
        self._grace = None
        self._say(self._machine.on_grace())


def _not_yours(asked: str, workload: WorkloadRef) -> Refused:
    return Refused(
        code="node-not-yours",
        message=f"the certificate is {workload}'s, and asks for the configuration of {asked}",
        hint="every workload gets its own configuration only",
    )
