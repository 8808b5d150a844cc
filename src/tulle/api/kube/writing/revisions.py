"""What becomes of a resource: what is stored and what a client sends in, what shall be stored and who owns it out.

Pure: the handlers bring the resource as it is now and the time, and ask the gate to put the result; they decide
anew with the next version where somebody was faster.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from tulle.api.kube import words
from tulle.api.kube.writing import validation
from tulle.api.kube.writing.bodies import Body
from tulle.api.kube.writing.refusals import (
    ConflictRefused,
    OwnedByOthers,
    bad_request,
    of_patch,
)
from tulle.api.kube.writing.requests import Validation
from tulle.codec.patches import apply as server_side
from tulle.codec.patches import json_patch, merge_patch, strategic
from tulle.codec.patches.errors import NotAResource, PatchError
from tulle.codec.patches.managers import Managers, Operation, Writer, readable, updated, write
from tulle.codec.patches.settling import Settled, settle, settled
from tulle.codec.patches.shapes import shape_of_kind
from tulle.codec.tolerances import clean
from tulle.model.names import ResourceKey
from tulle.model.resources import ManagedFields, Resource
from tulle.store.contract import ABSENT, Put

STATUS = "status"

Object = Mapping[str, Any]


class PatchForm(StrEnum):
    """The kinds of patches there are, by their media types."""

    JSON = "application/json-patch+json"
    MERGE = "application/merge-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"
    APPLY = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes which part of a resource ("" for all but its status), and when (RFC 3339)."""

    manager: str
    now: str
    subresource: str = ""
    validation: Validation = Validation.STRICT

    def writer(self, kind: type[Resource], *, applies: bool = False) -> Writer:
        """As managed fields know it."""
        operation: Operation = "Apply" if applies else "Update"
        return Writer(self.manager, operation, kind.API_VERSION, self.subresource)


@dataclass(frozen=True, slots=True)
class Target:
    """What a request's path names."""

    kind: type[Resource]
    key: ResourceKey


@dataclass(frozen=True, slots=True)
class Revision:
    """The change to make, and what the client shall hear about it."""

    put: Put
    warnings: tuple[str, ...] = ()


def created(target: Target, body: Body, author: Author) -> Revision:
    """A new resource; that there is none yet is for the store to say."""
    value = _without(identified(target, body.value), STATUS)
    if _metadata(value).get("resourceVersion"):
        message = "resourceVersion should not be set on objects to be created"
        raise bad_request("version-of-nothing", message, "leave it out", target.key)
    return _revised(target, None, value, Body(value, body.twice), author)


def replaced(target: Target, live: Resource, body: Body, author: Author) -> Revision:
    """All of it anew, but for its status; or its status alone."""
    value = identified(target, body.value)
    return _revised(target, settled(live), value, body, author)


def patched(
    target: Target, live: Resource, form: PatchForm, body: Body, author: Author
) -> Revision:
    """What a patch makes of it; raises ApiError where it is none, or does not fit."""
    now = settled(live)
    try:
        value = _patched(target.kind, now.value, form, body.value)
    except PatchError as error:
        raise of_patch(error, target.key) from error
    # A patch may name other things than fields: only what it makes is told to be unknown, or written twice.
    return _revised(target, now, identified(target, value), body, author)


def applied(
    target: Target, live: Resource | None, body: Body, author: Author, *, force: bool
) -> Revision:
    """What server-side apply makes of it, or makes if there is none."""
    config, unknown = _configuration(target, body, author)
    before = settled(live) if live else None
    if before is not None:
        _check_version(target.key, config, before.resource)
    now = server_side.Live(before.value, _managers(before)) if before else _NOTHING
    writer = author.writer(target.kind, applies=True)
    wish = server_side.Wish(config, writer, author.now, force)
    try:
        result = server_side.apply(target.kind, now, wish)
    except NotAResource as error:
        raise validation.refusal(target.kind, target.key, error.problems, body.twice) from error
    except PatchError as error:
        raise of_patch(error, target.key) from error
    if isinstance(result, server_side.Refused):
        raise OwnedByOthers(target.key, result.conflicts)
    after = (
        _noted(result.result, config) if author.manager == server_side.KUBECTL else result.result
    )
    warnings = (*unknown, *map(str, after.warnings))
    return _revision(live, after.resource, result.managers, author, warnings)


def _noted(after: Settled, config: Object) -> Settled:
    """With kubectl's own note brought up to date; one that would be too long stays as it is."""
    value = server_side.with_last_applied(after.value, config)
    try:
        return after if value is after.value else settle(value)
    except NotAResource:
        return after


def identified(target: Target, value: object) -> Object:
    """A body with what its path says, where it does not say it itself; raises ApiError where they differ."""
    kind, key = target.kind, target.key
    if not isinstance(value, dict):
        raise bad_request("request-malformed", "the body must be a mapping: one resource", key=key)
    _check_kind(target, value)
    metadata = _metadata(value)
    namespace = metadata.get("namespace") or key.namespace
    if namespace != key.namespace and kind.NAMESPACED:
        message = (
            "the namespace of the provided object does not match the namespace sent on the request"
        )
        raise bad_request("name-mismatch", message, "send both alike", key)
    name = metadata.get("name") or ""
    if name != key.name:
        message = f"the name of the object ({str(name)[:253]}) does not match the name on the URL ({key.name})"
        raise bad_request("name-mismatch", message, "send both alike", key)
    named = {**metadata, "namespace": namespace} if kind.NAMESPACED else metadata
    head = {"apiVersion": kind.API_VERSION, "kind": kind.KIND}
    return {**head, **value, "metadata": named}


