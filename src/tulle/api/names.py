"""`GET /tulle/v1/names`: the mesh's names, as agents that answer DNS are told them."""

from dataclasses import dataclass

from aiohttp import web

from tulle.api.bodies import Message, reply
from tulle.model.directory import Entry
from tulle.reconcile.loop import Reconciler


class NameList(Message, frozen=True, kw_only=True):
    """An entry for each service."""

    items: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """The handler."""

    reconciler: Reconciler

    async def handle(self, request: web.Request) -> web.Response:
        """All of them."""
        names = self.reconciler.compiled.graph.names
        return reply(NameList(items=tuple(names.values())))
