"""Secrets: who is accepted (made here, public by nature) and the workload's own key (made by its agent alone)."""

from tulle.graph.mesh import Destination, InboundPort, MeshSettings
from tulle.xds import tls
from tulle.xds.names import IDENTITY, callers_secret_name, peers_secret_name
from tulle.xds.protos import DataSource, Secret, StringMatcher, TlsCertificate
from tulle.xds.resources import resource_of
from tulle.xds.snapshots import XdsResource


def identity_secret(private_key_pem: bytes, chain_pem: bytes) -> XdsResource:
    """The secret `identity`. Only the agent calls this: the key never leaves the machine it was made on."""
    certificate = TlsCertificate(
        certificate_chain=DataSource(inline_bytes=chain_pem),
        private_key=DataSource(inline_bytes=private_key_pem),
    )
    return resource_of(IDENTITY, Secret(name=IDENTITY, tls_certificate=certificate))


def peers_secret(destination: Destination, settings: MeshSettings) -> XdsResource:
    """Whom callers accept behind a destination: its accounts and nobody else."""
    name = peers_secret_name(destination.ref)
    names = [StringMatcher(exact=account) for account in destination.accounts]
    secret = Secret(name=name, validation_context=tls.accepting(settings, names))
    return resource_of(name, secret, destination.origin)


def callers_secret(port: InboundPort, settings: MeshSettings) -> XdsResource:
    """Whom a port accepts in the handshake.

    Where the server may speak first a denied caller must fail here, before a byte; where the client does,
    RBAC decides after the handshake, and can say so.
    """
    name = callers_secret_name(port.port)
    by_name = port.permission.guarded and not port.protocol.is_http
    granted = dict.fromkeys(grant.principal for grant in port.permission.grants)
    names = [tls.name_of(principal, settings) for principal in granted] if by_name else None
    secret = Secret(name=name, validation_context=tls.accepting(settings, names))
    return resource_of(name, secret, *port.permission.policies)
