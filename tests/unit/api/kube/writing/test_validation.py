"""`fieldValidation`: strict, with a warning, or without a word."""

from typing import Any

import pytest

from tulle.api.errors import ApiError
from tulle.api.kube.writing.requests import Validation
from tulle.api.kube.writing.validation import known, settled_as
from tulle.model.kinds.service import Service
from tulle.model.names import ResourceKey
from tulle.model.problems import Problem

KEY = ResourceKey("Service", "shop", "a")
TWICE = (Problem("spec.type", "duplicate-key", "is written twice"),)


def service(**port: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "a", "namespace": "shop", "labels": {"a.b/c": "d"}},
        "spec": {"ports": [{"port": 80, **port}]},
    }


def refused(
    value: dict[str, Any], validation: Validation, twice: tuple[Problem, ...] = ()
) -> ApiError:
    with pytest.raises(ApiError) as caught:
        settled_as(Service, KEY, value, validation, twice)
    return caught.value


def test_unknown_fields_alone_are_a_bad_request() -> None:
    error = refused(service(colour=1, size=2), Validation.STRICT, TWICE)

    assert error.status == 400
    assert [one.path for one in error.problems] == [
        "spec.ports[0].colour",
        "spec.ports[0].size",
        "spec.type",
    ]


def test_with_anything_else_wrong_everything_is_told_at_once() -> None:
    error = refused(
        {**service(colour=1), "spec": {"ports": [{"port": 0, "x": 1}]}}, Validation.STRICT
    )

    assert error.status == 422
    assert {one.path for one in error.problems} == {"spec.ports[0].port", "spec.ports[0].x"}
    assert all(one.resource == KEY for one in error.problems)


def test_fields_written_twice_are_refused_where_strictness_is_asked_for() -> None:
    assert refused(service(), Validation.STRICT, TWICE).status == 400
    _, told = settled_as(Service, KEY, service(), Validation.WARN, TWICE)
    assert told == ('duplicate field "spec.type"',)
    assert settled_as(Service, KEY, service(), Validation.IGNORE, TWICE)[1] == ()


def test_unknown_fields_are_left_out_wherever_they_are() -> None:
    value = {**service(colour=1), "nonsense": [1]}
    found, told = settled_as(Service, KEY, value, Validation.WARN, ())

    assert found == settled_as(Service, KEY, service(), Validation.STRICT, ())[0]
    assert set(told) == {'unknown field "spec.ports[0].colour"', 'unknown field "nonsense"'}
    kept, said = known(Service, value, Validation.IGNORE)
    assert (kept, said) == (service(), ())


def test_fields_that_would_mean_something_are_refused_all_the_same() -> None:
    wrong = {**service(), "spec": {"ports": []}}

    assert refused(wrong, Validation.IGNORE).status == 422
