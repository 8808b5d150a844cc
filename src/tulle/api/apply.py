"""`POST /tulle/v1/apply` and `/delete`: many resources at once, all or none."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from tulle.api.bodies import Message, Request, read, reply
from tulle.api.changes import Changed, Gate
from tulle.api.errors import ProblemsError
from tulle.api.statuses import WireProblem, to_wire
from tulle.codec import decode
from tulle.model.kinds import BY_KIND
from tulle.model.names import ResourceKey
from tulle.model.problems import Problem, has_errors
from tulle.model.resources import Resource, key_of
from tulle.store.contract import Delete, Put

MAX_RESOURCES = 10_000


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
    """The handlers."""

    gate: Gate

    async def apply(self, request: web.Request) -> web.Response:
        """Create or replace what is sent."""
        body = await read(request, ApplyRequest)
        _check_number(body.resources)
        # Checking thousands of resources takes its time, and streams must go on.
        decoded = await asyncio.to_thread(decode.from_objects, body.resources)
        if has_errors(decoded.problems):
            raise ProblemsError(decoded.problems)
        puts = [put_of(resource) for resource in decoded.resources]
        changed = await self.gate.put(puts, dry_run=body.dry_run)
        return _reply(changed, decoded.problems)

    async def delete(self, request: web.Request) -> web.Response:
        """Remove what is named."""
        body = await read(request, DeleteRequest)
        _check_number(body.keys)
        deletes = [Delete(_key(text)) for text in dict.fromkeys(body.keys)]
        return _reply(await self.gate.delete(deletes, dry_run=body.dry_run))


def put_of(resource: Resource) -> Put:
    """A resource as a change; a resourceVersion in it is what must be stored now, as Kubernetes has it."""
    version = resource.metadata.resource_version
    return Put(resource, expect=version or None)


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
