"""What an object is once it is stored."""

import pytest

from tulle.codec.patches.errors import NotAResource
from tulle.codec.patches.settling import settle, settled
from tulle.model.kinds.service import Service

SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"ports": [{"port": 80}]},
}


def test_defaults_that_say_something_are_written_out() -> None:
    found = settle(SERVICE)

    assert isinstance(found.resource, Service)
    assert found.value == {
        **SERVICE,
        "spec": {"ports": [{"port": 80, "protocol": "TCP"}], "type": "ClusterIP"},
    }


def test_objects_that_say_the_same_settle_alike() -> None:
    spelled = {**SERVICE, "spec": {"type": "ClusterIP", "clusterIP": "", **SERVICE["spec"]}}  # type: ignore[dict-item]

    assert settle(spelled).value == settle(SERVICE).value
    assert settled(settle(SERVICE).resource).value == settle(SERVICE).value


def test_what_is_settled_settles_again_as_it_is() -> None:
    once = settle(SERVICE)

    assert settle(once.value) == once


def test_warnings_are_told_and_errors_refuse() -> None:
    warned = settle({**SERVICE, "spec": {"ports": [{"port": 80}], "sessionAffinity": "None"}})
    assert [one.code for one in warned.warnings] == ["field-without-effect"]

    with pytest.raises(NotAResource) as caught:
        settle({**SERVICE, "spec": {"ports": [{"port": 0}], "nonsense": 1}})
    assert {one.code for one in caught.value.problems} == {"out-of-range", "unknown-field"}


def test_plain_texts_of_a_secret_are_kept_as_its_data_and_win() -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "namespace": "shop"},
        "data": {"a": "MQ==", "b": "MQ=="},
        "stringData": {"b": "2", "c": "ä"},
    }

    found = settle(secret).value
    assert found["data"] == {"a": "MQ==", "b": "Mg==", "c": "w6Q="}
    assert "stringData" not in found
