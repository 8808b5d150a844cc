"""Of a request only its key is believed, once its signature proves it."""

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

from tulle.model.problems import Problem
from tulle.pki.requests import MAX_REQUEST_BYTES, check_request, new_request


def request_with(key: CertificateIssuerPrivateKeyTypes) -> str:
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    request = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(key, digest)
    return request.public_bytes(serialization.Encoding.PEM).decode()


def test_the_key_of_a_new_request_is_found_in_it() -> None:
    private_key_pem, csr_pem = new_request("web-1.shop.workload.tulle")

    private = serialization.load_pem_private_key(private_key_pem, None)
    assert check_request(csr_pem) == private.public_key()
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    assert isinstance(private.curve, ec.SECP256R1)


def test_every_request_has_a_key_of_its_own() -> None:
    assert new_request("a.tulle").private_key_pem != new_request("a.tulle").private_key_pem


def test_repr_shows_no_key() -> None:
    assert "PRIVATE" not in repr(new_request("a.tulle"))


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_p256_and_better_are_taken(curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve)

    assert check_request(request_with(key)) == key.public_key()


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP224R1()),
        ec.generate_private_key(ec.SECP256K1()),
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["p224", "k1", "ed25519", "rsa"],
)
def test_other_keys_are_refused(key: CertificateIssuerPrivateKeyTypes) -> None:
    found = check_request(request_with(key))

    assert isinstance(found, Problem)
    assert found.code == "csr-refused"


def test_a_request_for_somebody_elses_key_is_refused() -> None:
    der = x509.load_pem_x509_csr(new_request("a.tulle").csr_pem.encode()).public_bytes(
        serialization.Encoding.DER
    )
    forged = der[:-1] + bytes([der[-1] ^ 1])
    pem = (
        "-----BEGIN CERTIFICATE REQUEST-----\n"
        f"{base64.encodebytes(forged).decode()}-----END CERTIFICATE REQUEST-----\n"
    )

    found = check_request(pem)

    assert isinstance(found, Problem)
    assert "signature" in found.message


@pytest.mark.parametrize(
    "text", ["", "hello", "-----BEGIN CERTIFICATE REQUEST-----", "é", "x" * (MAX_REQUEST_BYTES + 1)]
)
def test_what_is_no_request_is_refused(text: str) -> None:
    assert isinstance(check_request(text), Problem)
