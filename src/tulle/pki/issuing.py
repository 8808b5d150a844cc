"""Leaf certificates: an identity the caller has established, a key that was proven, and a short life."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from tulle.model.names import SpiffeId
from tulle.model.names import spiffe_id as spiffe_id_of
from tulle.model.problems import Problem
from tulle.model.wire import CONTROL_PLANE_NAME
from tulle.pki.authorities import (
    DNS_SUFFIX,
    Authority,
    certificate_pem,
    key_usage,
    moment,
    signed_by,
)
from tulle.pki.renewals import BACKDATE_S
from tulle.pki.spiffe import CONTROL_PLANE, read_identity


@dataclass(frozen=True, slots=True)
class Issued:
    """A leaf and what stands between it and the root: PEM texts, leaf first. Times are Unix seconds."""

    chain: tuple[str, ...]
    not_before: float
    not_after: float


def issue(
    authority: Authority,
    public_key: ec.EllipticCurvePublicKey,
    spiffe_id: SpiffeId,
    dns_name: str,
    now: float,
    lifetime_s: float,
) -> Issued | Problem:
    """A certificate for both ends of a TLS connection, valid from a minute ago until `now + lifetime_s`.

    It never outlives its issuer. `spiffe_id` and `dns_name` come from whom the caller authenticated.
    """
    if problem := _refusal(authority, spiffe_id, dns_name, now):
        return problem
    names = [x509.UniformResourceIdentifier(spiffe_id), x509.DNSName(dns_name)]
    return _signed(authority, public_key, names, now, lifetime_s)


def issue_control_plane(
    authority: Authority,
    public_key: ec.EllipticCurvePublicKey,
    addresses: Iterable[IPv4Address | IPv6Address],
    now: float,
    lifetime_s: float,
) -> Issued | Problem:
    """The control plane's own, good for its one DNS name and the IP addresses it is reached at.

    Host names cannot be in it: our authorities may sign names below `tulle` and no others. Clients that come
    by one ask for the control plane's name instead (kubectl: `tls-server-name`).
    """
    identity = spiffe_id_of(authority.trust_domain, CONTROL_PLANE)
    if problem := _refusal(authority, identity, CONTROL_PLANE_NAME, now):
        return problem
    names = [
        x509.UniformResourceIdentifier(identity),
        x509.DNSName(CONTROL_PLANE_NAME),
        *map(x509.IPAddress, addresses),
    ]
    return _signed(authority, public_key, names, now, lifetime_s)


def _signed(
    authority: Authority,
    public_key: ec.EllipticCurvePublicKey,
    names: Sequence[x509.GeneralName],
    now: float,
    lifetime_s: float,
) -> Issued:
    start, end = moment(now - BACKDATE_S), moment(min(now + lifetime_s, authority.not_after))
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(authority.certificate.subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )
    builder = _as_leaf(builder, public_key, names)
    builder = builder.add_extension(signed_by(authority.certificate), critical=False)
    leaf = builder.sign(authority.key, hashes.SHA256())
    chain = (certificate_pem(leaf), authority.certificate_pem)
    return Issued(chain, start.timestamp(), end.timestamp())


def _as_leaf(
    builder: x509.CertificateBuilder,
    public_key: ec.EllipticCurvePublicKey,
    names: Sequence[x509.GeneralName],
) -> x509.CertificateBuilder:
    ends = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    return (
        # Critical, because the subject is empty: who this is stands in the names alone (RFC 5280, 4.2.1.6).
        builder.add_extension(x509.SubjectAlternativeName(names), critical=True)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(ends), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _refusal(
    authority: Authority, spiffe_id: SpiffeId, dns_name: str, now: float
) -> Problem | None:
    identity = read_identity(spiffe_id)
    if isinstance(identity, Problem):
        return identity
    if authority.is_root:
        return Problem("", "issuer-is-root", "a root signs intermediates, never workloads")
    if identity.trust_domain != authority.trust_domain:
        return Problem(
            "",
            "trust-domain-mismatch",
            f"the authority signs for {authority.trust_domain}, not for {identity.trust_domain}",
            "the trust domain of a mesh is fixed when its authority is made",
        )
    if not dns_name.isascii() or not dns_name.endswith(f".{DNS_SUFFIX}"):
        return Problem("", "dns-name-malformed", f"{dns_name!r} does not end in .{DNS_SUFFIX}")
    if now >= authority.not_after:
        return Problem(
            "",
            "authority-expired",
            "the certificate authority has expired, so it cannot sign",
            "check this machine's clock; restarting the server renews an intermediate",
        )
    return None
