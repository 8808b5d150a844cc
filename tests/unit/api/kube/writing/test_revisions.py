"""What becomes of a resource, decided without a store; tests/contract/test_api_writes.py has the rest."""

from typing import Any

import msgspec
import pytest

from tulle.api.errors import ApiError
from tulle.api.kube.writing.bodies import Body
from tulle.api.kube.writing.revisions import (
    Author,
    PatchForm,
    Target,
    applied,
    created,
    identified,
    patched,
    recorded,
    replaced,
)
from tulle.codec.patches.managers import Writer
from tulle.model.kinds.service import Service, ServicePort, ServiceSpec, ServiceStatus
from tulle.model.names import ResourceKey
from tulle.model.resources import ManagedFields, Metadata
from tulle.store.contract import ABSENT

NOW = "2027-01-15T08:00:00Z"
KEY = ResourceKey("Service", "shop", "a")
TARGET = Target(Service, KEY)
ME = Author("me", NOW)
STATUS = ServiceStatus(virtual_addresses=("240.0.0.1",))


def live(**metadata: Any) -> Service:
    return Service(
        metadata=Metadata(name="a", namespace="shop", resource_version="7", uid="u", **metadata),
        spec=ServiceSpec(ports=(ServicePort(port=80),)),
        status=STATUS,
    )


def body(**spec: Any) -> Body:
    return Body({"metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}], **spec}})


def test_what_is_created_must_not_be_there() -> None:
    put = created(TARGET, body(), ME).put

    assert (put.key, put.expect, put.status_only) == (KEY, ABSENT, False)
    assert [one.manager for one in put.resource.metadata.managed_fields] == ["me"]


def test_what_is_replaced_must_be_at_the_version_that_was_looked_at() -> None:
    put = replaced(TARGET, live(), body(type="NodePort"), ME).put

    assert put.expect == "7"
    assert isinstance(put.resource, Service)
    assert (put.resource.spec.type, put.resource.status) == ("NodePort", STATUS)


def test_a_patch_of_the_status_leaves_everything_else_alone() -> None:
    author = Author("me", NOW, "status")
    patch = Body({"spec": {"type": "NodePort"}, "status": {"virtualAddresses": ["240.0.0.2"]}})
    put = patched(TARGET, live(), PatchForm.MERGE, patch, author).put

    assert (put.status_only, put.managed_too) == (True, True)
    assert isinstance(put.resource, Service)
    assert put.resource.spec == live().spec
    assert put.resource.status.virtual_addresses == ("240.0.0.2",)
    assert put.resource.metadata.managed_fields[0].subresource == "status"


def test_an_applier_of_the_status_wants_nothing_else() -> None:
    author = Author("me", NOW, "status")
    config = Body({**body().value, "status": {"virtualAddresses": ["240.0.0.2"]}})
    put = applied(TARGET, live(), config, author, force=False).put

    [entry] = [one for one in put.resource.metadata.managed_fields if one.operation == "Apply"]
    assert set(entry.fields_v1) == {"f:status"}


def test_identity_is_filled_in_and_never_changed() -> None:
    found = identified(TARGET, {"metadata": {"name": "a"}})
    assert found == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "a", "namespace": "shop"},
    }
    for wrong in (
        [],
        {"kind": "Secret", "metadata": {"name": "a"}},
        {"metadata": {"name": "b"}},
        {"metadata": {"name": "a", "namespace": "other"}},
        {"metadata": "a"},
    ):
        with pytest.raises(ApiError):
            identified(TARGET, wrong)


def test_managed_fields_nobody_can_read_are_not_taken() -> None:
    known = (ManagedFields(manager="x", fields_v1={"f:spec": {"f:type": {}}}),)
    broken = {"name": "a", "managedFields": [{"manager": "y", "fieldsV1": {"nonsense": {}}}]}
    value = Body({**body().value, "metadata": broken})

    put = replaced(TARGET, live(managed_fields=known), value, ME).put

    assert [one.manager for one in put.resource.metadata.managed_fields] == ["x"]


def test_a_note_of_kubectl_that_would_be_too_long_stays_as_it_is() -> None:
    note = "kubectl.kubernetes.io/last-applied-configuration"
    long = {f"a{n}": "x" * 100_000 for n in range(2)}
    config = Body(
        {**body().value, "metadata": {"name": "a", "annotations": long, "labels": {"a": "b"}}}
    )
    known = live(annotations={note: "{}"})
    put = applied(TARGET, known, config, Author("kubectl", NOW), force=False).put

    assert put.resource.metadata.annotations[note] == "{}"
    assert put.resource.metadata.labels == {"a": "b"}


def test_what_is_put_whole_is_recorded_as_its_writers() -> None:
    writer = Writer("tulle", "Update", "v1")
    new = msgspec.structs.replace(live(), spec=ServiceSpec(ports=(ServicePort(port=81),)))
    first = recorded(new, None, writer, NOW)
    assert [one.manager for one in first.metadata.managed_fields] == ["tulle"]

    unchanged = recorded(live(), live(), writer, NOW)
    assert unchanged.metadata.managed_fields == ()
