"""Columns of policies; what they show is told by test_columns."""

from tulle.codec.columns.policies import POLICIES
from tulle.model.kinds.access_policy import AccessPolicy, AccessPolicySpec, AccessRule, Source
from tulle.model.resources import Metadata


def test_a_rule_for_everybody_is_shown_as_one() -> None:
    policy = AccessPolicy(
        metadata=Metadata(name="a"),
        spec=AccessPolicySpec(rules=(AccessRule(), AccessRule(from_=(Source(namespaces=("x",)),)))),
    )

    assert POLICIES[AccessPolicy][2].cell(policy) == "*"
