"""Regular expressions as Envoy reads them."""

from tulle.graph.explaining.patterns import fits


def test_the_whole_text_must_fit() -> None:
    assert fits("/v[0-9]+", "/v12")
    assert not fits("/v[0-9]+", "/v12/items")
    assert not fits("a|b", "ab")


def test_what_is_no_pattern_fits_nothing() -> None:
    assert fits("(", "(") is None


def test_a_pattern_made_to_take_for_ever_does_not() -> None:
    assert fits("(a+)+b", "a" * 5000) is False
