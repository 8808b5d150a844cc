"""AccessPolicies: who gets in, and when a change takes somebody away."""

import pytest
from tests.unit.graph.meshes import codes, compiled

from tulle.graph.mesh import Grant, Origin, Permission, Principal
from tulle.graph.policies.permissions import ANYBODY, narrows
from tulle.model.kinds.access_policy import AccessPolicy, AccessRule, Source
from tulle.model.kinds.workload import WorkloadPort
from tulle.model.names import AccountRef, ResourceKey, WorkloadRef
from tulle.testing.builders import (
    HTTP,
    MESH_TARGET,
    access,
    allow,
    on_service,
    port,
    service,
    workload,
)

WEB, BUYER, OPS = AccountRef("shop", "web"), AccountRef("office", "buyer"), AccountRef("ops", "x")
ORIGIN = Origin(ResourceKey("AccessPolicy", "shop", "p"))
API = workload("api", WorkloadPort(port=9080, name="http"), WorkloadPort(port=9090, name="admin"))
SERVICE = service("api", HTTP, port(90, "http", name="admin", target="admin"))


def _permission(*policies: AccessPolicy, number: int = 9080) -> Permission:
    node = compiled(SERVICE, API, *policies).graph.workloads[WorkloadRef("shop", "api")]
    return next(found.permission for found in node.inbound if found.port == number)


def _lets_in(permission: Permission) -> list[AccountRef]:
    return [caller for caller in (WEB, BUYER, OPS) if permission.decide(caller)[0]]


def test_without_a_policy_every_identity_may_call() -> None:
    assert _lets_in(_permission()) == [WEB, BUYER, OPS]
    assert not _permission().guarded


def test_a_policy_without_rules_locks_its_targets() -> None:
    locked = _permission(access("lock"))

    assert _lets_in(locked) == []
    assert [str(origin.resource) for origin in locked.policies] == ["AccessPolicy shop/lock"]


@pytest.mark.parametrize(
    ("rule", "callers"),
    [
        (allow("web"), [WEB]),
        (allow("shop/web", "office/buyer"), [WEB, BUYER]),
        (allow(namespaces=["office", "ops"]), [BUYER, OPS]),
        (allow("web", namespaces=["ops"]), [WEB, OPS]),
        (allow(), [WEB, BUYER, OPS]),
        (allow("buyer"), []),
        (AccessRule(from_=(Source(),)), []),
        (AccessRule(from_=(Source(service_accounts=("", "a/b/c", "/web", "shop/")),)), []),
    ],
)
def test_a_rule_lets_in_whom_it_names_and_nobody_else(
    rule: AccessRule, callers: list[AccountRef]
) -> None:
    assert _lets_in(_permission(access("p", rules=[rule]))) == callers


def test_policies_add_up_and_the_answer_names_the_rule() -> None:
    permission = _permission(
        access("a", rules=[allow("other"), allow("web")]),
        access("b", on_service("api"), rules=[allow(namespaces=["office"])]),
        access("c", MESH_TARGET, rules=[allow("x")], namespace="ops"),
    )

    assert _lets_in(permission) == [WEB, BUYER, OPS]
    assert str(permission.decide(WEB)[1]) == "AccessPolicy shop/a spec.rules[1]"
    assert permission.decide(AccountRef("shop", "stranger")) == (False, None)


def test_a_rule_for_some_ports_still_guards_the_others() -> None:
    spellings: tuple[list[int | str], ...] = ([9080], ["http"], [9080, "http"])
    for ports in spellings:
        policy = access("p", rules=[allow("web", ports=ports)])

        assert _lets_in(_permission(policy)) == [WEB]
        assert _lets_in(_permission(policy, number=9090)) == []


def test_a_policy_for_one_port_of_a_service_leaves_the_others_alone() -> None:
    policy = access("p", on_service("api", "admin"), rules=[allow("web")])

    assert _lets_in(_permission(policy)) == [WEB, BUYER, OPS]
    assert _lets_in(_permission(policy, number=9090)) == [WEB]


def test_a_policy_of_a_service_covers_ports_the_service_does_not_expose() -> None:
    hidden = workload("api", WorkloadPort(port=9080, name="http"), WorkloadPort(port=7))
    found = compiled(service("api"), hidden, access("p", on_service("api")))

    (node,) = found.graph.workloads.values()
    assert all(inbound.permission.guarded for inbound in node.inbound)


def test_a_rule_for_a_port_nobody_has_is_told() -> None:
    policy = access("p", on_service("api"), rules=[allow("web", ports=[80])])

    assert codes(compiled(SERVICE, API, policy)) == ["access-port-unknown"]


def _of(*principals: Principal) -> Permission:
    return Permission(True, tuple(Grant(principal, ORIGIN) for principal in principals))


ONE = Principal("account", "shop", "web")
TWO = Principal("account", "shop", "api")
SHOP = Principal("namespace", "shop")


@pytest.mark.parametrize(
    ("old", "new", "narrower"),
    [
        (Permission(), Permission(), False),
        (Permission(), _of(ANYBODY), False),
        (Permission(), _of(SHOP), True),
        (_of(ONE), Permission(), False),
        (_of(ONE), _of(ONE, TWO), False),
        (_of(ONE, TWO), _of(ONE), True),
        (_of(ONE), _of(TWO), True),
        (_of(ONE), _of(SHOP), False),
        (_of(SHOP), _of(ONE, TWO), True),
        (_of(SHOP), _of(ANYBODY), False),
        (_of(ANYBODY), _of(SHOP), True),
        (_of(), _of(ONE), False),
        (_of(ONE), _of(), True),
    ],
)
def test_a_permission_narrows_when_somebody_is_kept_out_who_was_not(
    old: Permission, new: Permission, narrower: bool
) -> None:
    assert narrows(old, new) is narrower
