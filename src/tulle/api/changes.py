"""The way in for changes: checked as a whole against the mesh they would make, then written as a whole.

One change at a time, so that what was checked is what is written: beside us only statuses change.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tulle.api.errors import ProblemsError
from tulle.api.kube.writing.refusals import needed_namespace, terminating
from tulle.codec.decode import DEFAULT_NAMESPACE
from tulle.graph.compile import Compiler
from tulle.model.deletions import is_deleting
from tulle.model.kinds.core import Namespace
from tulle.model.kinds.mesh import DEFAULT_NAME, Mesh
from tulle.model.names import ResourceKey
from tulle.model.problems import Problem, has_errors
from tulle.model.worlds import World
from tulle.store.contract import Batch, Change, Delete, Put, Store


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change did (or, dry, would do): per key `created`, `configured`, `unchanged`, `deleted` or, where
    finalizers hold it, `deleting`.
    """

    batch: Batch
    actions: tuple[tuple[ResourceKey, str], ...]
    warnings: tuple[Problem, ...] = ()

    @property
    def revision(self) -> int:
        """The revision it made."""
        return self.batch.revision


class Gate:
    """Lets changes through to the store. `trust_domain` is what the certificate authority signs for."""

    def __init__(self, store: Store, trust_domain: Callable[[], str]) -> None:
        self._store = store
        self._trust_domain = trust_domain
        self._compile = Compiler().compile
        self._turn = asyncio.Lock()

    async def put(self, puts: Sequence[Put], *, dry_run: bool = False) -> Changed:
        """Create or replace; refused with every problem if the set would bring an error into the mesh."""
        async with self._turn:
            return await self._put(puts, dry_run=dry_run)

    async def put_as(
        self, decide: Callable[[World], Sequence[Put]], *, dry_run: bool = False
    ) -> Changed:
        """The same with puts that depend on what there is: nobody comes between, but who writes statuses."""
        async with self._turn:
            puts = await asyncio.to_thread(decide, await self._store.world())
            return await self._put(puts, dry_run=dry_run)

    async def delete(self, deletes: Sequence[Delete], *, dry_run: bool = False) -> Changed:
        """Remove. What others then lack is told, and no reason to refuse."""
        _check_default(deletes)
        async with self._turn:
            return await self._change(deletes, _needed(deletes), dry_run=dry_run, strict=False)

    async def _put(self, puts: Sequence[Put], *, dry_run: bool) -> Changed:
        return await self._change(puts, self._misplaced(puts), dry_run=dry_run, strict=True)

    async def _change(
        self, changes: Sequence[Change], refusals: list[Problem], *, dry_run: bool, strict: bool
    ) -> Changed:
        before = await self._store.world()
        _check_namespaces(before, changes)
        planned = await self._store.write(changes, dry_run=True)
        after = before.changed(planned.changed, planned.removed)
        # Apart from the loop: the first compilation of a large mesh takes its time, and streams must go on.
        new, told = await asyncio.to_thread(self._compare, before, after, changes)
        if refusals or (strict and has_errors(new)):
            raise ProblemsError([*refusals, *new])
        batch = planned if dry_run else await self._store.write(changes)
        actions = tuple((change.key, _action(change, before, batch)) for change in changes)
        return Changed(batch, actions, tuple(told))

    def _compare(
        self, before: World, after: World, changes: Sequence[Change]
    ) -> tuple[list[Problem], list[Problem]]:
        """Problems that were not there before; and those with all about what is changed."""
        old = set(self._compile(before).problems)
        problems = self._compile(after).problems
        named = {change.key for change in changes}
        new = [problem for problem in problems if problem not in old]
        return new, [p for p in problems if p not in old or p.resource in named]

    def _misplaced(self, puts: Sequence[Put]) -> list[Problem]:
        home = self._trust_domain()
        return [
            _moved(put.resource, home)
            for put in puts
            if isinstance(put.resource, Mesh) and put.resource.spec.trust_domain != home
        ]


def _check_namespaces(world: World, changes: Sequence[Change]) -> None:
    """A namespace on its way out takes nothing new, or it would never be empty. Raises ApiError (403)."""
    for change in changes:
        namespace = world.get(Namespace, "", change.key.namespace)
        if (
            isinstance(change, Put)
            and namespace is not None
            and is_deleting(namespace)
            and world.find(change.key) is None
        ):
            raise terminating(change.key)


def _moved(mesh: Mesh, home: str) -> Problem:
    return Problem(
        "spec.trustDomain",
        "trust-domain-fixed",
        f"is {mesh.spec.trust_domain}, but this mesh's authority signs for {home} only",
        f"write trustDomain: {home}; another trust domain is another mesh, with its own --data-dir",
        mesh.key,
    )


def _check_default(deletes: Sequence[Delete]) -> None:
    """The default namespace stays, as in Kubernetes: all that is in it would go along. Raises ApiError (403)."""
    for delete in deletes:
        if delete.key == ResourceKey(Namespace.KIND, "", DEFAULT_NAMESPACE):
            raise needed_namespace(delete.key)


def _needed(deletes: Sequence[Delete]) -> list[Problem]:
    return [
        Problem(
            "metadata.name",
            "mesh-needed",
            "holds the settings and the trust bundle of the mesh, so it cannot be deleted",
            f"apply Mesh {DEFAULT_NAME} with an empty spec to go back to the defaults",
            delete.key,
        )
        for delete in deletes
        if delete.key == ResourceKey(Mesh.KIND, "", DEFAULT_NAME)
    ]


def _action(change: Change, before: World, batch: Batch) -> str:
    if isinstance(change, Delete):
        return "deleted" if change.key in batch.removed else "deleting"
    if before.find(change.key) is None:
        return "created"
    changed = any(resource.key == change.key for resource in batch.changed)
    return "configured" if changed else "unchanged"
