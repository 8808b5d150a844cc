"""Whom the secrets accept, and that no key shows."""

import pytest
from tests.envoy.views import POLICY, allow, destination, inbound

from tulle.graph.mesh import InboundPort, MeshSettings, Protocol
from tulle.xds.protos import Secret
from tulle.xds.resources import unframed
from tulle.xds.secrets import callers_secret, identity_secret, peers_secret
from tulle.xds.snapshots import XdsResource


def test_the_identity_carries_key_and_chain() -> None:
    held = Secret()

    unframed(identity_secret(b"KEY", b"CHAIN")).resource.Unpack(held)

    assert held.name == "identity"
    assert held.tls_certificate.private_key.inline_bytes == b"KEY"
    assert held.tls_certificate.certificate_chain.inline_bytes == b"CHAIN"


def test_the_key_does_not_show_when_printed() -> None:
    assert "KEY" not in repr(identity_secret(b"KEY", b"CHAIN"))


SETTINGS = MeshSettings(trust_bundle=("PEM",))


def names_in(resource: XdsResource) -> list[str]:
    held = Secret()
    unframed(resource).resource.Unpack(held)
    matchers = held.validation_context.match_typed_subject_alt_names
    return [one.matcher.exact or one.matcher.prefix for one in matchers]


def test_behind_a_service_its_own_accounts_are_accepted_alone() -> None:
    resource = peers_secret(destination("web", Protocol.HTTP, 80, [], account="front"), SETTINGS)

    assert resource.name == "peers:shop/web:80"
    assert names_in(resource) == ["spiffe://mesh.local/ns/shop/sa/front"]


def test_where_the_server_may_speak_first_callers_are_named_in_the_handshake() -> None:
    resource = callers_secret(inbound(1, Protocol.TCP, allow("a", "b", "a")), SETTINGS)

    assert resource.name == "callers:1"
    assert names_in(resource) == [
        "spiffe://mesh.local/ns/shop/sa/a",
        "spiffe://mesh.local/ns/shop/sa/b",
    ]
    assert resource.origins == (POLICY,)


def test_where_a_policy_names_nobody_nobody_is_accepted() -> None:
    assert names_in(callers_secret(inbound(1, Protocol.TCP, allow()), SETTINGS)) == [
        "spiffe://mesh.local/nobody"
    ]


@pytest.mark.parametrize("port", [inbound(1, Protocol.HTTP, allow("a")), inbound(1, Protocol.TCP)])
def test_elsewhere_all_of_the_mesh_is_accepted_in_the_handshake(port: InboundPort) -> None:
    assert names_in(callers_secret(port, SETTINGS)) == []
