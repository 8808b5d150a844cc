"""The handlers of changes: read a request, decide by `revisions`, put it through the gate, answer."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial

import msgspec
from aiohttp import web

from tulle.api.bodies import reply
from tulle.api.changes import Changed, Gate
from tulle.api.kube.paths import key_in, path_of, path_of_one
from tulle.api.kube.reading.forms import Form, ListMeta, many
from tulle.api.kube.reading.queries import list_query
from tulle.api.kube.writing import bodies, naming, revisions
from tulle.api.kube.writing.bodies import Body
from tulle.api.kube.writing.deletions import DeleteOptions, Deletion, deletion
from tulle.api.kube.writing.refusals import InvalidRefused, bad_request
from tulle.api.kube.writing.requests import DELETES, WriteQuery, check_known, write_query
from tulle.api.kube.writing.revisions import STATUS, Author, PatchForm, Revision, Target
from tulle.api.statuses import Details, Status
from tulle.codec import encode
from tulle.codec.patches import strategic
from tulle.codec.selectors import Selector
from tulle.model.kinds import ALL
from tulle.model.kinds.core import Namespace
from tulle.model.names import ResourceKey
from tulle.model.problems import Problem
from tulle.model.resources import Resource
from tulle.model.worlds import World
from tulle.store.contract import Put, Store
from tulle.store.errors import AlreadyExists, ConflictError, NotFound

TRIES = 10
"""Times a change is decided because somebody was faster: twice as often as in Kubernetes, for between deciding
and writing lies a look at the whole mesh."""

MAX_WARNINGS = 20

Decide = Callable[[Resource | None], Revision]


class Writing:
    """The handlers; each is bound to a kind in `routes`. `clock` gives Unix seconds."""

    def __init__(self, store: Store, gate: Gate, clock: Callable[[], float]) -> None:
        self._store = store
        self._gate = gate
        self._clock = clock

    def routes(self) -> Iterator[web.RouteDef]:
        """Every path of every kind that can be changed."""
        for kind in ALL:
            one = path_of_one(kind)
            yield web.post(path_of(kind, "{namespace}"), partial(self.create, kind))
            yield web.put(one, partial(self.replace, kind, ""))
            yield web.patch(one, partial(self.patch, kind, ""))
            yield web.delete(one, partial(self.delete, kind))
            if kind is not Namespace:  # as in Kubernetes: too much would go with them
                yield web.delete(path_of(kind, "{namespace}"), partial(self.delete_many, kind))
            if STATUS in kind.__struct_fields__:
                yield web.put(f"{one}/status", partial(self.replace, kind, STATUS))
                yield web.patch(f"{one}/status", partial(self.patch, kind, STATUS))

    async def create(self, kind: type[Resource], request: web.Request) -> web.Response:
        """Make a new resource, of its own name or of one made up here."""
        query = _query(request)
        body = await _body(request)
        author = self._author(query, "")
        prefix, namespace = naming.prefix_of(body.value), request.match_info.get("namespace", "")
        for attempt in range(1, naming.TRIES + 1):
            named = naming.with_made_up_name(body, prefix) if prefix else body
            target = naming.target_of(kind, namespace, named)
            decide = partial(_create, target, named, author)
            try:
                return await self._write(target, query, decide)
            except AlreadyExists:
                if not prefix or attempt == naming.TRIES:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def replace(
        self, kind: type[Resource], subresource: str, request: web.Request
    ) -> web.Response:
        """Replace what is there; with a resourceVersion, only that version."""
        query, target = _query(request), Target(kind, key_in(kind, request))
        _no_force(query)
        body = await _body(request)
        author = self._author(query, subresource)

        def decide(live: Resource | None) -> Revision:
            return revisions.replaced(target, _there(live, target), body, author)

        return await self._write(target, query, decide)

    async def patch(
        self, kind: type[Resource], subresource: str, request: web.Request
    ) -> web.Response:
        """Change a part of it, in one of the forms the content type names."""
        query, target = _query(request), Target(kind, key_in(kind, request))
        form = _form(kind, request)
        author = self._author(query, subresource)
        data = await request.read()
        if form is PatchForm.APPLY:
            _check_manager(query)
            body = await asyncio.to_thread(bodies.read_yaml, data)
            decide = partial(_apply, target, body, author, bool(query.force))
        else:
            _no_force(query)
            body = await asyncio.to_thread(bodies.read_json, data)
            decide = partial(_patch, target, form, body, author)
        return await self._write(target, query, decide)

    async def delete(self, kind: type[Resource], request: web.Request) -> web.Response:
        """Delete one: it goes at once, or when its finalizers are gone."""
        asked = await _deletion(request, DELETES)
        key = key_in(kind, request)
        found = (await self._store.world()).find(key)
        if found is None:
            raise _missing(key)
        changed = await self._gate.delete([asked.of(found)], dry_run=asked.dry_run)
        left = next((one for one in changed.batch.changed if one.key == key), None)
        if left is not None or key not in changed.batch.removed:
            return reply(encode.to_object(left or found, defaults=True))
        return reply(_gone(found))

    async def delete_many(self, kind: type[Resource], request: web.Request) -> web.Response:
        """Delete those of a namespace a selector wants, all or none; the answer lists them as they were."""
        wanted = _selected(request)
        asked = await _deletion(request, DELETES | _SELECTS)
        namespace = request.match_info.get("namespace", "")
        world = await self._store.world()
        found = [
            one
            for one in world.all(kind)
            if one.metadata.namespace == namespace and wanted.wants(one)
        ]
        if found:
            await self._gate.delete([asked.of(one) for one in found], dry_run=asked.dry_run)
        meta = ListMeta(world.revision)
        return reply(many(kind, found, meta, Form()))

    async def _write(self, target: Target, query: WriteQuery, decide: Decide) -> web.Response:
        """Decide by what is stored, write, and decide anew where that was overtaken."""
        for attempt in range(1, TRIES + 1):
            decision = _Decision(target.key, decide)
            try:
                changed = await self._gate.put_as(decision.puts, dry_run=query.dry_run)
            except AlreadyExists:
                raise
            except ConflictError:  # who writes statuses does not wait at the gate
                if attempt == TRIES:
                    raise
            else:
                return _answer(decision, changed, query)
        raise AssertionError("the last attempt returns or raises")

    def _author(self, query: WriteQuery, subresource: str) -> Author:
        now = datetime.fromtimestamp(self._clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Author(query.manager, now, subresource, query.validation)


class _Decision:
    """What was decided, and by what; made at the gate, where nobody comes between."""

    def __init__(self, key: ResourceKey, decide: Decide) -> None:
        self.key = key
        self.live: Resource | None = None
        self._decide = decide
        self._revision: Revision | None = None

    @property
    def revision(self) -> Revision:
        """Once it is decided."""
        assert self._revision is not None
        return self._revision

    def puts(self, world: World) -> list[Put]:
        """Decide by the world as it is now."""
        self.live = world.find(self.key)
        self._revision = self._decide(self.live)
        return [self._revision.put]


def _create(target: Target, body: Body, author: Author, live: Resource | None) -> Revision:
    """What there is already is for the store to refuse: a race has one winner."""
    return revisions.created(target, body, author)


def _apply(
    target: Target, body: Body, author: Author, force: bool, live: Resource | None
) -> Revision:
    if live is None and author.subresource:
        raise _missing(target.key)
    return revisions.applied(target, live, body, author, force=force)


def _patch(
    target: Target, form: PatchForm, body: Body, author: Author, live: Resource | None
) -> Revision:
    return revisions.patched(target, _there(live, target), form, body, author)


def _there(live: Resource | None, target: Target) -> Resource:
    if live is None:
        raise _missing(target.key)
    return live


def _missing(key: ResourceKey) -> NotFound:
    return NotFound(f"there is no {key}", "`tulle get` lists what there is", key)


def _query(request: web.Request) -> WriteQuery:
    agent = request.headers.get("User-Agent", "")
    return write_query(request.query, request.query.getall("dryRun", []), agent)


async def _body(request: web.Request) -> Body:
    data = await request.read()
    return await asyncio.to_thread(bodies.read_object, data, _content_type(request))


def _content_type(request: web.Request) -> str:
    """Without its parameters; "" where the request names none."""
    return request.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _form(kind: type[Resource], request: web.Request) -> PatchForm:
    name = _content_type(request)
    forms = [form for form in PatchForm if _has_form(kind, form)]
    if name not in forms:
        raise bodies.unsupported(name, forms)
    return PatchForm(name)


def _has_form(kind: type[Resource], form: PatchForm) -> bool:
    return form is not PatchForm.STRATEGIC or strategic.has_strategy(kind)


def _no_force(query: WriteQuery) -> None:
    if query.force is not None:
        message = "may not be specified for non-apply patch"
        raise _invalid_option("force", "not-supported", message)


def _check_manager(query: WriteQuery) -> None:
    if not query.names_manager:
        message = "is required for apply patch"
        raise _invalid_option("fieldManager", "missing-field", message)


def _invalid_option(path: str, code: str, message: str) -> InvalidRefused:
    return InvalidRefused(ResourceKey("PatchOptions", "", ""), [Problem(path, code, message)])


_SELECTS = frozenset(
    {"fieldSelector", "labelSelector", "resourceVersion", "resourceVersionMatch", "timeoutSeconds"}
)


def _selected(request: web.Request) -> Selector:
    """Which of a collection the query wants."""
    asked = {name: value for name, value in request.query.items() if name in _SELECTS}
    return list_query(asked).selector


async def _deletion(request: web.Request, known: frozenset[str]) -> Deletion:
    check_known(request.query, known)
    data = await request.read()
    if not data:
        options = DeleteOptions()
    else:
        value = bodies.read_object(data, _content_type(request)).value
        try:
            options = msgspec.convert(value, DeleteOptions)
        except msgspec.ValidationError as error:
            message = f"the body is no DeleteOptions: {error}"
            raise bad_request("request-malformed", message) from None
    return deletion(options, request.query, request.query.getall("dryRun", []))


def _gone(resource: Resource) -> Status:
    """What Kubernetes answers when something was deleted."""
    kind = type(resource)
    details = Details(
        name=resource.metadata.name,
        group=kind.API_VERSION.rpartition("/")[0],
        kind=kind.PLURAL,
        uid=resource.metadata.uid,
    )
    message = f"{resource.key} deleted"
    return Status(status="Success", message=message, reason="", code=200, details=details)


def _answer(decision: _Decision, changed: Changed, query: WriteQuery) -> web.Response:
    """The resource as it is now (or, dry, would be), and what there is to say of it."""
    key, live, revision = decision.key, decision.live, decision.revision
    written = next((one for one in changed.batch.changed if one.key == key), None)
    resource = written or (revision.put.resource if key in changed.batch.removed else live)
    assert resource is not None
    if query.dry_run:
        resource = _as_before(resource, live)
    response = reply(encode.to_object(resource, defaults=True), 200 if live else 201)
    told = dict.fromkeys([*revision.warnings, *map(str, changed.warnings)])
    # Kubernetes' way to say something beside the resource; clients print it.
    response.headers.extend(("Warning", _quoted(text)) for text in list(told)[:MAX_WARNINGS])
    return response


def _as_before(resource: Resource, live: Resource | None) -> Resource:
    """At the version it really has: a dry run makes none."""
    version = live.metadata.resource_version if live else ""
    metadata = msgspec.structs.replace(resource.metadata, resource_version=version)
    return msgspec.structs.replace(resource, metadata=metadata)


def _quoted(text: str) -> str:
    plain = "".join(c if " " <= c <= "~" else "?" for c in text)[:1000]
    return f'299 tulle "{plain.replace(chr(34), chr(39)).replace(chr(92), "/")}"'
