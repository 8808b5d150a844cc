"""Opens the API's doors and serves on them until the server ends.

Ports are taken first and served later: what is in the way of one is known before anything has begun, and the
addresses that were really got can be told by what is served.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass

from aiohttp import web

from tulle.api.doors.guards import Guard, by_socket, by_token
from tulle.api.doors.keys import AdminToken
from tulle.api.doors.ports import check_loopback, open_port
from tulle.api.doors.sockets import listening
from tulle.api.doors.strangers import Strangers
from tulle.api.errors import SocketError
from tulle.settings import Address, ServerSettings

log = logging.getLogger(__name__)

SHUTDOWN_S = 2.0
"""How long requests in flight may take when the server stops."""

HANDSHAKE_S = 5.0
"""How long a TLS handshake may take: whoever does not finish it must not hold a connection for long."""

IDLE_S = 90.0
"""How long a connection may stay open without a request."""

_UNHEARD = logging.getLogger(f"{__name__}.malformed")
_UNHEARD.disabled = True
"""What the library says of malformed requests quotes them, and anybody may send any number of those."""

TLS_FLAG, PLAIN_FLAG = "--api-address", "--api-loopback-address"

MakeApp = Callable[[Guard], web.Application]


@dataclass(frozen=True, slots=True)
class Port:
    """A TCP port that listens; `address` has its real number."""

    socket: socket.socket
    address: Address


@dataclass(frozen=True, slots=True)
class Doors:
    """What is open. TCP doors are None where they are not wanted, or not to be had and not asked for."""

    unix: socket.socket
    tls: Port | None
    plain: Port | None


@contextmanager
def opened(settings: ServerSettings) -> Iterator[Doors]:
    """Every door the settings ask for, closed afterwards. Raises SocketError with the flag of the one in the way."""
    with ExitStack() as stack:
        unix = stack.enter_context(listening(settings.api_socket))
        plain = None
        if settings.api_loopback_address is not None:
            check_loopback(PLAIN_FLAG, settings.api_loopback_address)
            plain = _port(stack, PLAIN_FLAG, settings.api_loopback_address)
        yield Doors(unix, _tls(stack, settings), plain)


def _tls(stack: ExitStack, settings: ServerSettings) -> Port | None:
    address = settings.api_address
    if address is None:
        return None
    try:
        return _port(stack, TLS_FLAG, address)
    except SocketError as error:
        if not settings.api_address_by_default:
            raise
        # Nobody asked for this port; commands reach the server through its socket all the same.
        log.warning("the API has no TLS door", extra={"problem": str(error.problem)})
        return None


def _port(stack: ExitStack, flag: str, address: Address) -> Port:
    found, real = open_port(flag, address)
    stack.callback(found.close)
    return Port(found, real)


@asynccontextmanager
async def serving(
    doors: Doors, make_app: MakeApp, token: AdminToken, context: ssl.SSLContext | None
) -> AsyncIterator[None]:
    """Serve on every door, each with its guard. `context` is what the TLS door shows."""
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        await _serve(stack, make_app(by_socket()), doors.unix, None)
        if doors.plain is not None:
            strangers = Strangers(loop.call_later)
            app = make_app(by_token(token, "http", strangers))
            await _serve(stack, app, doors.plain.socket, strangers)
        if doors.tls is not None:
            assert context is not None
            strangers = Strangers(loop.call_later)
            app = make_app(by_token(token, "https", strangers))
            await _serve(stack, app, doors.tls.socket, strangers, context)
        yield


async def _serve(
    stack: AsyncExitStack,
    app: web.Application,
    listener: socket.socket,
    strangers: Strangers | None,
    context: ssl.SSLContext | None = None,
) -> None:
    runner = web.AppRunner(
        app,
        access_log=None,
        logger=_UNHEARD,
        shutdown_timeout=SHUTDOWN_S,
        keepalive_timeout=IDLE_S,
    )
    stack.push_async_callback(runner.cleanup)
    await runner.setup()
    connect = runner.server
    assert connect is not None

    def connected() -> asyncio.Protocol:
        connection = connect()
        if strangers is not None:
            strangers.arrived(connection)
        return connection

    handshake_s = HANDSHAKE_S if context else None
    server = await asyncio.get_running_loop().create_server(
        connected, sock=listener, ssl=context, ssl_handshake_timeout=handshake_s
    )
    stack.callback(server.close)
