"""A status changes only when it must."""

from tulle.model.resources import Condition
from tulle.model.statuses import ConditionType, Reason, merge_conditions


def accepted(status: str, time: str = "", message: str = "", generation: int = 0) -> Condition:
    return Condition(
        type=ConditionType.ACCEPTED,
        status=status,
        reason=Reason.ACCEPTED,
        message=message,
        observed_generation=generation,
        last_transition_time=time,
    )


def test_a_new_condition_gets_the_time_of_now() -> None:
    assert merge_conditions([], [accepted("True")], "now") == (accepted("True", "now"),)


def test_a_condition_that_stays_true_keeps_its_time_whatever_else_is_new() -> None:
    [merged] = merge_conditions(
        [accepted("True", "then", "old", 1)], [accepted("True", "", "new", 2)], "now"
    )

    assert merged == accepted("True", "then", "new", 2)


def test_a_condition_that_turns_gets_the_time_of_now() -> None:
    assert merge_conditions([accepted("True", "then")], [accepted("False")], "now") == (
        accepted("False", "now"),
    )


def test_conditions_nobody_writes_any_more_are_gone_and_the_order_is_the_new_one() -> None:
    ready = Condition(type=ConditionType.READY, status="True", reason=Reason.HEALTHY)

    merged = merge_conditions([accepted("True", "then")], [ready, accepted("True")], "now")

    assert [one.type for one in merged] == ["Ready", "Accepted"]
    assert merge_conditions([accepted("True", "then")], [], "now") == ()


def test_merging_twice_changes_nothing() -> None:
    once = merge_conditions([], [accepted("True", message="x")], "now")

    assert merge_conditions(once, [accepted("True", message="x")], "later") == once
