"""`GET /tulle/v1/access`: how programs reach the API over TCP, secret included. `tulle kubeconfig` writes it down.

Told through the Unix socket alone: who may open that administers the mesh already.
"""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from tulle.api.bodies import Message, reply
from tulle.api.doors.guards import BY_SOCKET, CALLER
from tulle.api.doors.keys import AdminToken
from tulle.api.errors import ApiError
from tulle.model.wire import CONTROL_PLANE_NAME
from tulle.settings import Address


class Reach(Message, frozen=True, kw_only=True):
    """Where the API is: URLs, "" where there is no such door; whom to trust; and what opens it."""

    tls_url: str
    loopback_url: str
    server_name: str
    roots: str
    token: str

    def __repr__(self) -> str:
        return f"Reach({self.tls_url}, token redacted)"


@dataclass(frozen=True, slots=True)
class Access:
    """The handler. `roots` gives the PEM text of those who sign the server's certificate."""

    tls: Address | None
    loopback: Address | None
    roots: Callable[[], str]
    token: AdminToken

    async def handle(self, request: web.Request) -> web.Response:
        """Everything a client needs to know."""
        if request[CALLER] != BY_SOCKET:
            hint = "ask on the machine of the server: `tulle kubeconfig`"
            raise ApiError(403, "socket-only", "this is told through the Unix socket alone", hint)
        reach = Reach(
            tls_url=f"https://{self.tls}" if self.tls else "",
            loopback_url=f"http://{self.loopback}" if self.loopback else "",
            server_name=CONTROL_PLANE_NAME,
            roots=self.roots(),
            token=self.token.text,
        )
        response = reply(reach)
        response.headers["Cache-Control"] = "no-store"
        return response
