"""Gateway API's precedence, pair by pair."""

import itertools

from tulle.graph.mesh import HttpMatch, StringMatch
from tulle.graph.routing.matches import rank_of, read_match
from tulle.model.kinds.http_route import HeaderMatch, HTTPRouteMatch, QueryParamMatch
from tulle.testing.builders import path

IN_ORDER = [
    HttpMatch("/exact", "exact"),
    HttpMatch("/e", "exact"),
    HttpMatch("/a+", "regex"),
    HttpMatch("/aa", "prefix", method="GET", query_params=(StringMatch("q", "1"),)),
    HttpMatch("/aa", "prefix", method="GET"),
    HttpMatch("/aa", headers=(StringMatch("a", "1"), StringMatch("b", "1"))),
    HttpMatch("/aa", headers=(StringMatch("a", "1"),), query_params=(StringMatch("q", "1"),)),
    HttpMatch("/aa", headers=(StringMatch("a", "1"),)),
    HttpMatch("/aa", query_params=(StringMatch("q", "1"), StringMatch("r", "1"))),
    HttpMatch("/aa", query_params=(StringMatch("q", "1"),)),
    HttpMatch("/aa"),
    HttpMatch("/a", method="GET", headers=(StringMatch("a", "1"),)),
    HttpMatch("/"),
]


def test_the_more_specific_match_is_tried_first() -> None:
    assert all(rank_of(a) < rank_of(b) for a, b in itertools.pairwise(IN_ORDER))


def test_prefixes_lose_their_last_slash_and_exact_paths_keep_it() -> None:
    assert read_match(path("/v2/")).path == "/v2"
    assert read_match(path("/")).path == "/"
    assert read_match(path("")).path == "/"
    assert read_match(path("/v2/", "Exact")) == HttpMatch("/v2/", "exact")


def test_header_names_ignore_case_and_of_doubles_the_first_counts() -> None:
    match = HTTPRouteMatch(
        headers=(HeaderMatch(name="X-A", value="1"), HeaderMatch(name="x-a", value="2")),
        query_params=(
            QueryParamMatch(name="P", value="1", type="RegularExpression"),
            QueryParamMatch(name="p", value="2"),
            QueryParamMatch(name="p", value="3"),
        ),
    )

    assert read_match(match).headers == (StringMatch("x-a", "1"),)
    assert read_match(match).query_params == (
        StringMatch("P", "1", regex=True),
        StringMatch("p", "2"),
    )
