"""What may be done: everything there is, and nothing there is not."""

import pytest

from tulle.api.kube.discovery.documents import catalogue_of
from tulle.api.kube.discovery.reviews import (
    REVIEWS,
    AccessSpec,
    NonResourceAttributes,
    ResourceAttributes,
    access,
    rules,
    whoami,
)
from tulle.api.kube.discovery.verbs import Verbs
from tulle.model.kinds import ALL

CATALOGUE = catalogue_of(dict.fromkeys(ALL, Verbs(("get", "list"), {"status": ("get",)})), REVIEWS)


def allowed(**asked: str) -> object:
    spec = AccessSpec(resource_attributes=ResourceAttributes(**asked))
    return access(spec, CATALOGUE)["allowed"]


@pytest.mark.parametrize(
    "asked",
    [
        {"verb": "get", "resource": "services"},
        {"verb": "list", "resource": "workloads", "group": "tulle.dev", "namespace": "shop"},
        {"verb": "get", "resource": "services", "subresource": "status"},
        {"verb": "*", "resource": "*", "group": "*"},
        {"verb": "get", "resource": "workloads", "group": "*"},
    ],
)
def test_what_there_is_may_be_done(asked: dict[str, str]) -> None:
    assert allowed(**asked) is True


@pytest.mark.parametrize(
    "asked",
    [
        {"verb": "get", "resource": "pods"},
        {"verb": "get", "resource": "services", "group": "tulle.dev"},
        {"verb": "eat", "resource": "services"},
        {"verb": "list", "resource": "services", "subresource": "status"},
        {"verb": "get", "resource": "services", "subresource": "scale"},
        {},
    ],
)
def test_what_there_is_not_may_not_and_the_reason_is_told(asked: dict[str, str]) -> None:
    spec = AccessSpec(resource_attributes=ResourceAttributes(**asked))
    found = access(spec, CATALOGUE)

    assert found["allowed"] is False
    assert found["reason"]


def test_other_paths_may_be_read_only() -> None:
    for verb, answer in (("get", True), ("put", False)):
        spec = AccessSpec(non_resource_attributes=NonResourceAttributes(path="/x", verb=verb))
        assert access(spec, CATALOGUE)["allowed"] is answer
    assert access(AccessSpec(), CATALOGUE)["allowed"] is False


def test_the_rules_name_every_resource_and_the_caller_has_a_name() -> None:
    named = [rule["resources"][0] for rule in rules(CATALOGUE)["resourceRules"]]  # type: ignore[attr-defined]

    assert {kind.PLURAL for kind in ALL} <= set(named)
    assert whoami("me", ("us",)) == {
        "userInfo": {"username": "me", "groups": ["us", "system:authenticated"]}
    }
