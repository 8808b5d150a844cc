"""The loop: follow the store, compile, build what changed, publish; then write what resources should say.

One task follows the store, one works. A round takes everything that happened since the last (see `coalesce`),
and costs in proportion to it: the compiler and `memo` reuse what did not change. In a round:

1. the world moves on and is compiled;
2. ports whose callers were narrowed get a new epoch, stored before anything is published (see `epochs`);
3. proxies whose view changed get a new snapshot, or keep the last good one if none can be made;
4. the revision counts as published;
5. statuses that changed are written back. That makes a revision too: the next round finds nothing to do.

Whatever fails costs only itself: a proxy keeps its last good snapshot, the mesh its last good graph.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import aclosing

from tulle.graph.compile import Compiler
from tulle.graph.mesh import Compiled, MeshGraph, MeshSettings, View
from tulle.graph.views import view_of
from tulle.model.kinds.workload import Workload
from tulle.model.names import ResourceKey
from tulle.model.problems import Problem
from tulle.model.resources import Resource
from tulle.model.worlds import World
from tulle.reconcile import epochs, statuses
from tulle.reconcile.coalesce import Coalescer, Window
from tulle.reconcile.memo import ViewMemo
from tulle.reconcile.publish import Publisher
from tulle.store.contract import Batch, Put, Store
from tulle.store.errors import Compacted, ConflictError, NotFound, StoreClosed, StoreError
from tulle.xds.build import Builder
from tulle.xds.snapshots import XdsSnapshot

log = logging.getLogger(__name__)

Compile = Callable[[World], Compiled]
Build = Callable[[View], XdsSnapshot]

RETRY_S = 1.0
"""Wait this long after the store failed."""

SLICE_S = 0.01
"""Give way to streams and requests after building this long on end."""

TRIES = 10
"""Times one round stores epochs that others' writes overtake; then the next round goes on."""

Latest = dict[ResourceKey, Resource | None]

Signal = Batch | World | None
"""The store changed; it was read anew; or there is something to look at again."""


