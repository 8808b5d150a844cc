"""A real API with a real store behind a socket, on a loop of its own, for commands that block."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from click.testing import CliRunner, Result
from tests.unit.api.servers import Api, now, serving

from tulle.ads.delta import RefusedByProxy
from tulle.cli.client import Client
from tulle.cli.main import cli
from tulle.graph.mesh import Origin
from tulle.model.names import ResourceKey, WorkloadRef
from tulle.model.resources import Resource
from tulle.store.contract import Put
from tulle.store.memory import MemoryStore
from tulle.xds.snapshots import TypeUrl

T = TypeVar("T")
WAIT_S = 20.0


@dataclass
class Server:
    """A server, and `tulle` in front of it."""

    api: Api
    loop: asyncio.AbstractEventLoop
    stopped: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def client(self) -> Client:
        return Client(str(self.api.path))

    def tulle(self, *arguments: str, stdin: str | None = None) -> Result:
        """What a command line prints and returns."""
        environment = {"TULLE_SERVER": str(self.api.path), "COLUMNS": "200"}
        return CliRunner().invoke(cli, list(arguments), input=stdin, env=environment)

    def on_loop(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something where the server runs."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(WAIT_S)

    def apply(self, *resources: Resource) -> int:
        """Put resources as a user would, and wait until they are published."""

        async def work() -> int:
            revision: int = (await self.api.apply(*resources))["revision"]
            await self.api.published(revision)
            return revision

        return self.on_loop(work())

    def store(self, *resources: Resource) -> None:
        """Put resources with their status, as the control plane itself does."""

        async def work() -> None:
            puts = [Put(resource) for resource in resources]
            await self.api.sources.store.write(puts)
            statuses = [Put(resource, status_only=True) for resource in resources]
            batch = await self.api.sources.store.write(statuses)
            await self.api.published(batch.revision)

        self.on_loop(work())

    def connect(self, name: str, *, confirms: bool = True) -> Callable[[str], None]:
        """A proxy that takes everything at once, or nothing; call the answer to have it refuse something."""
        ref, publisher = WorkloadRef("shop", name), self.api.sources.publisher

        async def work() -> None:
            def confirm(snapshot: Any) -> None:
                if confirms:
                    self.loop.call_soon(publisher.record, ref, (), snapshot)

            publisher.attach(ref, confirm)
            if snapshot := publisher.current(ref):
                confirm(snapshot)

        async def refuse(detail: str) -> None:
            origins = (Origin(ResourceKey("HTTPRoute", "shop", "to-a"), "spec.rules[0]"),)
            event = RefusedByProxy(TypeUrl.ROUTE, "outbound:shop/a:80", "1", detail, origins)
            publisher.record(ref, [event])

        self.on_loop(work())
        return lambda detail: self.on_loop(refuse(detail))


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """A server that lives as long as the block."""
    started, made = threading.Event(), []

    async def live() -> None:
        store = MemoryStore(now)
        async with serving(store, folder) as api:
            server = Server(api, asyncio.get_running_loop())
            made.append(server)
            started.set()
            await server.stopped.wait()
        await store.close()

    thread = threading.Thread(target=asyncio.run, args=(live(),))
    thread.start()
    try:
        assert started.wait(WAIT_S)
        yield made[0]
    finally:
        if made:
            made[0].loop.call_soon_threadsafe(made[0].stopped.set)
        thread.join(WAIT_S)
        assert not thread.is_alive()
