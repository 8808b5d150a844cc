"""The words cells are made of."""

from tulle.codec.columns.column import condition, joined, pairs, worst
from tulle.model.resources import Condition

GOOD = Condition(type="Accepted", status="True", reason="Accepted")
BAD = Condition(type="Accepted", status="False", reason="NoMatchingParent")


def test_of_several_conditions_the_worst_counts() -> None:
    assert worst([GOOD, BAD], "Accepted") == "False (NoMatchingParent)"
    assert worst([GOOD], "Accepted") == "True"


def test_what_is_not_there_is_a_dash() -> None:
    assert condition([GOOD], "Ready") == joined([]) == pairs([]) == "-"
    assert pairs([("a", "b"), ("c", "d")]) == "a=b,c=d"
