"""Sets of resources as requests; what they do is told by tests/contract/test_api.py."""

import msgspec
import pytest
from tests.unit.reconcile.meshes import service

from tulle.api.apply import ApplyRequest, DeleteRequest, put_of
from tulle.model.kinds.service import Service
from tulle.model.resources import ManagedFields, OwnerReference

NOW = "2027-01-15T08:00:00Z"


def with_metadata(**fields: object) -> Service:
    plain = service("a")
    metadata = msgspec.structs.replace(plain.metadata, **fields)
    return msgspec.structs.replace(plain, metadata=metadata)


def test_a_resource_version_becomes_an_expectation() -> None:
    assert put_of(service("a"), None, NOW).expect is None
    assert put_of(with_metadata(resource_version="7"), None, NOW).expect == "7"


def test_what_is_applied_is_recorded_as_ours() -> None:
    [entry] = put_of(service("a"), None, NOW).resource.metadata.managed_fields

    assert (entry.manager, entry.operation, entry.time) == ("tulle", "Update", NOW)
    assert "f:spec" in entry.fields_v1


def test_what_changes_nothing_records_nothing() -> None:
    live = with_metadata(managed_fields=(ManagedFields(manager="other"),))

    assert put_of(service("a"), live, NOW).resource == live


def test_finalizers_and_owners_nobody_mentions_stay() -> None:
    owner = OwnerReference(api_version="v1", kind="Service", name="b", uid="u")
    live = with_metadata(finalizers=("a.b/c",), owner_references=(owner,))

    kept = put_of(service("a", port=81), live, NOW).resource.metadata
    assert (kept.finalizers, kept.owner_references) == (("a.b/c",), (owner,))
    changed = put_of(with_metadata(finalizers=("d.e/f",)), live, NOW).resource.metadata
    assert changed.finalizers == ("d.e/f",)


@pytest.mark.parametrize("body", [b"{}", b'{"resources":[],"dryrun":true}', b'{"resources":{}}'])
def test_a_request_that_says_something_else_is_no_request(body: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        msgspec.json.decode(body, type=ApplyRequest)


def test_keys_of_mesh_wide_kinds_need_no_namespace() -> None:
    body = b'{"keys":[{"kind":"Mesh","name":"default"}]}'

    assert msgspec.json.decode(body, type=DeleteRequest).keys[0].namespace == ""
