from tulle.xds.protos import Secret
from tulle.xds.resources import unframed
from tulle.xds.secrets import identity_secret


def test_the_identity_carries_key_and_chain() -> None:
    held = Secret()

    unframed(identity_secret(b"KEY", b"CHAIN")).resource.Unpack(held)

    assert held.name == "identity"
    assert held.tls_certificate.private_key.inline_bytes == b"KEY"
    assert held.tls_certificate.certificate_chain.inline_bytes == b"CHAIN"


def test_the_key_does_not_show_when_printed() -> None:
    assert "KEY" not in repr(identity_secret(b"KEY", b"CHAIN"))
