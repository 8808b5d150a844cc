"""A gRPC service: `Rate` answers once, `Watch` streams. Messages are JSON, so that nothing is generated."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from typing import TypedDict, cast

import grpc

from tulle.demo.environment import listening_port

SERVICE = "demo.Ratings"
RATE = f"/{SERVICE}/Rate"
WATCH = f"/{SERVICE}/Watch"
STARS = (5, 4, 5, 3, 5, 4)
GRACE_S = 2.0


class Rating(TypedDict):
    """How one reader liked a book."""

    book: str
    stars: int


def encode(message: object) -> bytes:
    """JSON, as the bytes of a message."""
    return json.dumps(message).encode()


def decode(data: bytes) -> dict[str, object]:
    """The message in the bytes; anything but a JSON object counts as empty."""
    found = json.loads(data or b"{}")
    return cast(dict[str, object], found) if isinstance(found, dict) else {}


async def rate(request: dict[str, object], context: object) -> dict[str, object]:
    """The mean of all ratings."""
    return {"book": request.get("book", ""), "stars": round(sum(STARS) / len(STARS), 1)}


async def watch(request: dict[str, object], context: object) -> AsyncIterator[Rating]:
    """The ratings one by one."""
    for stars in STARS:
        yield Rating(book=str(request.get("book", "")), stars=stars)


def handlers() -> grpc.GenericRpcHandler:
    """Both methods, under their names."""
    methods = {
        "Rate": grpc.unary_unary_rpc_method_handler(rate, decode, encode),
        "Watch": grpc.unary_stream_rpc_method_handler(watch, decode, encode),
    }
    return grpc.method_handlers_generic_handler(SERVICE, methods)


async def serve(port: int) -> None:
    """Answer until SIGTERM or Ctrl-C, then let running calls end."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((handlers(),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()
    await server.stop(GRACE_S)


def main() -> None:
    """Run the service."""
    asyncio.run(serve(listening_port(sys.argv[1:])))


if __name__ == "__main__":
    main()
