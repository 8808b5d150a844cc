"""The Unix socket Envoys talk to, and the only thing they talk to: delta ADS out of the `exchange`.

While one Envoy replaces another both are here; which of them it is, each says by metadata of its stream.

The socket lies in the workload's folder (0700): whoever may enter it is the workload's user already. The
workload's key crosses it, as the secret `identity`, and crosses nothing else.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import grpc

from tulle.ads.messages import Response, decode_request, encode_response
from tulle.ads.wire import ProtocolError
from tulle.agent.errors import AgentError
from tulle.agent.proxy.exchange import Exchange
from tulle.model.wire import METHOD_DELTA_ADS
from tulle.xds.bootstrap import GENERATION_KEY

_STOP_S = 0.2
_OPTIONS = (
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),
    # Two agents on one socket would be a mistake, and must fail.
    ("grpc.so_reuseport", 0),
)


class Door:
    """A gRPC server on the socket. Start it before Envoy; stop it after."""

    def __init__(self, socket: Path, exchange: Exchange) -> None:
        self._socket = socket
        self._exchange = exchange
        self._server = grpc.aio.server(options=_OPTIONS)

    async def start(self) -> None:
        """Listen."""
        service, _, method = METHOD_DELTA_ADS.strip("/").partition("/")
        handler = grpc.stream_stream_rpc_method_handler(self._serve_envoy)
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(service, {method: handler}),)
        )
        self._socket.unlink(missing_ok=True)
        try:
            self._server.add_insecure_port(f"unix:{self._socket}")
        except RuntimeError as error:
            raise AgentError(
                "agent-socket-unusable",
                f"cannot listen on {self._socket}",
                "choose another folder with --state-dir",
            ) from error
        await self._server.start()

    async def stop(self) -> None:
        """End the streams there are, and stop listening."""
        await self._server.stop(_STOP_S)
        self._socket.unlink(missing_ok=True)

    async def _serve_envoy(
        self, requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext
    ) -> None:
        down = self._exchange.connect_envoy(_number(context))
        try:
            async with asyncio.TaskGroup() as group:
                writing = group.create_task(_write(context, down.queue), name="envoy-write")
                async for data in requests:
                    self._exchange.from_envoy(down, decode_request(data))
                writing.cancel()
        except* ProtocolError as group:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(group.exceptions[0]))
        finally:
            self._exchange.disconnect_envoy(down)


def _number(context: grpc.aio.ServicerContext) -> int:
    """Which of the workload's Envoys it is."""
    found = dict(context.invocation_metadata() or ()).get(GENERATION_KEY, "")
    return int(found) if isinstance(found, str) and found.isdecimal() else 0


async def _write(context: grpc.aio.ServicerContext, queue: "asyncio.Queue[Response]") -> None:
    while True:
        await context.write(encode_response(await queue.get()))
