"""Authorities sign inside their trust domain, for their time, and never show their key."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from tulle.model.problems import Problem
from tulle.pki import authorities
from tulle.pki.authorities import DAY_S, Authority, new_intermediate, new_root
from tulle.pki.renewals import BACKDATE_S

NOW = 1_800_000_000.0


@pytest.fixture(scope="module")
def root() -> Authority:
    return new_root("mesh.local", NOW)


@pytest.fixture(scope="module")
def intermediate(root: Authority) -> Authority:
    return new_intermediate(root, NOW)


def life_of(authority: Authority) -> tuple[float, float]:
    certificate = authority.certificate
    return (
        certificate.not_valid_before_utc.timestamp() - NOW,
        certificate.not_valid_after_utc.timestamp() - NOW,
    )


def test_a_root_lives_ten_years_and_an_intermediate_one(
    root: Authority, intermediate: Authority
) -> None:
    assert life_of(root) == (-BACKDATE_S, 3652 * DAY_S)
    assert life_of(intermediate) == (-BACKDATE_S, 365 * DAY_S)


def test_an_intermediate_never_outlives_its_root() -> None:
    root = new_root("mesh.local", NOW, lifetime_s=100)

    assert new_intermediate(root, NOW).not_after == root.not_after


def test_keys_are_p256(root: Authority, intermediate: Authority) -> None:
    for authority in (root, intermediate):
        assert isinstance(authority.key.curve, ec.SECP256R1)


def test_a_root_signs_intermediates_and_they_sign_leaves(
    root: Authority, intermediate: Authority
) -> None:
    for authority, path_length in ((root, 1), (intermediate, 0)):
        extensions = authority.certificate.extensions
        basic = extensions.get_extension_for_class(x509.BasicConstraints)
        usage = extensions.get_extension_for_class(x509.KeyUsage)
        assert basic.critical
        assert basic.value == x509.BasicConstraints(ca=True, path_length=path_length)
        assert usage.value.key_cert_sign
        assert not usage.value.digital_signature


def test_an_intermediate_signs_in_its_trust_domain_only(intermediate: Authority) -> None:
    limits = intermediate.certificate.extensions.get_extension_for_class(x509.NameConstraints)

    assert limits.critical
    assert limits.value.permitted_subtrees == [
        x509.DNSName("tulle"),
        x509.UniformResourceIdentifier("mesh.local"),
    ]


def test_trust_domain_and_root_are_known_from_the_certificates(
    root: Authority, intermediate: Authority
) -> None:
    assert root.trust_domain == intermediate.trust_domain == "mesh.local"
    assert intermediate.root_pem == root.certificate_pem == root.root_pem
    assert (root.is_root, intermediate.is_root) == (True, False)


def test_successive_roots_have_names_of_their_own(root: Authority) -> None:
    assert new_root("mesh.local", NOW).certificate.subject != root.certificate.subject


def test_a_trust_domain_must_be_one() -> None:
    with pytest.raises(ValueError, match="trust domain"):
        new_root("Not A Domain", NOW)


@pytest.mark.parametrize("fraction", [0.0, 0.5, 0.66])
def test_there_is_no_hurry_in_the_first_two_thirds(
    intermediate: Authority, fraction: float
) -> None:
    assert not intermediate.needs_renewal(NOW + 365 * DAY_S * fraction)


@pytest.mark.parametrize("fraction", [0.67, 0.9, 1.5])
def test_the_last_third_asks_for_a_successor(intermediate: Authority, fraction: float) -> None:
    assert intermediate.needs_renewal(NOW + 365 * DAY_S * fraction)


def test_the_text_form_is_read_back(root: Authority, intermediate: Authority) -> None:
    for authority in (root, intermediate):
        found = authorities.from_pem(authority.to_pem())
        assert isinstance(found, Authority)
        assert found.certificate == authority.certificate
        assert found.root == authority.root
        assert found.key.private_numbers() == authority.key.private_numbers()


def test_repr_shows_no_key(root: Authority) -> None:
    assert "key=" not in repr(root)
    assert str(root.key.private_numbers().private_value) not in repr(root)


def parts(authority: Authority) -> tuple[bytes, bytes, bytes]:
    """Key, certificate and root of the text form."""
    mark = b"-----BEGIN CERTIFICATE"
    key, certificate, root = authority.to_pem().split(mark)
    return key, mark + certificate, mark + root


@pytest.mark.parametrize("damage", ["empty", "text", "no-root", "cut"])
def test_a_damaged_text_is_a_problem(intermediate: Authority, damage: str) -> None:
    key, certificate, _ = parts(intermediate)
    text = {
        "empty": b"",
        "text": b"hello",
        "no-root": key + certificate,
        "cut": intermediate.to_pem()[:-50],
    }[damage]

    found = authorities.from_pem(text)

    assert isinstance(found, Problem)
    assert found.code == "authority-unusable"
    assert "backup" in found.hint


def test_parts_that_do_not_belong_together_are_a_problem(
    root: Authority, intermediate: Authority
) -> None:
    key, certificate, _ = parts(intermediate)
    other_key, _, _ = parts(root)
    stranger = new_root("mesh.local", NOW).root_pem.encode()

    for text in (other_key + certificate + root.root_pem.encode(), key + certificate + stranger):
        assert isinstance(authorities.from_pem(text), Problem)
