"""What comes in is read into values or refused by name; what goes out is JSON."""

from types import MappingProxyType

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from tulle.api.bodies import Message, number, reply, to_fields
from tulle.api.errors import ApiError
from tulle.graph.mesh import Origin
from tulle.model.names import ResourceKey


class Sample(Message, frozen=True, kw_only=True):
    in_sync: bool


def asked(query: str) -> web.Request:
    return make_mocked_request("GET", f"/x?{query}")


def test_answers_are_camel_case_json() -> None:
    response = reply(Sample(in_sync=True), status=201)

    assert (response.status, response.body) == (201, b'{"inSync":true}')
    assert response.content_type == "application/json"


def test_read_only_mappings_are_answers_too() -> None:
    assert reply(MappingProxyType({"a": 1})).body == b'{"a":1}'


def test_what_is_no_answer_is_our_mistake() -> None:
    with pytest.raises(NotImplementedError, match="object"):
        reply(object())


def test_dataclasses_become_plain_fields() -> None:
    origin = Origin(ResourceKey("Service", "shop", "a"), "spec", 1)

    assert to_fields(origin) == {
        "resource": {"kind": "Service", "namespace": "shop", "name": "a"},
        "field": "spec",
        "generation": 1,
    }


def test_a_number_of_the_query_has_a_default_and_bounds() -> None:
    assert number(asked(""), "timeout", 3.0, 10) == 3.0
    assert number(asked("timeout=0.5"), "timeout", 3.0, 10) == 0.5


@pytest.mark.parametrize("text", ["-1", "11", "nan", "inf", "soon", ""])
def test_a_number_out_of_bounds_is_refused(text: str) -> None:
    with pytest.raises(ApiError, match="timeout must be a number from 0 to 10") as caught:
        number(asked(f"timeout={text}"), "timeout", 3.0, 10)

    (problem,) = caught.value.problems
    assert (problem.code, "it is 3" in problem.hint) == ("query-malformed", True)
