"""`POST /tulle/v1/apply` and `/delete`: many resources at once, all or none."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import msgspec
from aiohttp import web

from tulle.api.bodies import Message, Request, read, reply
from tulle.api.changes import Changed, Gate
from tulle.api.errors import ProblemsError
from tulle.api.kube.writing.revisions import recorded
from tulle.api.statuses import WireProblem, to_wire
from tulle.codec import decode
from tulle.codec.patches.managers import Writer
from tulle.codec.patches.settling import as_kept
from tulle.model.kinds import BY_KIND
from tulle.model.names import ResourceKey
from tulle.model.problems import Problem, has_errors
from tulle.model.resources import Resource, key_of, spec_of
from tulle.model.worlds import World
from tulle.store.contract import Delete, Put

MAX_RESOURCES = 10_000

MANAGER = "tulle"
"""The manager of what is applied here."""


class ApplyRequest(Request, frozen=True, kw_only=True):
    """Resources as objects; `dry_run` checks everything and changes nothing."""

    resources: tuple[object, ...]
    dry_run: bool = False


class KeyText(Request, frozen=True, kw_only=True):
    """Names a resource."""

    kind: str
    name: str
    namespace: str = ""


class DeleteRequest(Request, frozen=True, kw_only=True):
    """What to remove."""

    keys: tuple[KeyText, ...]
    dry_run: bool = False


class Result(Message, frozen=True, kw_only=True):
    """What happened to one resource."""

    key: str
    action: str


class Applied(Message, frozen=True, kw_only=True):
    """What a change did, and the revision it made: `settled` can be asked about it."""

    revision: int
    results: tuple[Result, ...]
    warnings: tuple[WireProblem, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """The handlers. `clock` gives Unix seconds."""

    gate: Gate
    clock: Callable[[], float]

    async def apply(self, request: web.Request) -> web.Response:
        """Create or replace what is sent."""
        body = await read(request, ApplyRequest)
        _check_number(body.resources)
        # Checking thousands of resources takes its time, and streams must go on.
        decoded = await asyncio.to_thread(decode.from_objects, body.resources)
        if has_errors(decoded.problems):
            raise ProblemsError(decoded.problems)
        now = datetime.fromtimestamp(self.clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        decide = partial(_puts, decoded.resources, now)
        changed = await self.gate.put_as(decide, dry_run=body.dry_run)
        return _reply(changed, decoded.problems)

    async def delete(self, request: web.Request) -> web.Response:
        """Remove what is named."""
        body = await read(request, DeleteRequest)
        _check_number(body.keys)
        deletes = [Delete(_key(text)) for text in dict.fromkeys(body.keys)]
        return _reply(await self.gate.delete(deletes, dry_run=body.dry_run))


def put_of(resource: Resource, live: Resource | None, now: str) -> Put:
    """A resource as a change; a resourceVersion in it is what must be stored now, as Kubernetes has it.

    Finalizers and owners that are not mentioned stay: who wrote them counts on them. `now` is RFC 3339.
    """
    expect = resource.metadata.resource_version or None
    if live is None:
        return Put(recorded(resource, None, _writer(resource), now), expect)
    metadata = msgspec.structs.replace(
        resource.metadata,
        finalizers=resource.metadata.finalizers or live.metadata.finalizers,
        owner_references=resource.metadata.owner_references or live.metadata.owner_references,
        managed_fields=live.metadata.managed_fields,
    )
    kept = msgspec.structs.replace(resource, metadata=metadata)
    if _is_as_before(kept, live):
        return Put(kept, expect)
    return Put(recorded(kept, live, _writer(resource), now), expect)


def _puts(resources: Sequence[Resource], now: str, world: World) -> list[Put]:
    return [put_of(as_kept(one), world.find(one.key), now) for one in resources]


def _writer(resource: Resource) -> Writer:
    return Writer(MANAGER, api_version=resource.API_VERSION)


def _is_as_before(resource: Resource, live: Resource) -> bool:
    """Whether it changes nothing a writer could own: then there is nothing to record."""
    one, other = resource.metadata, live.metadata
    return spec_of(resource) == spec_of(live) and (
        one.labels,
        one.annotations,
        one.finalizers,
        one.owner_references,
    ) == (other.labels, other.annotations, other.finalizers, other.owner_references)


def _check_number(items: Sequence[object]) -> None:
    if len(items) > MAX_RESOURCES:
        message = f"{len(items)} resources at once are more than the {MAX_RESOURCES} allowed"
        raise ProblemsError([Problem("", "too-many", message, "send them in parts")])


def _key(text: KeyText) -> ResourceKey:
    kind = BY_KIND.get(text.kind)
    if kind is None:
        known = ", ".join(sorted(BY_KIND))
        message = f"there is no kind {text.kind[:60]!r}"
        raise ProblemsError([Problem("kind", "unknown-kind", message, f"known kinds: {known}")])
    return key_of(kind, text.namespace or decode.DEFAULT_NAMESPACE, text.name)


def _reply(changed: Changed, more: Sequence[Problem] = ()) -> web.Response:
    results = tuple(Result(key=str(key), action=action) for key, action in changed.actions)
    warnings = tuple(map(to_wire, (*more, *changed.warnings)))
    return reply(Applied(revision=changed.revision, results=results, warnings=warnings))
