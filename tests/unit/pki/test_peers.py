"""The holder of a certificate is who its names say, or nobody."""

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from tulle.model.names import AccountRef, WorkloadRef, spiffe_id
from tulle.model.problems import Problem
from tulle.model.wire import CONTROL_PLANE_NAME, workload_dns_name
from tulle.pki.authorities import new_intermediate, new_root
from tulle.pki.issuing import Issued, issue
from tulle.pki.peers import Peer, peer_of
from tulle.pki.renewals import BACKDATE_S
from tulle.pki.spiffe import CONTROL_PLANE

NOW = 1_800_000_000.0
ISSUER = new_intermediate(new_root("mesh.local", NOW), NOW)
KEY = ec.generate_private_key(ec.SECP256R1())
NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,20}[a-z0-9])?", fullmatch=True)


def issued(account: AccountRef, dns_name: str) -> Issued:
    identity = spiffe_id("mesh.local", account)
    made = issue(ISSUER, KEY.public_key(), identity, dns_name, NOW, 3600)
    assert isinstance(made, Issued)
    return made


def forged(*names: x509.GeneralName) -> bytes:
    """A certificate with any names at all."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.Name([]))
        .public_key(KEY.public_key())
        .serial_number(7)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.PEM)


@given(NAMES, NAMES, NAMES)
def test_every_workload_is_known_by_its_certificate(
    namespace: str, account: str, name: str
) -> None:
    certificate = issued(AccountRef(namespace, account), workload_dns_name(namespace, name))

    peer = peer_of(certificate.chain[0])

    assert isinstance(peer, Peer)
    assert peer.account == AccountRef(namespace, account)
    assert peer.workload == WorkloadRef(namespace, name)
    assert peer.trust_domain == "mesh.local"
    assert peer.spiffe_id == spiffe_id("mesh.local", peer.account)


def test_pem_der_and_chain_say_the_same() -> None:
    chain = issued(AccountRef("shop", "web"), workload_dns_name("shop", "web-1")).chain
    der = x509.load_pem_x509_certificate(chain[0].encode()).public_bytes(Encoding.DER)

    peer = peer_of(chain[0])

    assert isinstance(peer, Peer)
    assert peer_of(der) == peer_of("".join(chain)) == peer_of(chain[0].encode()) == peer


def test_the_control_plane_is_no_workload() -> None:
    peer = peer_of(issued(CONTROL_PLANE, CONTROL_PLANE_NAME).chain[0])

    assert isinstance(peer, Peer)
    assert peer.workload is None
    assert peer.account == CONTROL_PLANE


def test_a_name_of_another_namespace_is_no_workload() -> None:
    peer = peer_of(issued(AccountRef("shop", "web"), workload_dns_name("bank", "web-1")).chain[0])

    assert isinstance(peer, Peer)
    assert peer.workload is None


def test_a_peer_is_valid_for_the_life_of_its_certificate() -> None:
    peer = peer_of(issued(AccountRef("shop", "web"), workload_dns_name("shop", "w")).chain[0])

    assert isinstance(peer, Peer)
    assert peer.is_valid_at(NOW)
    assert not peer.is_valid_at(NOW + 3600)
    assert not peer.is_valid_at(NOW - BACKDATE_S - 1)


URI = x509.UniformResourceIdentifier("spiffe://mesh.local/ns/shop/sa/web")
DNS = x509.DNSName("web.shop.workload.tulle")


@pytest.mark.parametrize(
    "names",
    [
        (),
        (URI,),
        (DNS,),
        (URI, URI, DNS),
        (URI, DNS, DNS),
        (x509.UniformResourceIdentifier("https://mesh.local/ns/shop/sa/web"), DNS),
    ],
    ids=["none", "no-dns", "no-uri", "two-uris", "two-dns", "https"],
)
def test_ambiguous_names_are_nobodys(names: tuple[x509.GeneralName, ...]) -> None:
    assert isinstance(peer_of(forged(*names)), Problem)


@given(st.binary(max_size=300))
def test_no_bytes_make_reading_fail(data: bytes) -> None:
    assert isinstance(peer_of(data), Problem)
    assert isinstance(peer_of(b"-----BEGIN CERTIFICATE-----\n" + data), Problem)
