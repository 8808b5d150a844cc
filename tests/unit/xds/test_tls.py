"""What TLS demands of both ends, and of the outside."""

import pytest
from tests.envoy.views import destination

from tulle.graph.mesh import ExternalTarget, MeshSettings, Principal, Protocol
from tulle.xds import tls
from tulle.xds.names import NOWHERE
from tulle.xds.protos import (
    DownstreamTlsContext,
    SpiffeValidator,
    StringMatcher,
    TransportSocket,
    UpstreamTlsContext,
)

SETTINGS = MeshSettings(trust_bundle=("ONE", "TWO"))
TLS_1_2, TLS_1_3 = 3, 4


def up(socket: TransportSocket) -> UpstreamTlsContext:
    held = UpstreamTlsContext()
    assert socket.typed_config.Unpack(held)
    return held


def down(socket: TransportSocket) -> DownstreamTlsContext:
    held = DownstreamTlsContext()
    assert socket.typed_config.Unpack(held)
    return held


def test_both_ends_in_the_mesh_speak_nothing_older_than_tls_1_3() -> None:
    ends = (
        down(tls.downstream("callers:1")).common_tls_context,
        up(tls.upstream("1.port.tulle", "peers:x")).common_tls_context,
    )

    for end in ends:
        params = end.tls_params
        assert params.tls_minimum_protocol_version == params.tls_maximum_protocol_version == TLS_1_3
        assert list(params.ecdh_curves) == ["P-256"]
        assert [secret.name for secret in end.tls_certificate_sds_secret_configs] == ["identity"]


def test_a_server_of_the_mesh_wants_a_certificate_every_time() -> None:
    server = down(tls.downstream("callers:1"))

    assert server.require_client_certificate.value
    assert server.disable_stateless_session_resumption
    assert server.disable_stateful_session_resumption


def test_every_root_of_the_bundle_is_trusted_for_the_domain_alone() -> None:
    validator = SpiffeValidator()
    context = tls.accepting(SETTINGS, None)

    assert context.custom_validator_config.typed_config.Unpack(validator)
    (domain,) = validator.trust_domains
    assert (domain.name, domain.trust_bundle.inline_string) == ("mesh.local", "ONE\nTWO")
    assert not context.match_typed_subject_alt_names


def test_nobody_is_written_down_because_no_names_would_mean_anybody() -> None:
    (only,) = tls.accepting(SETTINGS, []).match_typed_subject_alt_names

    assert only.matcher.exact == "spiffe://mesh.local/nobody"


@pytest.mark.parametrize("names", [None, [], [StringMatcher(exact="spiffe://x")]])
def test_without_roots_nobody_is_trusted(names: list[StringMatcher] | None) -> None:
    context = tls.accepting(MeshSettings(), names)

    assert list(context.verify_certificate_hash) == [NOWHERE]


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        (
            Principal("account", "shop", "cart"),
            StringMatcher(exact="spiffe://mesh.local/ns/shop/sa/cart"),
        ),
        (Principal("namespace", "shop"), StringMatcher(prefix="spiffe://mesh.local/ns/shop/sa/")),
        (Principal("any"), StringMatcher(prefix="spiffe://mesh.local/")),
    ],
)
def test_a_principal_is_a_form_of_spiffe_id(principal: Principal, expected: StringMatcher) -> None:
    assert tls.name_of(principal, SETTINGS) == expected


def outside(external: ExternalTarget, protocol: Protocol = Protocol.HTTP) -> UpstreamTlsContext:
    to = destination("x", protocol, 443, [("192.0.2.1", 443)], external=external)
    return up(tls.outside(external, to))


def test_outside_the_name_asked_for_is_the_name_verified() -> None:
    made = outside(ExternalTarget("api.example", 443, tls=True, sni="inner.example", ca_pem="CA"))
    context = made.common_tls_context.validation_context

    assert made.sni == "inner.example"
    assert context.trusted_ca.inline_string == "CA"
    assert [name.matcher.exact for name in context.match_typed_subject_alt_names] == [
        "inner.example"
    ]


def test_outside_the_roots_of_the_host_are_trusted_where_none_are_given() -> None:
    combined = outside(ExternalTarget("api.example", 443)).common_tls_context
    context = combined.combined_validation_context

    assert context.validation_context_sds_secret_config.name == "system-roots"
    assert len(context.default_validation_context.match_typed_subject_alt_names) == 1


def test_outside_without_any_name_the_address_is_verified() -> None:
    made = outside(ExternalTarget("", 443, ca_pem="CA"), Protocol.TCP)
    (name,) = made.common_tls_context.validation_context.match_typed_subject_alt_names

    assert (made.sni, name.matcher.exact) == ("", "192.0.2.1")
    assert not made.common_tls_context.alpn_protocols


def test_outside_tls_1_2_is_still_spoken() -> None:
    params = outside(ExternalTarget("api.example", 443)).common_tls_context.tls_params

    assert params.tls_minimum_protocol_version == TLS_1_2
    assert params.tls_maximum_protocol_version == TLS_1_3


def test_an_address_is_told_apart_from_a_name() -> None:
    assert tls.is_address("192.0.2.1")
    assert tls.is_address("::1")
    assert not tls.is_address("api.example")
    assert not tls.is_address("")