def recorded(resource: Resource, live: Resource | None, writer: Writer, now: str) -> Resource:
    """A resource somebody puts whole, with what that changes written down as its writer's."""
    before = settled(live) if live is not None else None
    status = before.value.get(STATUS) if before else None
    after = _with(settled(resource).value, STATUS, status)
    old = before.value if before else {}
    shape = shape_of_kind(type(resource))
    managers = updated(_managers(before) if before else {}, old, after, shape, writer, now)
    return with_managers(resource, managers)


def with_managers(resource: Resource, managers: Managers) -> Resource:
    """The resource with its managers written down."""
    metadata = msgspec.structs.replace(resource.metadata, managed_fields=write(managers))
    return msgspec.structs.replace(resource, metadata=metadata)


_NOTHING = server_side.Live(None, {})


def _revised(
    target: Target, live: Settled | None, value: Object, body: Body, author: Author
) -> Revision:
    if live is not None:
        _check_version(target.key, value, live.resource)
        value = _of_part(value, live.value, author.subresource)
    after, warnings = validation.settled_as(
        target.kind, target.key, value, author.validation, body.twice
    )
    old = live.value if live else {}
    base = _base(after.resource, live, author)
    shape, writer = shape_of_kind(target.kind), author.writer(target.kind)
    managers = updated(base, old, after.value, shape, writer, author.now)
    resource = live.resource if live else None
    return _revision(resource, after.resource, managers, author, warnings)


def _revision(
    live: Resource | None,
    resource: Resource,
    managers: Managers,
    author: Author,
    warnings: tuple[str, ...],
) -> Revision:
    is_status = author.subresource == STATUS
    put = Put(
        with_managers(resource, managers),
        expect=live.metadata.resource_version if live else ABSENT,
        status_only=is_status,
        managed_too=is_status,
    )
    return Revision(put, warnings)


def _patched(kind: type[Resource], value: Object, form: PatchForm, patch: Any) -> object:
    match form:
        case PatchForm.JSON:
            return json_patch.apply(value, patch)
        case PatchForm.STRATEGIC:
            return strategic.apply(kind, value, patch)
        case PatchForm.MERGE | PatchForm.APPLY:
            return merge_patch.apply(value, patch)


def _of_part(value: Object, live: Object, subresource: str) -> Object:
    """The object with all the request may not change as it is: its status, or everything else."""
    if subresource == STATUS:
        return _with(live, STATUS, value.get(STATUS))
    return _with(value, STATUS, live.get(STATUS))


def _base(resource: Resource, live: Settled | None, author: Author) -> Managers:
    """The managers to go on from: what a client sent is taken, so that it can be mended; nothing is not."""
    known = _managers(live) if live else {}
    sent = resource.metadata.managed_fields
    if author.subresource == STATUS or not sent:
        return known
    if sent == (ManagedFields(),):  # Kubernetes' way to forget all of them
        return {}
    return readable(sent) or known


def _managers(live: Settled) -> Managers:
    return readable(live.resource.metadata.managed_fields) or {}


def _configuration(
    target: Target, body: Body, author: Author
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What an applier says of the part it may change, without what no field is kept for."""
    value = identified(target, body.value)
    if _metadata(value).get("managedFields"):
        message = "metadata.managedFields must be nil"
        raise bad_request("managed-fields-applied", message, "leave them out", target.key)
    if author.subresource == STATUS:
        named = {
            key: item
            for key, item in _metadata(value).items()
            if key in {"name", "namespace", "resourceVersion", "uid"}
        }
        part = {key: item for key, item in value.items() if key in {"apiVersion", "kind", STATUS}}
        value = {**part, "metadata": named}
    else:
        value = _without(value, STATUS)
    known, unknown = validation.known(target.kind, value, author.validation)
    cleaned = clean(target.kind, known).value
    assert isinstance(cleaned, dict)
    return cleaned, unknown


def _check_kind(target: Target, value: Object) -> None:
    kind = target.kind
    for name, wanted in (("apiVersion", kind.API_VERSION), ("kind", kind.KIND)):
        if value.get(name) not in {None, "", wanted}:
            message = f"the {name} in the data ({str(value[name])[:120]}) does not match the expected ({wanted})"
            raise bad_request(
                "kind-mismatch", message, "send it to the path of its kind", target.key
            )


def _check_version(key: ResourceKey, value: Object, live: Resource) -> None:
    """What a client says of the version and the uid must be so."""
    metadata, now = _metadata(value), live.metadata
    if metadata.get("uid") not in {None, "", now.uid}:
        why = words.precondition("UID", str(metadata["uid"])[:60], now.uid)
        raise ConflictRefused(key, why)
    if metadata.get("resourceVersion") not in {None, "", now.resource_version}:
        raise ConflictRefused(key)


def _metadata(value: Object) -> dict[str, Any]:
    metadata = value.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _without(value: Object, name: str) -> Object:
    return {key: item for key, item in value.items() if key != name}


def _with(value: Object, name: str, item: object) -> Object:
    return _without(value, name) if item is None else {**value, name: item}
