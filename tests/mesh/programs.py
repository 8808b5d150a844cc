"""Small servers for the mesh tests; each listens on 127.0.0.1:PORT and answers with its NAME.

`python tests/mesh/programs.py http|grpc|echo|banner PORT NAME`
"""

import asyncio
import signal
import sys

import grpc
from aiohttp import web


async def http(port: int, name: str) -> None:
    """Answers every request with its name; keeps connections alive."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(text=f"{name}\n")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, keepalive_timeout=75, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


async def grpc_echo(port: int, name: str) -> None:
    """Unary: answers its name. Stream: answers every message with its name."""

    async def unary(request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        return name.encode()

    async def stream(requests, context):  # type: ignore[no-untyped-def]
        async for message in requests:
            yield name.encode() + b":" + message

    server = grpc.aio.server()
    handlers = {
        "Unary": grpc.unary_unary_rpc_method_handler(unary),
        "Stream": grpc.stream_stream_rpc_method_handler(stream),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Echo", handlers),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


async def echo(port: int, name: str, *, banner: bool = False) -> None:
    """Sends back what it gets; with a banner it speaks first."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if banner:
            writer.write(f"{name} ready\n".encode())
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    kind, port, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    match kind:
        case "http":
            asyncio.run(http(port, name))
        case "grpc":
            asyncio.run(grpc_echo(port, name))
        case "echo":
            asyncio.run(echo(port, name))
        case "banner":
            asyncio.run(echo(port, name, banner=True))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as of a server that has no files to read anew
    main()
