"""Problems as people read them."""

from tulle.model.names import ResourceKey
from tulle.model.problems import Place, Problem, Severity, has_errors


def test_a_problem_says_where_what_why_and_the_way_out_on_one_line() -> None:
    problem = Problem(
        path="spec.ports[0].port",
        code="out-of-range",
        message="must be 1 or more, not 0",
        hint="choose a free one",
        resource=ResourceKey("Service", "shop", "web"),
        place=Place("web.yaml", 7),
    )

    assert str(problem) == (
        "web.yaml:7: Service shop/web: spec.ports[0].port: must be 1 or more, not 0 "
        "[out-of-range]; choose a free one"
    )


def test_what_is_not_known_is_left_out() -> None:
    assert str(Problem("", "store-closed", "the store is closed")) == (
        "the store is closed [store-closed]"
    )


def test_a_place_without_a_line_is_the_whole_file() -> None:
    assert str(Place("web.yaml")) == "web.yaml"


def test_warnings_alone_refuse_nothing() -> None:
    warning = Problem("", "a", "b", severity=Severity.WARNING)

    assert not has_errors([])
    assert not has_errors([warning])
    assert has_errors([warning, Problem("", "a", "b")])
