"""Authorities: the certificates that sign others, with their keys.

A root (10 years) signs intermediates (1 year), an intermediate signs leaves (`issuing`). Both are P-256 and
may only sign inside one trust domain. Keys appear in `to_pem` and nowhere else: not in repr, not in logs.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tulle.model.names import trust_domain_of
from tulle.model.problems import Problem
from tulle.pki.renewals import BACKDATE_S
from tulle.pki.spiffe import is_trust_domain

DAY_S = 86400.0
ROOT_LIFETIME_S = 3652 * DAY_S
INTERMEDIATE_LIFETIME_S = 365 * DAY_S

DNS_SUFFIX = "tulle"
"""DNS names in our certificates end in it; they are never looked up, only compared."""

_HOST_NAME = re.compile(r"([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z]([-a-z0-9]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA certificate and its key. For a root, `root` is `certificate` itself."""

    certificate: x509.Certificate
    root: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def is_root(self) -> bool:
        """Whether it signs intermediates rather than leaves."""
        return self.certificate == self.root

    @property
    def trust_domain(self) -> str:
        """The only trust domain it signs for."""
        return _trust_domain(self.certificate)

    @property
    def certificate_pem(self) -> str:
        """Its own certificate."""
        return certificate_pem(self.certificate)

    @property
    def root_pem(self) -> str:
        """Whom to trust to trust it."""
        return certificate_pem(self.root)

    @property
    def not_after(self) -> float:
        """Unix seconds; nothing it signs lives longer."""
        return self.certificate.not_valid_after_utc.timestamp()

    def needs_renewal(self, now: float) -> bool:
        """Whether the last third of its life has begun: a successor should sign from now on."""
        start = self.certificate.not_valid_before_utc.timestamp()
        return now >= start + (self.not_after - start) * 2 / 3

    def to_pem(self) -> bytes:
        """Key, certificate and root as one text. It is a secret: a file of it is 0600."""
        key = self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return key + self.certificate_pem.encode() + self.root_pem.encode()


def new_root(trust_domain: str, now: float, lifetime_s: float = ROOT_LIFETIME_S) -> Authority:
    """A self-signed authority for one trust domain. It signs intermediates only."""
    if not is_trust_domain(trust_domain):
        raise ValueError(f"{trust_domain!r} is no trust domain")
    key = ec.generate_private_key(ec.SECP256R1())
    serial = x509.random_serial_number()
    subject = _subject("root", serial)
    builder = (
        x509.CertificateBuilder(subject, subject, key.public_key(), serial)
        .not_valid_before(moment(now - BACKDATE_S))
        .not_valid_after(moment(now + lifetime_s))
    )
    builder = _as_ca(builder, key.public_key(), trust_domain, path_length=1)
    certificate = builder.sign(key, hashes.SHA256())
    return Authority(certificate, certificate, key)


def new_intermediate(
    root: Authority, now: float, lifetime_s: float = INTERMEDIATE_LIFETIME_S
) -> Authority:
    """An authority below a root, which never outlives it. It signs leaves only."""
    key = ec.generate_private_key(ec.SECP256R1())
    serial = x509.random_serial_number()
    subject, issuer = _subject("intermediate", serial), root.certificate.subject
    builder = (
        x509.CertificateBuilder(issuer, subject, key.public_key(), serial)
        .not_valid_before(moment(now - BACKDATE_S))
        .not_valid_after(moment(min(now + lifetime_s, root.not_after)))
        .add_extension(signed_by(root.certificate), critical=False)
        .add_extension(_only_inside(root.trust_domain), critical=True)
    )
    builder = _as_ca(builder, key.public_key(), root.trust_domain, path_length=0)
    return Authority(builder.sign(root.key, hashes.SHA256()), root.root, key)


def from_pem(pem: bytes) -> Authority | Problem:
    """What `to_pem` wrote; a problem if it is damaged or its parts do not belong together."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
        certificate, root = x509.load_pem_x509_certificates(pem)
    except (ValueError, TypeError) as error:
        return _unusable(f"cannot be read ({type(error).__name__})")
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not _belongs(key, certificate):
        return _unusable("holds a key that is not its certificate's")
    try:
        certificate.verify_directly_issued_by(root)
    except (InvalidSignature, ValueError, TypeError):
        return _unusable("holds a certificate its root did not sign")
    return Authority(certificate, root, key)


def certificate_pem(certificate: x509.Certificate) -> str:
    """The text form of a certificate."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def moment(seconds: float) -> datetime:
    """Unix seconds as certificates hold them: whole ones."""
    return datetime.fromtimestamp(int(seconds), UTC)


def signed_by(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """The extension that names the issuer's key, so that of several roots the right one is tried."""
    own = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _subject(role: str, serial: int) -> x509.Name:
    # The serial keeps the names of successive authorities apart: chains are built by name.
    text = f"Tulle {role} {serial:x}"[:40]
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _as_ca(
    builder: x509.CertificateBuilder,
    public_key: ec.EllipticCurvePublicKey,
    trust_domain: str,
    path_length: int,
) -> x509.CertificateBuilder:
    home = x509.UniformResourceIdentifier(f"spiffe://{trust_domain}")
    return (
        builder.add_extension(x509.BasicConstraints(True, path_length), critical=True)
        .add_extension(key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.SubjectAlternativeName([home]), critical=False)
    )


def key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """What a key may do: authorities sign certificates, leaves sign handshakes, neither does both."""
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _only_inside(trust_domain: str) -> x509.NameConstraints:
    permitted: list[x509.GeneralName] = [x509.DNSName(DNS_SUFFIX)]
    # Of a URI the constraint is its host, and the host of a SPIFFE ID is the trust domain. TLS libraries
    # refuse every chain whose constraint is no host name (BoringSSL: "invalid name syntax"): those go without.
    if _HOST_NAME.fullmatch(trust_domain):
        permitted.append(x509.UniformResourceIdentifier(trust_domain))
    return x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None)


def _trust_domain(certificate: x509.Certificate) -> str:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    (home,) = names.get_values_for_type(x509.UniformResourceIdentifier)
    return trust_domain_of(home)


def _belongs(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> bool:
    return key.public_key() == certificate.public_key()


def _unusable(what: str) -> Problem:
    return Problem(
        "",
        "authority-unusable",
        f"the certificate authority's file {what}",
        "restore it from a backup; a new authority means that every workload has to join again",
    )
