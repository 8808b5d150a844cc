"""Leaves: one identity, one short life, and chains that real TLS libraries accept and refuse as they should."""

import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from tulle.model.names import AccountRef, SpiffeId, spiffe_id
from tulle.model.problems import Problem
from tulle.model.wire import CONTROL_PLANE_NAME
from tulle.pki.authorities import Authority, new_intermediate, new_root
from tulle.pki.issuing import Issued, issue, issue_control_plane
from tulle.pki.renewals import BACKDATE_S
from tulle.pki.requests import check_request, new_request
from tulle.pki.spiffe import CONTROL_PLANE

NOW = 1_800_000_000.0
WEB = spiffe_id("mesh.local", AccountRef("shop", "web"))
WEB_NAME = "web-1.shop.workload.tulle"


@dataclass(frozen=True)
class Mesh:
    root: Authority
    issuer: Authority


def mesh(trust_domain: str = "mesh.local", now: float = NOW) -> Mesh:
    root = new_root(trust_domain, now)
    return Mesh(root, new_intermediate(root, now))


@pytest.fixture(scope="module")
def home() -> Mesh:
    return mesh()


def public_key() -> ec.EllipticCurvePublicKey:
    return ec.generate_private_key(ec.SECP256R1()).public_key()


def leaf(home: Mesh, now: float = NOW, lifetime_s: float = 86400.0) -> Issued:
    issued = issue(home.issuer, public_key(), WEB, WEB_NAME, now, lifetime_s)
    assert isinstance(issued, Issued)
    return issued


def first(issued: Issued) -> x509.Certificate:
    return x509.load_pem_x509_certificate(issued.chain[0].encode())


def test_a_leaf_names_one_identity_and_one_host(home: Mesh) -> None:
    names = first(leaf(home)).extensions.get_extension_for_class(x509.SubjectAlternativeName)

    assert list(names.value) == [x509.UniformResourceIdentifier(WEB), x509.DNSName(WEB_NAME)]
    assert names.critical


def test_a_leaf_is_for_both_ends_and_signs_nothing(home: Mesh) -> None:
    extensions = first(leaf(home)).extensions
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    ends = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value

    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert usage.digital_signature
    assert not usage.key_cert_sign
    assert set(ends) == {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH}


def test_a_leaf_is_valid_from_before_it_was_made_for_its_lifetime(home: Mesh) -> None:
    issued = leaf(home, lifetime_s=20)

    assert (issued.not_before, issued.not_after) == (NOW - BACKDATE_S, NOW + 20)
    assert first(issued).not_valid_before_utc.timestamp() == issued.not_before
    assert first(issued).not_valid_after_utc.timestamp() == issued.not_after


def test_a_leaf_never_outlives_its_issuer(home: Mesh) -> None:
    issued = leaf(home, now=home.issuer.not_after - 10)

    assert issued.not_after == home.issuer.not_after


def test_serial_numbers_do_not_repeat(home: Mesh) -> None:
    assert first(leaf(home)).serial_number != first(leaf(home)).serial_number


def test_the_chain_is_leaf_then_intermediate_without_the_root(home: Mesh) -> None:
    issued = leaf(home)

    assert issued.chain[1:] == (home.issuer.certificate_pem,)
    first(issued).verify_directly_issued_by(home.issuer.certificate)


def test_the_requests_own_names_count_for_nothing(home: Mesh) -> None:
    key = check_request(new_request("admin.shop.workload.tulle").csr_pem)
    assert isinstance(key, ec.EllipticCurvePublicKey)

    issued = issue(home.issuer, key, WEB, WEB_NAME, NOW, 60)

    assert isinstance(issued, Issued)
    assert b"admin" not in first(issued).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("identity", "name", "code"),
    [
        ("spiffe://other.mesh/ns/shop/sa/web", WEB_NAME, "trust-domain-mismatch"),
        ("spiffe://mesh.local/web", WEB_NAME, "spiffe-id-malformed"),
        (WEB, "example.org", "dns-name-malformed"),
        (WEB, "wéb.tulle", "dns-name-malformed"),
    ],
)
def test_what_does_not_belong_to_the_mesh_is_not_signed(
    home: Mesh, identity: str, name: str, code: str
) -> None:
    found = issue(home.issuer, public_key(), SpiffeId(identity), name, NOW, 60)

    assert isinstance(found, Problem)
    assert found.code == code


def test_a_root_signs_no_leaf(home: Mesh) -> None:
    found = issue(home.root, public_key(), WEB, WEB_NAME, NOW, 60)

    assert isinstance(found, Problem)
    assert found.code == "issuer-is-root"


def test_an_expired_authority_signs_nothing(home: Mesh) -> None:
    found = issue(home.issuer, public_key(), WEB, WEB_NAME, home.issuer.not_after, 60)

    assert isinstance(found, Problem)
    assert found.code == "authority-expired"


# With OpenSSL (the standard library) and BoringSSL (gRPC; Envoy has the same): the system's clock counts here.


