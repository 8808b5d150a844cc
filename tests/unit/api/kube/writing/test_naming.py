"""What a new resource is called."""

from typing import Any

import pytest

from tulle.api.errors import ApiError
from tulle.api.kube.writing.bodies import Body
from tulle.api.kube.writing.naming import LETTERS, MAX_NAME, prefix_of, target_of, with_made_up_name
from tulle.model.kinds.core import ConfigMap, Namespace
from tulle.model.names import ResourceKey


@pytest.mark.parametrize(
    ("value", "prefix"),
    [
        ({"metadata": {"generateName": "run-"}}, "run-"),
        ({"metadata": {"generateName": "run-", "name": "mine"}}, ""),
        ({"metadata": {"generateName": 1}}, ""),
        ({"metadata": []}, ""),
        ([], ""),
    ],
)
def test_a_name_is_made_up_only_where_one_is_asked_for(value: Any, prefix: str) -> None:
    assert prefix_of(value) == prefix


@pytest.mark.parametrize("prefix", ["run-", "x" * 100])
def test_a_made_up_name_begins_as_wanted_and_is_never_too_long(prefix: str) -> None:
    body = Body({"metadata": {"generateName": prefix}})
    name = with_made_up_name(body, prefix).value["metadata"]["name"]

    assert name[:-5] == prefix[: MAX_NAME - 5]
    assert set(name[-5:]) <= set(LETTERS)
    assert "name" not in body.value["metadata"]


def test_a_target_is_what_body_and_path_name_together() -> None:
    body = Body({"metadata": {"name": "a"}})

    assert target_of(ConfigMap, "shop", body).key == ResourceKey("ConfigMap", "shop", "a")
    assert target_of(Namespace, "", body).key == ResourceKey("Namespace", "", "a")


@pytest.mark.parametrize(
    ("value", "status"), [([], 400), ({}, 422), ({"metadata": {"name": 1}}, 422)]
)
def test_what_names_nothing_is_refused(value: Any, status: int) -> None:
    with pytest.raises(ApiError) as caught:
        target_of(ConfigMap, "shop", Body(value))
    assert caught.value.status == status
