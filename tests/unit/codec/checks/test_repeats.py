"""Finding what is there twice."""

from tulle.codec.checks.repeats import repeats


def test_every_later_one_is_named_with_the_first() -> None:
    assert list(repeats("abcabb")) == [(3, 0), (4, 1), (5, 1)]


def test_what_is_not_there_never_repeats() -> None:
    assert list(repeats(["", "", None, None])) == []