@pytest.fixture
def now() -> float:
    return datetime.now(UTC).timestamp()


class Credentials(NamedTuple):
    key: bytes
    chain: bytes


def credentials(
    home: Mesh, account: AccountRef, dns_name: str, now: float, lifetime_s: float = 3600.0
) -> Credentials:
    private_key_pem, csr_pem = new_request(dns_name)
    key = check_request(csr_pem)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    identity = spiffe_id(home.issuer.trust_domain, account)
    issued = issue(home.issuer, key, identity, dns_name, now, lifetime_s)
    assert isinstance(issued, Issued)
    return Credentials(private_key_pem, "".join(issued.chain).encode())


def context(
    purpose: ssl.Purpose, own: Credentials | None, root: Authority, folder: Path
) -> ssl.SSLContext:
    made = ssl.create_default_context(purpose, cadata=root.root_pem)
    made.verify_mode = ssl.CERT_REQUIRED
    if own is not None:
        file = folder / f"{purpose.name}.pem"
        file.write_bytes(own.key + own.chain)
        made.load_cert_chain(file)
    return made


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    """A TLS handshake in memory; raises what either side objects to."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(6):
        for end in ends:
            try:
                end.do_handshake()
                end.read(1)
            except ssl.SSLWantReadError:
                continue


def test_workloads_and_control_plane_shake_hands(tmp_path: Path, now: float) -> None:
    home = mesh(now=now)
    server = credentials(home, CONTROL_PLANE, CONTROL_PLANE_NAME, now)
    client = credentials(home, AccountRef("shop", "web"), WEB_NAME, now)

    shake_hands(
        context(ssl.Purpose.CLIENT_AUTH, server, home.root, tmp_path),
        context(ssl.Purpose.SERVER_AUTH, client, home.root, tmp_path),
        CONTROL_PLANE_NAME,
    )


@pytest.mark.parametrize(
    ("stranger", "reason"),
    [
        ("none", "did not return a certificate"),
        ("other", "unknown ca|verify failed"),
        ("late", "expired|verify failed"),
    ],
)
def test_who_has_no_certificate_of_the_mesh_that_lives_is_refused(
    tmp_path: Path, now: float, stranger: str, reason: str
) -> None:
    home, other = mesh(now=now - 500), mesh(now=now)
    server = credentials(home, CONTROL_PLANE, CONTROL_PLANE_NAME, now)
    account = AccountRef("shop", "web")
    client = {
        "none": None,
        "other": credentials(other, account, WEB_NAME, now),
        "late": credentials(home, account, WEB_NAME, now - 400, lifetime_s=100),
    }[stranger]

    with pytest.raises(ssl.SSLError, match=f"(?i){reason}"):
        shake_hands(
            context(ssl.Purpose.CLIENT_AUTH, server, home.root, tmp_path),
            context(ssl.Purpose.SERVER_AUTH, client, home.root, tmp_path),
            CONTROL_PLANE_NAME,
        )


@pytest.mark.parametrize(
    "trust_domain", ["mesh.local", "mesh", "a_b.c", "a-.b", "10.0.0.1", "a..b"]
)
def test_boringssl_accepts_chains_of_every_trust_domain(trust_domain: str, now: float) -> None:
    home = mesh(trust_domain, now)
    own = credentials(home, CONTROL_PLANE, CONTROL_PLANE_NAME, now)
    client = credentials(home, AccountRef("shop", "web"), "we..b-.shop.workload.tulle", now)
    roots = home.root.root_pem.encode()

    def answer(_: bytes, call: grpc.ServicerContext) -> bytes:
        return b"".join(call.auth_context()["peer_spiffe_id"])

    handler = grpc.unary_unary_rpc_method_handler(answer)
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("a.B", {"C": handler})])
    port = server.add_secure_port(
        "127.0.0.1:0", grpc.ssl_server_credentials([(own.key, own.chain)], roots, True)
    )
    server.start()
    try:
        with grpc.secure_channel(
            f"127.0.0.1:{port}",
            grpc.ssl_channel_credentials(roots, client.key, client.chain),
            options=[("grpc.ssl_target_name_override", CONTROL_PLANE_NAME)],
        ) as channel:
            identity = channel.unary_unary("/a.B/C")(b"", timeout=10)
    finally:
        server.stop(0).wait()

    assert identity.decode() == spiffe_id(trust_domain, AccountRef("shop", "web"))


def test_the_control_planes_own_is_good_for_its_name_and_its_addresses(home: Mesh) -> None:
    addresses = [ip_address("127.0.0.1"), ip_address("::1")]
    issued = issue_control_plane(home.issuer, public_key(), addresses, NOW, 3600)
    assert isinstance(issued, Issued)
    names = first(issued).extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert names.get_values_for_type(x509.DNSName) == [CONTROL_PLANE_NAME]
    assert names.get_values_for_type(x509.IPAddress) == addresses
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [
        spiffe_id("mesh.local", CONTROL_PLANE)
    ]
    assert isinstance(issue_control_plane(home.root, public_key(), (), NOW, 60), Problem)
