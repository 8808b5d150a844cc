"""Both ends of mutual TLS, and TLS towards the outside.

Between proxies: TLS 1.3 and P-256 only, the peer's certificate always required and always verified in full:
nothing is resumed, for a resumed session would skip the certificate and outlive it.
"""

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Literal

from tulle.graph.mesh import Destination, ExternalTarget, MeshSettings, Principal, Protocol
from tulle.model.names import AccountRef, spiffe_id
from tulle.xds.names import IDENTITY, NOWHERE, SYSTEM_ROOTS
from tulle.xds.protos import (
    AggregatedConfigSource,
    CertificateValidationContext,
    CombinedValidationContext,
    CommonTlsContext,
    ConfigSource,
    DataSource,
    DownstreamTlsContext,
    SdsSecretConfig,
    SpiffeTrustDomain,
    SpiffeValidator,
    StringMatcher,
    SubjectAltNameMatcher,
    TlsParameters,
    TransportSocket,
    UpstreamTlsContext,
)
from tulle.xds.values import extension, number, packed, switch

_CURVE = "P-256"


def over_ads() -> ConfigSource:
    """Where everything comes from that is not in the same message: the agent's one stream."""
    return ConfigSource(ads=AggregatedConfigSource(), resource_api_version="V3")


def downstream(callers_secret: str) -> TransportSocket:
    """The server's end: who may connect is in the secret, whoever it is must show a certificate."""
    context = DownstreamTlsContext(
        common_tls_context=_mutual(callers_secret),
        require_client_certificate=switch(on=True),
        disable_stateless_session_resumption=True,
        disable_stateful_session_resumption=True,
    )
    return TransportSocket(name="tls", typed_config=packed(context))


def upstream(sni: str, peers_secret: str) -> TransportSocket:
    """The caller's end: SNI says which port of the program is meant, the secret whom to accept behind it."""
    context = UpstreamTlsContext(
        common_tls_context=_mutual(peers_secret),
        sni=sni,
        # No server of the mesh resumes a session: keep none.
        max_session_keys=number(0),
    )
    return TransportSocket(name="tls", typed_config=packed(context))


def outside(external: ExternalTarget, destination: Destination) -> TransportSocket:
    """TLS towards a server outside the mesh, verified by name against its own or the system's roots."""
    name = external.sni or external.host
    common = CommonTlsContext(
        # Envoy's own upper limit for a client is TLS 1.2.
        tls_params=_versions("TLSv1_2"),
        alpn_protocols=[_alpn(destination.protocol)] if destination.protocol.is_http else [],
    )
    common.MergeFrom(_verified(external, _names_of(external, destination)))
    sni = "" if is_address(name) else name
    context = UpstreamTlsContext(common_tls_context=common, sni=sni)
    return TransportSocket(name="tls", typed_config=packed(context))


def accepting(
    settings: MeshSettings, names: Iterable[StringMatcher] | None
) -> CertificateValidationContext:
    """Certificates of the trust domain, in date, whose SPIFFE ID one of `names` matches; None: any of them.

    To Envoy no names would mean anybody, so nobody has to be written down.
    """
    if not settings.trust_bundle:
        return CertificateValidationContext(verify_certificate_hash=[NOWHERE])
    bundle = DataSource(inline_string="\n".join(settings.trust_bundle))
    trusted = SpiffeTrustDomain(name=settings.trust_domain, trust_bundle=bundle)
    matchers = [] if names is None else [*names] or [_nobody(settings)]
    return CertificateValidationContext(
        custom_validator_config=extension(
            "envoy.tls.cert_validator.spiffe", SpiffeValidator(trust_domains=[trusted])
        ),
        match_typed_subject_alt_names=[
            SubjectAltNameMatcher(san_type="URI", matcher=matcher) for matcher in matchers
        ],
    )


def name_of(principal: Principal, settings: MeshSettings) -> StringMatcher:
    """The SPIFFE IDs a permission speaks of."""
    domain = f"spiffe://{settings.trust_domain}/"
    match principal.kind:
        case "account":
            account = AccountRef(principal.namespace, principal.account)
            return StringMatcher(exact=spiffe_id(settings.trust_domain, account))
        case "namespace":
            return StringMatcher(prefix=f"{domain}ns/{principal.namespace}/sa/")
        case "any":
            return StringMatcher(prefix=domain)


def _nobody(settings: MeshSettings) -> StringMatcher:
    """No identity has this form: ours all name a namespace and an account."""
    return StringMatcher(exact=f"spiffe://{settings.trust_domain}/nobody")


def _mutual(accepted_secret: str) -> CommonTlsContext:
    return CommonTlsContext(
        tls_params=_versions("TLSv1_3"),
        tls_certificate_sds_secret_configs=[_secret(IDENTITY)],
        validation_context_sds_secret_config=_secret(accepted_secret),
    )


def _versions(lowest: Literal["TLSv1_2", "TLSv1_3"]) -> TlsParameters:
    return TlsParameters(
        tls_minimum_protocol_version=lowest,
        tls_maximum_protocol_version="TLSv1_3",
        ecdh_curves=[_CURVE] if lowest == "TLSv1_3" else [],
    )


def _secret(name: str) -> SdsSecretConfig:
    return SdsSecretConfig(name=name, sds_config=over_ads())


def _verified(external: ExternalTarget, names: list[SubjectAltNameMatcher]) -> CommonTlsContext:
    """Against the roots the user gave, or else those of the host."""
    expected = CertificateValidationContext(match_typed_subject_alt_names=names)
    if external.ca_pem:
        expected.trusted_ca.CopyFrom(DataSource(inline_string=external.ca_pem))
        return CommonTlsContext(validation_context=expected)
    combined = CombinedValidationContext(
        default_validation_context=expected,
        validation_context_sds_secret_config=SdsSecretConfig(name=SYSTEM_ROOTS),
    )
    return CommonTlsContext(combined_validation_context=combined)


def _names_of(external: ExternalTarget, destination: Destination) -> list[SubjectAltNameMatcher]:
    """What its certificate must name: the name asked for, or without one an address of it."""
    name = external.sni or external.host
    names = [name] if name else sorted({end.address for end in destination.endpoints})
    return [
        SubjectAltNameMatcher(
            san_type="IP_ADDRESS" if is_address(name) else "DNS",
            matcher=StringMatcher(exact=name),
        )
        for name in names
    ]


def _alpn(protocol: Protocol) -> str:
    return "http/1.1" if protocol is Protocol.HTTP else "h2"


def is_address(name: str) -> bool:
    """Whether it is an IP address and no name."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
