"""Whether a match takes a request, and why not."""

import pytest

from tulle.graph.explaining.requests import request_of, why_not
from tulle.graph.mesh import HttpMatch, StringMatch


@pytest.mark.parametrize(
    ("match", "reason"),
    [
        (HttpMatch(), ""),
        (HttpMatch("/v2"), ""),
        (HttpMatch("/v2/items"), ""),
        (HttpMatch("/v"), "path /v2/items is not under /v"),
        (HttpMatch("/v2", "exact"), "path /v2/items is not /v2"),
        (HttpMatch("/v[0-9]/.*", "regex"), ""),
        (HttpMatch("/v[0-9]", "regex"), "path /v2/items does not fit /v[0-9]"),
        (HttpMatch(method="GET"), ""),
        (HttpMatch(method="POST"), "method is GET, not POST"),
        (HttpMatch(headers=(StringMatch("x-user", "jason,anna"),)), ""),
        (HttpMatch(headers=(StringMatch("x-user", "j.*", regex=True),)), ""),
        (
            HttpMatch(headers=(StringMatch("x-user", "bob"),)),
            "header x-user is 'jason,anna', not 'bob'",
        ),
        (HttpMatch(headers=(StringMatch("x-none", "1"),)), "header x-none is absent"),
        (HttpMatch(query_params=(StringMatch("page", "1"),)), ""),
        (
            HttpMatch(query_params=(StringMatch("page", "[2-9]", regex=True),)),
            "query parameter page is '1', which does not fit [2-9]",
        ),
    ],
)
def test_a_match_takes_the_request_or_says_why_not(match: HttpMatch, reason: str) -> None:
    request = request_of(
        "get", "/v2/items", "page=1&page=2", [("X-User", "jason"), ("x-user", "anna")]
    )

    assert why_not(match, request) == reason


def test_an_empty_path_is_the_root() -> None:
    assert request_of("GET", "", "", []).path == "/"
