"""One question to one server: over UDP from a port of its own, and over TCP where the answer did not fit."""

import asyncio
import secrets
import socket

import dns.flags
from dns.message import Message

from tulle.agent.resolver.sockets import OpenSocket
from tulle.dns.forwarding import Question, ask, believe, dislikes_edns
from tulle.dns.messages import LARGEST
from tulle.dns.upstreams import Server


class SilentError(Exception):
    """The server did not answer in time, or cannot be reached."""


class _Hearing(asyncio.DatagramProtocol):
    """Waits for the one packet that answers; what is not it is passed over, and costs the sender's time only."""

    def __init__(self, question: Question, number: int) -> None:
        self.answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._question = question
        self._number = number

    def datagram_received(self, data: bytes, addr: object) -> None:
        message = believe(data, self._question, self._number)
        if message is not None and not self.answer.done():
            self.answer.set_result(message)

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(SilentError(str(exc)))

    def connection_lost(self, exc: Exception | None) -> None:
        self.answer.cancel()


async def ask_server(
    server: Server, question: Question, timeout_s: float, open_socket: OpenSocket = socket.socket
) -> Message:
    """The server's answer, whatever it is. Raises SilentError."""
    try:
        async with asyncio.timeout(timeout_s):
            message = await _over_udp(server, question, open_socket, edns=True)
            if dislikes_edns(message):
                message = await _over_udp(server, question, open_socket, edns=False)
            if message.flags & dns.flags.TC:
                message = await _over_tcp(server, question, open_socket)
            return message
    except TimeoutError as error:
        raise SilentError("no answer in time") from error
    except (OSError, asyncio.IncompleteReadError) as error:
        raise SilentError(str(error)) from error


async def _over_udp(
    server: Server, question: Question, open_socket: OpenSocket, *, edns: bool
) -> Message:
    """Connected, so that the system passes on this server's packets only; the system draws the port, we the id."""
    number = secrets.randbelow(0x10000)
    loop = asyncio.get_running_loop()
    sock = _socket(server, socket.SOCK_DGRAM, open_socket)
    try:
        sock.connect((server.address, server.port))
        transport, hearing = await loop.create_datagram_endpoint(
            lambda: _Hearing(question, number), sock=sock
        )
    except BaseException:
        sock.close()
        raise
    try:
        transport.sendto(ask(question, number, edns=edns))
        return await hearing.answer
    finally:
        transport.close()


async def _over_tcp(server: Server, question: Question, open_socket: OpenSocket) -> Message:
    number = secrets.randbelow(0x10000)
    loop = asyncio.get_running_loop()
    with _socket(server, socket.SOCK_STREAM, open_socket) as sock:
        await loop.sock_connect(sock, (server.address, server.port))
        data = ask(question, number)
        await loop.sock_sendall(sock, len(data).to_bytes(2, "big") + data)
        size = int.from_bytes(await _exactly(loop, sock, 2), "big")
        message = believe(await _exactly(loop, sock, min(size, LARGEST)), question, number)
    if message is None:
        raise SilentError("it answered something else")
    return message


async def _exactly(loop: asyncio.AbstractEventLoop, sock: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        more = await loop.sock_recv(sock, size - len(data))
        if not more:
            raise SilentError("it hung up")
        data += more
    return bytes(data)


def _socket(server: Server, kind: int, open_socket: OpenSocket) -> socket.socket:
    family = socket.AF_INET6 if ":" in server.address else socket.AF_INET
    sock = open_socket(family, kind)
    sock.setblocking(False)
    return sock
