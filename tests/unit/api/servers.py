"""The API over a real Unix socket, with a real store and a loop at work behind it."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from tulle.api.app import Sources, make_app, make_routes
from tulle.api.custody import Custody
from tulle.api.doors.access import Access
from tulle.api.doors.keys import AdminToken
from tulle.api.doors.opening import Doors
from tulle.api.doors.opening import serving as serving_doors
from tulle.api.doors.sockets import listening
from tulle.api.kube.reading.history import History
from tulle.api.tokens import Mint
from tulle.codec import encode
from tulle.model.names import WorkloadRef
from tulle.model.resources import Resource
from tulle.model.wire import EdgeReport, ProxyState, Refused
from tulle.reconcile.authority import open_authority
from tulle.reconcile.coalesce import Window
from tulle.reconcile.loop import Reconciler
from tulle.reconcile.publish import Publisher
from tulle.settings import Address
from tulle.store.contract import Store
from tulle.store.keys import KeyFiles
from tulle.store.sqlite import SqliteStore

WAIT_S = 30.0
NOW = 1_800_000_000.0


def now() -> float:
    """A clock that stands."""
    return NOW


@dataclass
class StillFleet:
    """A fleet whose reports the test writes."""

    reports: dict[WorkloadRef, EdgeReport] = field(default_factory=dict)
    ends: dict[WorkloadRef, float] = field(default_factory=dict)
    levels: dict[WorkloadRef, Mapping[str, str] | Refused] = field(default_factory=dict)
    replaced: list[WorkloadRef] = field(default_factory=list)
    state: ProxyState | Refused = field(default_factory=lambda: ProxyState(version="1.40.0"))

    def edges(self) -> Mapping[WorkloadRef, EdgeReport]:
        return self.reports

    async def log_levels(
        self, workload: WorkloadRef, levels: Mapping[str, str]
    ) -> Mapping[str, str] | Refused:
        answer = self.levels.get(workload)
        return answer if isinstance(answer, Refused) else {**(answer or {}), **levels}

    def certificate_ends(self) -> Mapping[WorkloadRef, float]:
        return self.ends

    async def replace_proxy(self, workload: WorkloadRef) -> ProxyState | Refused:
        self.replaced.append(workload)
        return self.state


class Nothing:
    """The image of a store that has none."""

    async def image(self) -> bytes:
        return b""


@dataclass
class Answer:
    """A response, read."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass
class Api:
    """A client, and what lies behind the server it talks to."""

    path: Path
    client: aiohttp.ClientSession
    sources: Sources
    fleet: StillFleet

    async def ask(
        self, method: str, path: str, body: object = None, type_: str = "application/json"
    ) -> Answer:
        text = body if isinstance(body, str) else json.dumps(body)
        data = None if body is None else io.BytesIO(text.encode())
        headers = {} if body is None else {"Content-Type": type_}
        url = f"http://tulle{path}"
        async with self.client.request(method, url, data=data, headers=headers) as response:
            text = await response.text()
            is_json = response.content_type == "application/json"
            read = await response.json() if is_json else text
            return Answer(response.status, read, response.headers)

    async def get(self, path: str, status: int = 200) -> Any:
        answer = await self.ask("GET", path)
        assert answer.status == status, answer.body
        return answer.body

    async def post(self, path: str, body: object, status: int = 200) -> Any:
        answer = await self.ask("POST", path, body)
        assert answer.status == status, answer.body
        return answer.body

    async def apply(self, *resources: Resource | Mapping[str, object], **more: object) -> Any:
        body = {"resources": objects(resources), **more}
        return await self.post("/tulle/v1/apply", body)

    async def refused(self, *resources: Resource | Mapping[str, object]) -> list[dict[str, str]]:
        """The problems an apply is refused with."""
        answer = await self.post("/tulle/v1/apply", {"resources": objects(resources)}, status=422)
        problems: list[dict[str, str]] = answer["problems"]
        return problems

    async def published(self, revision: int) -> None:
        async with asyncio.timeout(WAIT_S):
            while self.sources.publisher.revision < revision:  # noqa: ASYNC110 - no event of its own
                await asyncio.sleep(0.001)


def objects(resources: Sequence[Resource | Mapping[str, object]]) -> list[object]:
    return [encode.to_object(r) if isinstance(r, Resource) else dict(r) for r in resources]


@asynccontextmanager
async def serving(store: Store, folder: Path) -> AsyncIterator[Api]:
    """A server in a folder, and a client of it."""
    keys = KeyFiles(folder / "pki")
    authority = await open_authority(keys, store, "mesh.local", now)
    token = AdminToken.open(keys)
    publisher, fleet = Publisher(), StillFleet()
    reconciler = Reconciler(store, publisher, now, window=Window(0.001, 0.01))
    mint = Mint(store, lambda: authority.roots.pem, now)
    access = Access(Address("::1", 15013), None, lambda: authority.roots.pem, token)
    history = await History.open(store)
    custody = Custody(store if isinstance(store, SqliteStore) else Nothing(), keys, now)
    sources = Sources(
        store, history, reconciler, publisher, authority, fleet, mint, access, custody, now
    )
    path = folder / "api.sock"
    async with asyncio.TaskGroup() as group:
        running = group.create_task(reconciler.run())
        following = group.create_task(history.run())
        connector = aiohttp.UnixConnector(str(path))
        async with (
            serving_unix(sources, token, path),
            aiohttp.ClientSession(connector=connector) as client,
        ):
            yield Api(path, client, sources, fleet)
        running.cancel()
        following.cancel()


@asynccontextmanager
async def serving_unix(sources: Sources, token: AdminToken, path: Path) -> AsyncIterator[None]:
    """The API behind its Unix socket alone."""
    with listening(path) as unix:
        make = partial(make_app, make_routes(sources), sources.history.close)
        async with serving_doors(Doors(unix, None, None), make, token, None):
            yield
