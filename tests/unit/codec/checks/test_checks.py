"""The table from kind to rules."""

from tulle.codec.checks import check
from tulle.model.kinds.core import ServiceAccount
from tulle.model.kinds.service import Service
from tulle.model.names import ResourceKey
from tulle.model.resources import Metadata


def test_rules_of_the_kind_and_of_all_kinds_apply_together() -> None:
    problems = list(check(Service(metadata=Metadata(name="1", namespace="A"))))

    assert {(one.path, one.code) for one in problems} == {
        ("metadata.namespace", "bad-name"),
        ("metadata.name", "bad-name"),
        ("spec.ports", "missing-field"),
    }


def test_every_problem_names_its_resource() -> None:
    [problem] = check(ServiceAccount(metadata=Metadata(name="a", namespace="B")))

    assert problem.resource == ResourceKey("ServiceAccount", "B", "a")
