"""`POST /tulle/v1/explain`: what happens to a request, and why."""

from dataclasses import dataclass
from typing import Annotated

import msgspec
from aiohttp import web

from tulle.api.bodies import Request, read, reply, to_fields
from tulle.api.errors import ProblemsError
from tulle.codec.decode import DEFAULT_NAMESPACE
from tulle.graph.explaining.explain import explain_request
from tulle.model.names import WorkloadRef
from tulle.model.problems import Problem
from tulle.reconcile.loop import Reconciler


class ExplainRequest(Request, frozen=True, kw_only=True):
    """Who asks for what. `source` ("from") is NAME or NAMESPACE/NAME of a workload."""

    source: str = msgspec.field(name="from")
    url: Annotated[str, msgspec.Meta(max_length=16384)]
    method: Annotated[str, msgspec.Meta(max_length=64)] = "GET"
    headers: Annotated[tuple[tuple[str, str], ...], msgspec.Meta(max_length=256)] = ()


@dataclass(frozen=True, slots=True)
class Explain:
    """The handler."""

    reconciler: Reconciler

    async def handle(self, request: web.Request) -> web.Response:
        """The explanation field by field, and as `lines` for people."""
        body = await read(request, ExplainRequest)
        told = explain_request(
            self.reconciler.compiled.graph, _ref(body.source), body.method, body.url, body.headers
        )
        if isinstance(told, Problem):
            raise ProblemsError([told])
        return reply({**to_fields(told), "lines": told.lines})


def _ref(text: str) -> WorkloadRef:
    namespace, slash, name = text.partition("/")
    return WorkloadRef(namespace, name) if slash else WorkloadRef(DEFAULT_NAMESPACE, text)
