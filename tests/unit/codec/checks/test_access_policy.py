"""AccessPolicy: no mistake in a name may let somebody in, or lock all out unseen."""

import pytest
from tests.unit.codec.reading import errors, found, read, resource


def policy(rule: str) -> str:
    return resource("AccessPolicy", f"rules: [{{{rule}}}]")


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "from: [{serviceAccounts: [shop, other/shop.web], namespaces: [web]}]",
        "from: [{namespaces: [web]}], to: [{ports: [80, http]}]",
    ],
)
def test_callers_and_ports_are_taken(rule: str) -> None:
    assert found(policy(rule)) == set()


def test_a_policy_without_rules_is_a_lock_and_taken() -> None:
    assert found(resource("AccessPolicy", "")) == set()


@pytest.mark.parametrize(
    ("rule", "path", "code"),
    [
        ("from: [{}]", "from[0]", "missing-field"),
        ("from: [{serviceAccounts: ['*']}]", "from[0].serviceAccounts[0]", "bad-name"),
        ("from: [{serviceAccounts: [a/b/c]}]", "from[0].serviceAccounts[0]", "bad-name"),
        ("from: [{serviceAccounts: [/b]}]", "from[0].serviceAccounts[0]", "bad-name"),
        ("from: [{serviceAccounts: ['']}]", "from[0].serviceAccounts[0]", "bad-name"),
        ("from: [{namespaces: ['web-*']}]", "from[0].namespaces[0]", "bad-name"),
        ("to: [{ports: ['80']}]", "to[0].ports[0]", "bad-name"),
        ("to: [{ports: [80, http, 80]}]", "to[0].ports[2]", "duplicate-port"),
    ],
)
def test_each_mistake_is_one_problem_at_its_field(rule: str, path: str, code: str) -> None:
    assert errors(policy(rule)) == {(f"spec.rules[0].{path}", code)}


def test_from_with_nothing_behind_it_does_not_let_everyone_in() -> None:
    assert errors(policy("from: ")) == {("spec.rules[0].from", "wrong-type")}


def test_a_spiffe_id_is_answered_with_the_name_to_write() -> None:
    text = policy("from: [{serviceAccounts: ['spiffe://mesh.local/ns/shop/sa/web']}]")

    [problem] = read(text).problems

    assert problem.hint == "write shop/web"


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ("action: DENY", "spec.action"),
        ("rules: [{to: [{ports: [80], methods: [GET]}]}]", "spec.rules[0].to[0].methods"),
        ("rules: [{from: [{principals: ['*']}]}]", "spec.rules[0].from[0].principals"),
    ],
)
def test_what_other_meshes_do_and_we_do_not_yet_is_never_left_out_in_silence(
    spec: str, path: str
) -> None:
    assert (path, "not-supported") in errors(resource("AccessPolicy", spec))


def test_targets_are_checked() -> None:
    spec = "targetRefs: [{kind: Namespace, name: other}]"

    assert errors(resource("AccessPolicy", spec)) == {
        ("spec.targetRefs[0].name", "other-namespace")
    }
