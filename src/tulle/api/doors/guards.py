"""Who may pass a door: decided from the head of a request, before a byte of its body is read.

The Unix socket lets in who may open it. TCP doors ask for the administrator's token, and refuse what only a
browser sends: a page of somebody else must not be able to speak to the API through its reader's machine, by
its own Origin or by a name that was made to point at loopback (DNS rebinding).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import urlsplit

from aiohttp import web

from tulle.api.doors.keys import AdminToken
from tulle.api.doors.ports import is_loopback
from tulle.api.doors.strangers import Strangers
from tulle.api.errors import ApiError

ADMINISTRATORS = "tulle:administrators"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as `kubectl auth whoami` tells it."""

    name: str
    groups: tuple[str, ...] = (ADMINISTRATORS,)


BY_SOCKET = Caller("tulle:socket")
BY_TOKEN = Caller("tulle:administrator")
CALLER: web.RequestKey[Caller] = web.RequestKey("caller", Caller)

Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Guard(Protocol):
    """A middleware that lets requests through, or raises."""

    def __call__(self, request: web.Request, handler: Next) -> Awaitable[web.StreamResponse]:
        """Answer the request."""
        ...


def check_head(
    headers: Mapping[str, str], token: AdminToken, scheme: Literal["http", "https"]
) -> None:
    """Let a request through a TCP door, or raise ApiError with 401 or 403. Lower-case names find headers."""
    host = headers.get("Host", "")
    if scheme == "http" and not is_loopback(_host_name(host)):
        hint = "ask for 127.0.0.1, [::1] or localhost"
        raise ApiError(403, "host-not-loopback", f"this door is not {host[:253]!r}", hint)
    origin = headers.get("Origin")
    if origin is not None and origin != f"{scheme}://{host}":
        message = f"pages of {origin[:253]!r} may not use this API"
        raise ApiError(403, "origin-not-allowed", message, "programs send no Origin header")
    kind, _, offered = headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        hint = "`tulle kubeconfig` writes a file with the token, for kubectl and its kind"
        raise ApiError(401, "token-missing", "this door asks for a bearer token", hint)
    if not token.matches(offered.strip()):
        hint = "`tulle kubeconfig` gives the one this server takes"
        raise ApiError(401, "token-wrong", "the bearer token is not this server's", hint)


def by_socket() -> Guard:
    """The guard of the Unix socket: the file system has asked already."""

    @web.middleware
    async def guard(request: web.Request, handler: Next) -> web.StreamResponse:
        request[CALLER] = BY_SOCKET
        return await handler(request)

    return guard


def by_token(token: AdminToken, scheme: Literal["http", "https"], strangers: Strangers) -> Guard:
    """The guard of a TCP door."""

    @web.middleware
    async def guard(request: web.Request, handler: Next) -> web.StreamResponse:
        check_head(request.headers, token, scheme)
        strangers.let_in(request.protocol)
        request[CALLER] = BY_TOKEN
        return await handler(request)

    return guard


def _host_name(host: str) -> str:
    """The host of a Host header, without its port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
