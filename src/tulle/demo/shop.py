"""The shop's page, an HTTP service that asks four others: HTTP twice, gRPC, and Redis over TCP."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import aiohttp
import grpc
from aiohttp import web

from tulle.demo import ratings
from tulle.demo.environment import Address, address, listening_port
from tulle.demo.visits import Visits, VisitsError

BOOK = "tulle"
LIMIT_S = 5.0
"""How long one page may take altogether."""
GRACE_S = 2.0


@dataclass(frozen=True, slots=True)
class Backends:
    """Whom the page asks."""

    reviews: Address
    ratings: Address
    redis: Address
    httpbin: Address


class Page:
    """Clients of the four backends, kept open between requests."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._http = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=LIMIT_S), raise_for_status=True
        )
        self._grpc = grpc.aio.insecure_channel(
            str(backends.ratings), options=[("grpc.enable_http_proxy", 0)]
        )
        self._visits = Visits(backends.redis)

    async def close(self) -> None:
        """Let go of every connection."""
        await self._http.close()
        await self._grpc.close()
        self._visits.close()

    async def reviews(self) -> dict[str, object]:
        """Which version answered, and what it says."""
        found = await self._get(self._backends.reviews, "/reviews")
        return {"reviews": found["version"], "text": found["text"]}

    async def rating(self) -> dict[str, object]:
        """The mean rating: one gRPC call."""
        call = self._grpc.unary_unary(ratings.RATE, ratings.encode, ratings.decode)
        return {"stars": (await call({"book": BOOK}, timeout=LIMIT_S)).get("stars")}

    async def history(self) -> dict[str, object]:
        """Every rating: a gRPC stream."""
        call = self._grpc.unary_stream(ratings.WATCH, ratings.encode, ratings.decode)
        stream = call({"book": BOOK}, timeout=LIMIT_S)
        return {"history": [message.get("stars") async for message in stream]}

    async def visits(self) -> dict[str, object]:
        """The number of visits so far."""
        return {"visits": await self._visits.count()}

    async def order(self) -> dict[str, object]:
        """A number for the next order, of httpbin."""
        return {"order": (await self._get(self._backends.httpbin, "/uuid"))["uuid"]}

    async def _get(self, backend: Address, path: str) -> dict[str, object]:
        async with self._http.get(f"http://{backend}{path}") as response:
            found: dict[str, object] = await response.json()
            return found

    async def everything(self) -> tuple[dict[str, object], dict[str, str]]:
        """What all backends say, and for each that could not be asked, why."""
        parts = (self.reviews, self.rating, self.history, self.visits, self.order)
        page: dict[str, object] = {}
        errors: dict[str, str] = {}
        async with asyncio.TaskGroup() as group:
            for part in parts:
                group.create_task(_ask(part, page, errors), name=part.__name__)
        return page, errors


async def _ask(
    part: Callable[[], Awaitable[dict[str, object]]],
    page: dict[str, object],
    errors: dict[str, str],
) -> None:
    try:
        page.update(await part())
    except (aiohttp.ClientError, grpc.RpcError, VisitsError, TimeoutError) as exc:
        errors[part.__name__] = f"{type(exc).__name__}: {exc}"


def application(backends: Backends) -> web.Application:
    """The page, at `/`: 200 with every part, or 502 naming those that failed."""
    page_key = web.AppKey("page", Page)

    async def clients(app: web.Application) -> AsyncIterator[None]:
        app[page_key] = Page(backends)
        yield
        await app[page_key].close()

    async def index(request: web.Request) -> web.Response:
        page, errors = await request.app[page_key].everything()
        answer = {**page, "errors": errors} if errors else page
        text = json.dumps(dict(sorted(answer.items()))) + "\n"
        return web.Response(
            text=text, status=502 if errors else 200, content_type="application/json"
        )

    async def healthy(request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    app = web.Application()
    app.cleanup_ctx.append(clients)
    app.router.add_get("/", index)
    app.router.add_get("/healthy", healthy)
    return app


def main() -> None:
    """Run the page."""
    backends = Backends(
        reviews=address("REVIEWS_ADDR"),
        ratings=address("RATINGS_ADDR"),
        redis=address("REDIS_ADDR"),
        httpbin=address("HTTPBIN_ADDR"),
    )
    web.run_app(
        application(backends),
        host="127.0.0.1",
        port=listening_port(sys.argv[1:]),
        shutdown_timeout=GRACE_S,
        access_log=None,
        print=None,
    )


if __name__ == "__main__":
    main()
