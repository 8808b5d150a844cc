"""Certificate signing requests: the agent makes them, the control plane checks them.

Of a request only the key is believed, and that its sender holds the private half. Who it is for comes from
the token or the peer's certificate, never from the request.
"""

from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tulle.model.problems import Problem

MAX_REQUEST_BYTES = 16 * 1024

_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)


class NewRequest(NamedTuple):
    """A fresh key and the request for its certificate. The key never leaves the machine."""

    private_key_pem: bytes
    csr_pem: str

    def __repr__(self) -> str:
        return "NewRequest(private_key_pem=redacted)"


def new_request(dns_name: str) -> NewRequest:
    """A new P-256 key with a request for it; the name is for readers only."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName(dns_name)])
    request = (
        x509.CertificateSigningRequestBuilder(x509.Name([]))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return NewRequest(pem, request.public_bytes(serialization.Encoding.PEM).decode())


def check_request(csr_pem: str) -> ec.EllipticCurvePublicKey | Problem:
    """The key of a request whose signature proves that the sender holds its private half."""
    if len(csr_pem) > MAX_REQUEST_BYTES:
        return _refused(f"it is longer than {MAX_REQUEST_BYTES} bytes")
    try:
        request = x509.load_pem_x509_csr(csr_pem.encode())
        key, proven = request.public_key(), request.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return _refused("it is no PEM certificate request we can read")
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, _CURVES):
        return _refused("its key is none of P-256, P-384, P-521")
    if not proven:
        return _refused("its signature does not match its key")
    return key


def _refused(why: str) -> Problem:
    message = f"the certificate request was refused: {why}"
    return Problem("csr", "csr-refused", message, "is it Tulle's agent, of this version?")
