"""Sets of resources as requests; what they do is told by tests/contract/test_api.py."""

import msgspec
import pytest
from tests.unit.reconcile.meshes import service

from tulle.api.apply import ApplyRequest, DeleteRequest, put_of
from tulle.model.resources import Metadata
from tulle.store.contract import Put


def test_a_resource_version_becomes_an_expectation() -> None:
    plain = service("a")
    versioned = msgspec.structs.replace(
        plain, metadata=Metadata(name="a", namespace="shop", resource_version="7")
    )

    assert put_of(plain) == Put(plain, expect=None)
    assert put_of(versioned) == Put(versioned, expect="7")


@pytest.mark.parametrize("body", [b"{}", b'{"resources":[],"dryrun":true}', b'{"resources":{}}'])
def test_a_request_that_says_something_else_is_no_request(body: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        msgspec.json.decode(body, type=ApplyRequest)


def test_keys_of_mesh_wide_kinds_need_no_namespace() -> None:
    body = b'{"keys":[{"kind":"Mesh","name":"default"}]}'

    assert msgspec.json.decode(body, type=DeleteRequest).keys[0].namespace == ""
