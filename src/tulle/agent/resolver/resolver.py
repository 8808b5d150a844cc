"""Questions in, answers out, as bytes: what can be said at once is, the rest waits for others.

`listener` carries. An answer that was given is given again for the same bytes, as long as it is true: programs
ask the same few questions all the time, and reading and writing a message costs more than all else. Only the id and
the spelling of the name are the new question's: the answer refers to that spelling, so all of it follows.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

import dns.edns
import dns.rcode

from tulle.agent.resolver.forwarder import Forwarder
from tulle.agent.resolver.scope import Scope
from tulle.dns import messages
from tulle.dns.answers import Forward, Reply, answer
from tulle.dns.directories import Directory
from tulle.dns.forwarding import Failed, failure, passed_on, question_of
from tulle.dns.messages import HEADER, Objection, Query, read, refuse, render, udp_limit
from tulle.dns.zones import Zone

log = logging.getLogger(__name__)

MOST_REMEMBERED = 2048
"""Questions, as bytes, whose answers are at hand."""

_ALWAYS = -1
"""Until the names change: others' answers are remembered for the second they were given in."""

PATIENCE_S = 2.0
"""How long a question waits for the first word of the control plane, at most."""


@dataclass(frozen=True, slots=True)
class Later:
    """A question that cannot be answered yet. Give it to `Resolver.finish`."""

    query: Query
    key: bytes
    limit: int


class Resolver:
    """One workload's view. `clock` counts seconds; `scope` is a captured program's."""

    def __init__(
        self,
        namespace: str,
        forwarder: Forwarder,
        clock: Callable[[], float],
        scope: Scope | None = None,
    ) -> None:
        self._scope = scope
        self._namespace = namespace
        self._forwarder = forwarder
        self._clock = clock
        self._zone: Zone | None = None
        self._named = asyncio.Event()
        self._remembered: dict[bytes, tuple[int, bytes]] = {}

    def use(self, directory: Directory) -> None:
        """The mesh's names from now on."""
        self._zone = Zone(self._namespace, directory)
        self._remembered.clear()
        self._named.set()

    async def named(self) -> None:
        """Return once there are names."""
        await self._named.wait()

    def answer(self, data: bytes, *, tcp: bool) -> bytes | Later | None:
        """The answer to a packet, if it can be given now; None: there is none to give."""
        end = data.find(0, HEADER) + 1  # of the name; what is no query is found out below
        key = (b"t" if tcp else b"u") + data[2:HEADER] + data[HEADER:end].lower() + data[end:]
        found = self._remembered.get(key)
        if found is not None and found[0] in {_ALWAYS, int(self._clock())}:
            wire = found[1]
            return b"".join((data[:2], wire[2:HEADER], data[HEADER:end], wire[end:]))
        query = read(data)
        if query is None:
            return None
        if isinstance(query, Objection):
            return query.wire
        limit = messages.LARGEST if tcp else udp_limit(query.message)
        return self._now(self._zone, query, key, limit)

    async def finish(self, later: Later) -> bytes:
        """The answer that took longer."""
        try:
            return await self._finish(later)
        except Exception:
            log.exception("a question could not be answered")
            return render(messages.respond(later.query.message, dns.rcode.SERVFAIL), later.limit)

    def overloaded(self, later: Later) -> bytes:
        """The answer where too many wait already."""
        return render(
            failure(later.query, Failed(dns.edns.EDECode.OTHER, "overloaded")), later.limit
        )

    def _now(self, zone: Zone | None, query: Query, key: bytes, limit: int) -> bytes | Later:
        if zone is None:
            return Later(query, key, limit)
        found = answer(zone, query)
        if isinstance(found, Forward):
            kept = self._forwarder.known(question_of(query, found.name))
            if kept is None:
                return Later(query, key, limit)
            age_s = self._forwarder.age_s(kept)
            wire = render(passed_on(query, found.before, kept.answered, age_s), limit)
            self._remember(key, int(self._clock()), wire)
            return wire
        if self._has_to_wait(found):
            return Later(query, key, limit)
        wire = render(found.message, limit)
        if found.steady:
            self._remember(key, _ALWAYS, wire)
        return wire

    async def _finish(self, later: Later) -> bytes:
        query, limit = later.query, later.limit
        zone = await self._wait_for_zone()
        if zone is None:
            code, text = dns.edns.EDECode.NOT_READY, "the mesh's names are not known yet"
            return render(refuse(query.message, dns.rcode.SERVFAIL, code, text), limit)
        found = answer(zone, query)
        if not isinstance(found, Forward):
            if self._scope and found.service:
                await self._scope.use(found.service)
            return render(found.message, limit)
        said = await self._forwarder.ask(question_of(query, found.name))
        if isinstance(said, Failed):
            return render(failure(query, said), limit)
        age_s = self._forwarder.age_s(said)
        return render(passed_on(query, found.before, said.answered, age_s), limit)

    def _has_to_wait(self, found: Reply) -> bool:
        return bool(self._scope and found.service and not self._scope.is_known(found.service))

    async def _wait_for_zone(self) -> Zone | None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._named.wait()
        except TimeoutError:
            return None
        return self._zone

    def _remember(self, key: bytes, until: int, wire: bytes) -> None:
        if len(self._remembered) >= MOST_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[key] = (until, wire)