class Reconciler:
    """The only one who publishes. `world` and `compiled` are the latest it has worked on.

    `clock` gives Unix seconds. `failure` says why the latest round failed, "" if it did not.
    """

    def __init__(
        self,
        store: Store,
        publisher: Publisher,
        clock: Callable[[], float],
        *,
        window: Window | None = None,
        compile_world: Compile | None = None,
        build: Build | None = None,
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._clock = clock
        self._signals: Coalescer[Signal] = Coalescer(window)
        self._compile = compile_world or Compiler().compile
        self._build = build or Builder().build
        self._views = ViewMemo(view_of)
        self._statuses = statuses.StatusMemo()
        self._accounted: MeshGraph | None = None  # narrowings up to this graph are in the store
        self.world = World()
        self.compiled = Compiled(MeshGraph(MeshSettings(), {}, {}))
        self.failure = ""
        self._at_work = False
        publisher.on_report(self.look_again)

    @property
    def busy(self) -> bool:
        """Whether something waits to be worked on, or is."""
        return self._at_work or not self._signals.is_empty

    async def run(self) -> None:
        """Work until cancelled, or until the store is closed."""
        world = await self._store.world()
        async with asyncio.TaskGroup() as group:
            working = group.create_task(self._work(world), name="reconcile")
            await self._follow(world.revision)
            working.cancel()

    async def _follow(self, after: int) -> None:
        """Pass on every revision; where that fails, go on from a fresh reading. Ends with the store."""
        try:
            while True:
                await self._pass_on(after)
                after = await self._read_again()
        except StoreClosed:
            return

    async def _pass_on(self, after: int) -> None:
        try:
            async with aclosing(self._store.watch(after)) as batches:
                async for batch in batches:
                    self._signals.put(batch)
        except StoreClosed:
            raise
        except Compacted:
            log.info("the store's watch was compacted", extra={"revision": after})
        except StoreError as error:
            log.warning("the store's watch failed", extra={"error": str(error)})

    async def _read_again(self) -> int:
        while True:
            try:
                world = await self._store.world()
            except StoreClosed:
                raise
            except StoreError as error:
                log.warning("the store cannot be read", extra={"error": str(error)})
                await asyncio.sleep(RETRY_S)
            else:
                self._signals.put(world)
                return world.revision

    async def _work(self, world: World) -> None:
        await self._try((world,))
        while True:
            await self._try(await self._signals.take())

    async def _try(self, signals: Iterable[Signal]) -> None:
        """A round. A failure here is our own mistake: say so, keep what there is, go on with the next."""
        self._at_work = True
        try:
            await self._round(signals)
        except Exception as error:
            self.failure = f"{type(error).__name__}: {error}"
            log.exception("a round of the reconcile loop failed")
        else:
            self.failure = ""
        finally:
            self._at_work = False

    async def _round(self, signals: Iterable[Signal]) -> None:
        before = self.world
        self._absorb(signals)
        if self.world is not before or self._accounted is not self.compiled.graph:
            self.compiled = await self._compile_and_account()
            await self._publish(self.compiled.graph)
            self._publisher.published(self.world.revision)
        await self._write_statuses()

    def _absorb(self, signals: Iterable[Signal]) -> None:
        """Move the world on; many small changes cost one copy."""
        latest: Latest = {}
        revision = self.world.revision
        for signal in signals:
            if isinstance(signal, World):
                latest.clear()
                self.world, revision = signal, signal.revision
            elif signal is not None:
                latest.update((key, resource) for _, key, resource in signal.numbered())
                revision = signal.revision
        if not latest:
            return
        gone = [key for key, resource in latest.items() if resource is None]
        self.world = self.world.changed(filter(None, latest.values()), gone, revision)
        self._statuses.forget(gone)

    async def _compile_and_account(self) -> Compiled:
        """The graph, once every narrowing of it is counted in its epochs and they are stored.

        What cannot be stored now is published without, and accounted for in a later round.
        """
        for _ in range(TRIES):
            compiled = self._compile(self.world)
            due = tuple(epochs.advance(self.world, self._accounted, compiled.graph))
            if not due:
                self._accounted = compiled.graph
                return compiled
            if await self._store_epochs(due):
                self._accounted = compiled.graph
        self._look_again_later()
        return self._compile(self.world)

    async def _store_epochs(self, due: Iterable[Workload]) -> bool:
        """Whether they are stored; either way the world is up to date with the store then."""
        try:
            batch = await self._store.write([_status_put(workload) for workload in due])
        except (ConflictError, NotFound):
            await self._catch_up(self.world.revision + 1)  # its watch has what overtook us
            return False
        except StoreError as error:
            log.warning("epochs cannot be stored", extra={"error": str(error)})
            await asyncio.sleep(RETRY_S / TRIES)
            return False
        await self._catch_up(batch.revision)
        return True

    async def _catch_up(self, revision: int) -> None:
        while self.world.revision < revision:
            self._absorb(await self._signals.take_now())

    async def _publish(self, graph: MeshGraph) -> None:
        loop = asyncio.get_running_loop()
        touched = self._views.update(graph)
        for proxy in touched.gone:
            self._publisher.withdraw(proxy)
        since = loop.time()
        for view in touched.views:
            self._offer(view)
            if loop.time() - since > SLICE_S:
                await asyncio.sleep(0)
                since = loop.time()

    def _offer(self, view: View) -> None:
        """One proxy's mistake, ours or a patch's, must not cost another proxy anything."""
        proxy = view.workload.ref
        try:
            snapshot = self._build(view)
        except Exception as error:
            log.exception("no snapshot could be built", extra={"proxy": str(proxy)})
            self._publisher.keep(proxy, _unbuilt(error))
            return
        serving = view.workload.accepts_traffic
        for problem in self._publisher.offer(proxy, snapshot, serving=serving):
            log.error("snapshot kept back", extra={"proxy": str(proxy), "problem": str(problem)})

    async def _write_statuses(self) -> None:
        findings = statuses.gather(self.compiled.statuses, self._publisher.states())
        due = list(self._statuses.due(self.world, findings, self._clock()))
        while due:
            try:
                await self._store.write([_status_put(resource) for resource in due])
            except (ConflictError, NotFound) as error:
                # Its newer version is on its way to us: it will be looked at again then.
                lost = [r for r in due if r.key == error.resource] or due
                self._statuses.again(lost)
                due = [resource for resource in due if resource not in lost]
            except StoreError as error:
                log.warning("statuses cannot be stored", extra={"error": str(error)})
                self._statuses.again(due)
                self._look_again_later()
                return
            else:
                return

    def look_again(self) -> None:
        """Something beside the store changed: statuses may need writing."""
        self._signals.put(None)

    def _look_again_later(self) -> None:
        asyncio.get_running_loop().call_later(RETRY_S, self.look_again)


def _status_put(resource: Resource) -> Put:
    """Others write statuses too (agents, clients of the API), so each is only replaced as we have read it."""
    return Put(resource, expect=resource.metadata.resource_version, status_only=True)


def _unbuilt(error: Exception) -> Problem:
    return Problem(
        "",
        "snapshot-unbuilt",
        f"no Envoy configuration could be made ({type(error).__name__}: {error})",
        "the proxy keeps the last good one; this is a bug of Tulle, please report it",
    )
