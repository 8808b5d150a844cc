"""Conditions, warnings and suggestions."""

from tulle.graph.notes import accepted, did_you_mean, listing, origin_of, refused, warning
from tulle.model.problems import Severity
from tulle.model.statuses import Reason
from tulle.testing.builders import service


def test_conditions_carry_the_generation_they_speak_of() -> None:
    api = service("api")

    assert accepted(api).observed_generation == api.metadata.generation == 1
    condition = refused(origin_of(api), Reason.CONFLICTED, "why")
    assert (condition.status, condition.reason, condition.message) == ("False", "Conflicted", "why")
    assert condition.observed_generation == 1


def test_a_warning_names_its_resource_and_refuses_nothing() -> None:
    problem = warning(service("api"), "spec", "code", "it is odd")

    assert problem.severity is Severity.WARNING
    assert str(problem) == "Service shop/api: spec: it is odd [code]"


def test_a_near_miss_is_suggested_and_a_far_one_is_not() -> None:
    assert did_you_mean("reveiws", ["reviews", "ratings"]) == "did you mean 'reviews'?"
    assert did_you_mean("zzz", ["reviews"]) == ""


def test_long_lists_are_cut_short() -> None:
    assert listing([1, 2, 3]) == "1, 2, 3"
    assert listing(range(9), most=2) == "0, 1 and 7 more"
