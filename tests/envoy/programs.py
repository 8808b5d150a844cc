"""Programs behind proxies, none of which knows of a mesh: HTTP, gRPC, WebSocket, TCP."""

import json
import socket
import socketserver
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
from websockets.sync.server import ServerConnection, serve

BANNER = b"220 server speaks first\r\n"


class _Echo(BaseHTTPRequestHandler):
    """Answers with what it was asked; `/slow` does not answer before it is hung up on."""

    protocol_version = "HTTP/1.1"
    name = ""

    def do_GET(self) -> None:
        if self.path == "/slow":
            self.rfile.read(1)
            return
        self._answer(500 if self.path == "/broken" else 200)

    def do_POST(self) -> None:
        self._answer(200)

    def _answer(self, status: int) -> None:
        length = int(self.headers.get("content-length", 0))
        told = {
            "name": self.name,
            "method": self.command,
            "path": self.path,
            "headers": {
                name.lower(): ",".join(self.headers.get_all(name, [])) for name in self.headers
            },
            "body": self.rfile.read(length).decode(),
        }
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.send_header("x-program", self.name)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""


@contextmanager
def http_program(name: str) -> Iterator[int]:
    """HTTP/1.1; gives its port."""
    handler = type("Echo", (_Echo,), {"name": name, "disable_nagle_algorithm": True})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    with _running(server):
        yield server.server_address[1]


@contextmanager
def tcp_program(first: bytes = b"") -> Iterator[int]:
    """Says `first`, then sends back what it gets; gives its port."""

    class Talk(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            link: socket.socket = self.request
            link.sendall(first)
            while data := link.recv(65536):
                link.sendall(data)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 64

    server = Server(("127.0.0.1", 0), Talk)
    with _running(server):
        yield server.server_address[1]


@contextmanager
def websocket_program() -> Iterator[int]:
    """Sends back every message; gives its port."""

    def talk(link: ServerConnection) -> None:
        for message in link:
            link.send(message)

    with serve(talk, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.socket.getsockname()[1]


class _Calls(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        handlers = {
            "/echo.Echo/Once": grpc.unary_unary_rpc_method_handler(lambda data, _: data),
            "/echo.Echo/Each": grpc.stream_stream_rpc_method_handler(lambda said, _: said),
            "/echo.Echo/Fail": grpc.unary_unary_rpc_method_handler(_fail),
        }
        return handlers.get(details.method)


def _fail(_: bytes, context: grpc.ServicerContext) -> bytes:
    context.abort(grpc.StatusCode.UNAVAILABLE, "not today")
    return b""


@contextmanager
def grpc_program() -> Iterator[int]:
    """Unary and streaming echo, and a call that always fails; gives its port."""
    server = grpc.server(ThreadPoolExecutor(8), handlers=[_Calls()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(grace=None).wait()


@contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
