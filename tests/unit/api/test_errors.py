"""Refusals as answers: the right status, a Status body, nothing a client should not see."""

import json
import logging
from collections.abc import Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from tulle.api.errors import ApiError, ProblemsError, translate_errors
from tulle.api.statuses import to_wire
from tulle.model.names import ResourceKey
from tulle.model.problems import Place, Problem, Severity
from tulle.store.errors import (
    Compacted,
    ConflictError,
    InvalidChange,
    NotFound,
    StoreError,
    StoreFull,
    StoreReadOnly,
)

PROBLEM = Problem(
    "spec.x",
    "bad",
    "is bad",
    "make it good",
    ResourceKey("Service", "shop", "a"),
    Place("f.yaml", 3),
)


async def answered(error: Exception) -> tuple[int, dict[str, object]]:
    """What a handler's failure becomes."""

    async def handler(request: web.Request) -> web.StreamResponse:
        raise error

    response = await translate_errors(make_mocked_request("GET", "/x"), handler)
    assert isinstance(response, web.Response)
    assert isinstance(response.body, bytes)
    return response.status, json.loads(response.body)


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (NotFound, 404),
        (ConflictError, 409),
        (InvalidChange, 422),
        (StoreFull, 507),
        (Compacted, 410),
        (StoreReadOnly, 503),
        (StoreError, 503),
    ],
)
async def test_the_stores_errors_have_their_status_and_keep_their_hint(
    make: Callable[[str, str], StoreError], status: int
) -> None:
    got, body = await answered(make("it broke", "mend it"))

    assert (got, body["code"], body["status"], body["kind"]) == (
        status,
        status,
        "Failure",
        "Status",
    )
    assert body["message"] == "it broke"
    assert body["problems"] == [
        {"message": "it broke", "code": make("", "").code, "hint": "mend it"}
    ]


async def test_all_problems_are_in_the_answer() -> None:
    status, body = await answered(ProblemsError([PROBLEM, PROBLEM]))

    assert status == 422
    assert str(body["message"]).endswith("and 1 more")
    assert body["problems"] == 2 * [
        {
            "message": "is bad",
            "code": "bad",
            "path": "spec.x",
            "hint": "make it good",
            "resource": "Service shop/a",
            "place": "f.yaml:3",
        }
    ]


async def test_what_nobody_foresaw_is_logged_and_not_shown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        status, body = await answered(RuntimeError("the secret is 42"))

    assert status == 500
    assert "42" not in json.dumps(body)
    assert "a request failed" in caplog.text


async def test_a_refused_request_says_why_and_the_way_out() -> None:
    status, body = await answered(ApiError(400, "odd", "is odd", "make it even"))

    assert (status, body["reason"]) == (400, "BadRequest")
    assert body["problems"] == [{"message": "is odd", "code": "odd", "hint": "make it even"}]


async def test_http_errors_of_the_library_become_a_status_too() -> None:
    status, body = await answered(web.HTTPNotFound())

    assert (status, body["reason"]) == (404, "NotFound")


def test_a_warning_is_marked_as_one() -> None:
    warning = Problem("", "odd", "is odd", severity=Severity.WARNING)

    assert to_wire(warning).severity == "warning"
