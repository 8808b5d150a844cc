"""Network RBAC denies what no policy allows, and names each policy after the user's."""

from dataclasses import replace

import pytest
from tests.envoy.views import POLICY, allow, inbound

from tulle.graph.mesh import Grant, InboundPort, MeshSettings, Permission, Principal, Protocol
from tulle.xds.filters import network_filters, rbac
from tulle.xds.protos import NetworkRbac, TypedExtensionConfig
from tulle.xds.resources import unframed

SETTINGS = MeshSettings(trust_bundle=("PEM",))


def rules(port: InboundPort) -> NetworkRbac:
    extension, held = TypedExtensionConfig(), NetworkRbac()
    assert unframed(rbac.access_extension(port, SETTINGS)).resource.Unpack(extension)
    assert extension.typed_config.Unpack(held)
    return held


@pytest.mark.parametrize(
    ("protocol", "permission", "stands"),
    [
        (Protocol.HTTP, allow("a"), True),
        (Protocol.GRPC, allow(), True),
        (Protocol.HTTP, Permission(), False),
        (Protocol.TCP, allow("a"), False),
    ],
)
def test_it_stands_where_a_policy_is_and_the_client_speaks_first(
    protocol: Protocol, permission: Permission, stands: bool
) -> None:
    port = inbound(9080, protocol, permission)

    assert rbac.applies(port) is stands
    assert [one.name for one in network_filters(port)] == (["access:9080"] if stands else [])


def test_there_is_nothing_to_let_anybody_in_before_its_rules_have_come() -> None:
    made = rbac.network_filter(inbound(9080, Protocol.HTTP, allow("a")))

    assert made is not None
    assert not made.config_discovery.HasField("default_config")
    assert not made.config_discovery.apply_default_config_without_warming


def test_a_policy_that_grants_nothing_denies_everybody() -> None:
    held = rules(inbound(9080, Protocol.HTTP, allow()))

    assert held.HasField("rules")
    assert held.rules.action == 0  # ALLOW what matches; nothing does
    assert not held.rules.policies


def test_each_rule_of_the_user_is_one_named_after_it() -> None:
    other = replace(POLICY, field="spec.rules[1]")
    grants = (
        Grant(Principal("account", "shop", "a"), POLICY),
        Grant(Principal("namespace", "ops"), other),
        Grant(Principal("account", "shop", "b"), POLICY),
    )
    permission = Permission(guarded=True, grants=grants, policies=(POLICY,))

    policies = rules(inbound(9080, Protocol.HTTP, permission)).rules.policies

    assert {name: len(policy.principals) for name, policy in policies.items()} == {
        str(POLICY): 2,
        str(other): 1,
    }


def test_no_rule_holds_a_condition_envoy_might_ignore() -> None:
    held = rules(inbound(9080, Protocol.HTTP, allow("a"))).rules

    for one in held.policies.values():
        assert not one.HasField("checked_condition")
        assert [permission.any for permission in one.permissions] == [True]
