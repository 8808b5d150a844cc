"""Bundles: sets of roots. Whom to trust is always a set, because rotation trusts two roots for a while."""

from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from tulle.model.problems import Problem
from tulle.pki.authorities import certificate_pem

MAX_BUNDLE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Bundle:
    """Roots ordered by fingerprint, each once: equal sets are equal values. `parse` and `merge` make them."""

    roots: tuple[x509.Certificate, ...]

    @property
    def pems(self) -> tuple[str, ...]:
        """One text per root, as `Mesh.status.trustBundle` holds them."""
        return tuple(certificate_pem(root) for root in self.roots)

    @property
    def pem(self) -> str:
        """All of them as one text, as TLS libraries take them."""
        return "".join(self.pems)

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """SHA-256 of each root, in hexadecimal: how people compare them."""
        return tuple(fingerprint(root) for root in self.roots)

    def without(self, fingerprints: Iterable[str]) -> "Bundle":
        """A bundle that no longer trusts some roots: the last step of a rotation."""
        gone = frozenset(fingerprints)
        return Bundle(tuple(root for root in self.roots if fingerprint(root) not in gone))


def merge(*bundles: Bundle) -> Bundle:
    """Every root any of them holds."""
    return _bundle(root for bundle in bundles for root in bundle.roots)


def parse(pem: str) -> Bundle | Problem:
    """The roots in a PEM text: at least one, and each of them an authority that signed itself."""
    if len(pem) > MAX_BUNDLE_BYTES:
        return _malformed(f"is longer than {MAX_BUNDLE_BYTES} bytes")
    try:
        roots = x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        return _malformed("holds no certificate in PEM form")
    if any(not is_root(root) for root in roots):
        return _malformed("holds a certificate that is no root")
    return _bundle(roots)


def is_root(certificate: x509.Certificate) -> bool:
    """Whether it is an authority and issued by itself. Trust comes from where it was found, not from this."""
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except (ValueError, x509.ExtensionNotFound):
        return False
    return constraints.value.ca and certificate.issuer == certificate.subject


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate, in hexadecimal."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def to_der(certificate: x509.Certificate) -> bytes:
    """The short form of a certificate."""
    return certificate.public_bytes(serialization.Encoding.DER)


def _bundle(roots: Iterable[x509.Certificate]) -> Bundle:
    unique = {fingerprint(root): root for root in roots}
    return Bundle(tuple(unique[key] for key in sorted(unique)))


def _malformed(why: str) -> Problem:
    return Problem("", "bundle-malformed", f"the trust bundle {why}")
