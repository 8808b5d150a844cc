"""Secrets: who is accepted (made here, public by nature) and the workload's own key (made by its agent alone)."""

from tulle.xds.names import IDENTITY
from tulle.xds.protos import DataSource, Secret, TlsCertificate
from tulle.xds.resources import resource_of
from tulle.xds.snapshots import XdsResource


def identity_secret(private_key_pem: bytes, chain_pem: bytes) -> XdsResource:
    """The secret `identity`. Only the agent calls this: the key never leaves the machine it was made on."""
    certificate = TlsCertificate(
        certificate_chain=DataSource(inline_bytes=chain_pem),
        private_key=DataSource(inline_bytes=private_key_pem),
    )
    return resource_of(IDENTITY, Secret(name=IDENTITY, tls_certificate=certificate))
