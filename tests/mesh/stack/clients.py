"""Clients of third-party libraries, unchanged: `python clients.py grpc|websocket|chat …`. They know no mesh."""

import asyncio
import sys

import grpc
import websockets
from websockets.sync.client import connect


def say(*words: str) -> None:
    sys.stdout.write(" ".join(words) + "\n")


def grpc_stream(target: str, *messages: str) -> None:
    """Unary once, then a stream both ways that stays open."""
    with grpc.insecure_channel(target) as channel:
        say("unary", channel.unary_unary("/test.Echo/Unary")(b"", timeout=20).decode())
        stream = channel.stream_stream("/test.Echo/Stream")
        for answer in stream((one.encode() for one in messages), timeout=20):
            say("stream", answer.decode())


def websocket(url: str, *messages: str) -> None:
    """Says one after the other, hears each back."""
    with connect(url, open_timeout=20) as socket:
        for message in messages:
            socket.send(message)
            say("heard", str(socket.recv(timeout=20)))


async def chat(port: int) -> None:
    """A WebSocket server that sends back what it hears."""

    async def echo(socket: websockets.ServerConnection) -> None:
        async for message in socket:
            await socket.send(message)

    async with websockets.serve(echo, "127.0.0.1", port) as server:
        await server.serve_forever()


def main() -> None:
    match sys.argv[1:]:
        case ["grpc", target, *messages]:
            grpc_stream(target, *messages)
        case ["websocket", url, *messages]:
            websocket(url, *messages)
        case ["chat", port]:
            asyncio.run(chat(int(port)))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
