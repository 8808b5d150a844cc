"""Carries the ADS stream between the control plane and the `exchange`, and opens it again when it breaks."""

import asyncio

import grpc

from tulle.ads.messages import Request, decode_response, encode_request
from tulle.ads.wire import ProtocolError
from tulle.agent.control.backoff import Backoff
from tulle.agent.control.channels import (
    RefusedError,
    RenewedError,
    UnreachableError,
    Uplink,
    grpc_errors,
)
from tulle.agent.errors import AgentError
from tulle.agent.proxy.exchange import Exchange
from tulle.model.wire import METHOD_DELTA_ADS


class Upstream:
    """One stream at a time. That it broke is told by `session`, which has the same channel: not by this."""

    def __init__(self, uplink: Uplink, exchange: Exchange) -> None:
        self._uplink = uplink
        self._exchange = exchange
        self._backoff = Backoff(0.1, most_s=5.0)

    async def run(self) -> None:
        """Keep a stream open until cancelled."""
        while True:
            wait_s = 0.0
            try:
                await self._live()
            except* RenewedError:
                pass
            except* (UnreachableError, RefusedError, ProtocolError, AgentError):
                # Refusals too: the control plane may only just learn of the workload.
                wait_s = self._backoff.next_s()
            await asyncio.sleep(wait_s)

    async def _live(self) -> None:
        async with self._uplink.lease() as channel, asyncio.TaskGroup() as group:
            stream = channel.stream_stream(METHOD_DELTA_ADS)()
            try:
                queue = self._exchange.connect_upstream()
                group.create_task(_write(stream, queue), name="ads-write")
                group.create_task(self._uplink.until_renewed(), name="ads-renewed")
                await self._read(stream)
            finally:
                stream.cancel()

    async def _read(self, stream: grpc.aio.StreamStreamCall) -> None:
        with grpc_errors():
            while (data := await stream.read()) is not grpc.aio.EOF:
                self._backoff.reset()
                self._exchange.from_control_plane(decode_response(data))
        raise UnreachableError("it ended the stream")


async def _write(stream: grpc.aio.StreamStreamCall, queue: "asyncio.Queue[Request | None]") -> None:
    try:
        while request := await queue.get():
            await stream.write(encode_request(request))
    except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
        return  # the reader learns of it with its reason
    raise UnreachableError("another stream is wanted")
