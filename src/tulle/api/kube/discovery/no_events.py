"""Kubernetes' Events: this mesh keeps none, and says so where clients cannot do without an answer.

`kubectl describe configmap` fails where there is no such path at all. The list is empty because that is the
truth: what happens to a resource is told in the conditions of its status. Discovery does not name it.
"""

from collections.abc import Iterator

from aiohttp import web

from tulle.api.bodies import reply


def routes() -> Iterator[web.RouteDef]:
    """Where clients look for them."""
    yield web.get("/api/v1/events", no_events)
    yield web.get("/api/v1/namespaces/{namespace}/events", no_events)


async def no_events(request: web.Request) -> web.Response:
    """An empty list, whatever is selected."""
    metadata = {"resourceVersion": "1"}
    return reply({"apiVersion": "v1", "kind": "EventList", "metadata": metadata, "items": []})
