"""Everything that is not the mesh's: asked of others, once for all who ask the same, and remembered."""

import asyncio
import logging
import socket
from collections.abc import Callable

import dns.edns

from tulle.agent.resolver.asking import SilentError, ask_server
from tulle.agent.resolver.sockets import OpenSocket
from tulle.dns.cache import Cache, Kept
from tulle.dns.forwarding import (
    NO_SERVERS,
    OVERLOADED,
    Failed,
    Question,
    is_final,
    read_answer,
)
from tulle.dns.upstreams import TOTAL_S, TRY_S, Server, Standing

log = logging.getLogger(__name__)

MOST_OUT = 512
"""Questions that wait for others at once; more are refused at once rather than answered too late."""

Servers = Callable[[], tuple[Server, ...]]
"""The servers to ask now, in order."""


class Forwarder:
    """`servers` is asked before every question. `group` owns the asking: it outlives whoever asked first."""

    def __init__(
        self,
        servers: Servers,
        group: asyncio.TaskGroup,
        open_socket: OpenSocket = socket.socket,
    ) -> None:
        self._servers = servers
        self._group = group
        self._open_socket = open_socket
        self._cache = Cache()
        self._standing = Standing()
        self._asked_of: tuple[Server, ...] = ()
        self._out: dict[Question, asyncio.Task[Kept | Failed]] = {}

    def known(self, question: Question) -> Kept | None:
        """What is remembered."""
        return self._cache.get(question, self._now())

    def age_s(self, kept: Kept) -> int:
        """Whole seconds an answer has been kept by now."""
        return kept.age_s(self._now())

    async def ask(self, question: Question) -> Kept | Failed:
        """The answer of the first server that has one. Who asks what is being asked waits for the same answer:
        so a question that comes back to us through others ends here.
        """
        asking = self._out.get(question)
        if asking is None:
            if len(self._out) >= MOST_OUT:
                return OVERLOADED
            asking = self._group.create_task(self._try(question), name=f"dns {question.name}")
            self._out[question] = asking
            asking.add_done_callback(lambda _: self._out.pop(question, None))
        return await asyncio.shield(asking)

    async def _try(self, question: Question) -> Kept | Failed:
        """A mistake of ours costs this question, and no other."""
        try:
            return await self._ask(question)
        except Exception:
            log.exception("a question could not be asked", extra={"question": str(question.name)})
            return Failed(dns.edns.EDECode.OTHER, "the agent made a mistake: its log says which")

    async def _ask(self, question: Question) -> Kept | Failed:
        servers = self._servers()
        if servers != self._asked_of:
            self._asked_of = servers
            self._cache.clear()  # another network, perhaps: its names are its own
        if not servers:
            return NO_SERVERS
        deadline = self._now() + TOTAL_S
        failed = Failed(dns.edns.EDECode.NO_REACHABLE_AUTHORITY, "no server answers")
        for server in self._standing.in_order(servers, self._now()):
            left_s = deadline - self._now()
            if left_s <= 0:
                break
            try:
                message = await ask_server(server, question, min(TRY_S, left_s), self._open_socket)
            except SilentError:
                self._standing.silent(server, self._now())
                continue
            self._standing.heard(server)
            if is_final(message):
                return self._cache.put(question, read_answer(message, question), self._now())
            failed = Failed(dns.edns.EDECode.NETWORK_ERROR, f"{server} answers with an error")
        return failed

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
