"""Whatever a client sends: a resource that can be stored, or a refusal with a reason. Nothing else comes of it."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.properties.test_codec import JSON

from tulle.api.errors import ApiError
from tulle.api.kube.writing.bodies import Body
from tulle.api.kube.writing.requests import Validation
from tulle.api.kube.writing.revisions import (
    STATUS,
    Author,
    PatchForm,
    Target,
    applied,
    created,
    patched,
    replaced,
)
from tulle.codec import decode, encode
from tulle.model.resources import Resource
from tulle.model.worlds import World
from tulle.store.contract import Put, Stamp, plan
from tulle.store.errors import InvalidChange
from tulle.testing.worlds import resources

NOW = "2027-01-15T08:00:00Z"
KEYS = st.sampled_from(
    [
        "metadata",
        "spec",
        "status",
        "labels",
        "ports",
        "port",
        "name",
        "finalizers",
        "conditions",
        "type",
        "$patch",
        "$setElementOrder/ports",
        "$deleteFromPrimitiveList/finalizers",
        "managedFields",
        "ownerReferences",
        "rules",
        "fieldsV1",
        "f:spec",
        ".",
        "uid",
        "data",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 90) | st.sampled_from(["", "a", "delete", "TCP"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=10,
)
POINTERS = st.lists(KEYS | st.sampled_from(["0", "1", "-", "a~1b"]), max_size=4).map(
    lambda steps: "".join(f"/{step}" for step in steps)
)
OPERATIONS = st.lists(
    st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"])},
        optional={"path": POINTERS, "from": POINTERS, "value": VALUES},
    ),
    max_size=4,
)
AUTHORS = st.builds(
    Author,
    manager=st.sampled_from(["ann", "kubectl"]),
    now=st.just(NOW),
    subresource=st.sampled_from(["", STATUS]),
    validation=st.sampled_from(list(Validation)),
)


def target_of(resource: Resource) -> Target:
    return Target(type(resource), resource.key)


def named(value: Any, resource: Resource) -> Any:
    """Mostly about the resource it is sent for."""
    if not isinstance(value, dict):
        return value
    metadata = value.get("metadata")
    known = metadata if isinstance(metadata, dict) else {}
    return {**value, "metadata": {**known, "name": resource.metadata.name}}


def stored(put: Put, live: Resource | None) -> None:
    """What is decided can be stored, and read again."""
    world = World([live] if live else [], 7)
    try:
        batch = plan(world, [put], Stamp(0.0, lambda: "uid"))
    except InvalidChange:
        return
    for resource in batch.changed:
        assert decode.resource_from_json(type(resource), encode.to_json(resource)) == resource
        encode.to_object(resource, defaults=True)


def at_version_7(resource: Resource) -> Resource:
    return plan(World((), 6), [Put(resource)], Stamp(0.0, lambda: "uid")).changed[0]


@given(resources(), VALUES | JSON, AUTHORS)
def test_a_body_creates_or_is_refused(resource: Resource, value: Any, author: Author) -> None:
    try:
        put = created(target_of(resource), Body(named(value, resource)), author).put
    except ApiError:
        return
    if put.status_only:
        return
    stored(put, None)


@given(resources().map(at_version_7), VALUES | JSON, AUTHORS)
def test_a_body_replaces_or_is_refused(resource: Resource, value: Any, author: Author) -> None:
    try:
        put = replaced(target_of(resource), resource, Body(named(value, resource)), author).put
    except ApiError:
        return
    if put.status_only and "status" not in type(resource).__struct_fields__:
        return
    stored(put, resource)


@given(
    resources().map(at_version_7),
    st.sampled_from([PatchForm.JSON, PatchForm.MERGE, PatchForm.STRATEGIC]),
    OPERATIONS,
    VALUES | JSON,
    AUTHORS,
)
@settings(max_examples=300)
def test_a_patch_changes_or_is_refused(
    resource: Resource, form: PatchForm, operations: Any, value: Any, author: Author
) -> None:
    patch = operations if form is PatchForm.JSON else value
    try:
        put = patched(target_of(resource), resource, form, Body(patch), author).put
    except ApiError:
        return
    if put.status_only and "status" not in type(resource).__struct_fields__:
        return
    stored(put, resource)


@given(resources().map(at_version_7), VALUES | JSON, AUTHORS, st.booleans(), st.booleans())
@settings(max_examples=200)
def test_a_configuration_is_applied_or_refused(
    resource: Resource, value: Any, author: Author, force: bool, there: bool
) -> None:
    live = resource if there or author.subresource else None
    try:
        body = Body(named(value, resource))
        put = applied(target_of(resource), live, body, author, force=force).put
    except ApiError:
        return
    if put.status_only and "status" not in type(resource).__struct_fields__:
        return
    stored(put, live)
