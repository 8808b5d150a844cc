"""A program that does what it is told: `python puppet.py SOCKET [KIND:PORT[@ADDRESS]…]`.

It serves on the ports named (http, once, banner, udp) and runs commands sent to its Unix socket, as its own children
and so from wherever it was put: one JSON list of words a connection, answered by exit code, output and errors.
"""

import json
import os
import socket
import socketserver
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LONGEST = 1 << 20
COMMAND_S = 20


class Http(BaseHTTPRequestHandler):
    """Says its port, and by which address the client came."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        text = f"{NAME} {self.server.server_port} {self.path} host={self.headers['host']}\n"  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Quiet."""


class Once(Http):
    """Answers one request a connection: to a proxy of TCP, every request is a connection."""

    def end_headers(self) -> None:
        self.send_header("connection", "close")
        super().end_headers()


class Banner(socketserver.BaseRequestHandler):
    """Speaks first, then sends back what it gets."""

    def handle(self) -> None:
        self.request.sendall(f"{NAME} ready\n".encode())
        while data := self.request.recv(65536):
            self.request.sendall(data)


class Udp(socketserver.BaseRequestHandler):
    """Sends back every datagram with its sender's port."""

    def handle(self) -> None:
        data, answer = self.request
        answer.sendto(b"%s from %d" % (data, self.client_address[1]), self.client_address)


class TcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def serve(text: str) -> None:
    kind, _, place = text.partition(":")
    port, _, address = place.partition("@")
    address = address or "0.0.0.0"
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    base, handler = {
        "http": (ThreadingHTTPServer, Http),
        "once": (ThreadingHTTPServer, Once),
        "banner": (TcpServer, Banner),
        "udp": (socketserver.UDPServer, Udp),
    }[kind]
    made = type("Server", (base,), {"address_family": family, "daemon_threads": True})
    server = made((address, int(port)), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def obey(connection: socket.socket) -> None:
    with connection, connection.makefile("rb") as words:
        command = json.loads(words.readline(LONGEST))
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=COMMAND_S, check=False
            )
            answer = [done.returncode, done.stdout, done.stderr]
        except (OSError, subprocess.TimeoutExpired) as error:
            answer = [-1, "", str(error)]
        connection.sendall(json.dumps(answer).encode() + b"\n")


def main() -> None:
    path, *ports = sys.argv[1:]
    for port in ports:
        serve(port)
    Path(path).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(50)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=obey, args=(connection,), daemon=True).start()


NAME = os.environ.get("PUPPET", "puppet")

if __name__ == "__main__":
    main()
