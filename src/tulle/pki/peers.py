"""Who is at the other end: the identity in a certificate a TLS library has already verified."""

from dataclasses import dataclass

from cryptography import x509

from tulle.model.names import AccountRef, SpiffeId, WorkloadRef
from tulle.model.problems import Problem
from tulle.model.wire import workload_dns_name
from tulle.pki.spiffe import Identity, read_identity

JOIN_ANEW = "join with a new token: tulle token create"
"""The way out for whose certificate says nothing here."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A certificate's holder. `workload` is None for the control plane; times are Unix seconds."""

    identity: Identity
    dns_name: str
    workload: WorkloadRef | None
    serial: str
    not_before: float
    not_after: float

    @property
    def spiffe_id(self) -> SpiffeId:
        """Who it is."""
        return self.identity.spiffe_id

    @property
    def trust_domain(self) -> str:
        """Which mesh it belongs to."""
        return self.identity.trust_domain

    @property
    def account(self) -> AccountRef:
        """What it runs as."""
        return self.identity.account

    def is_valid_at(self, now: float) -> bool:
        """Whether the certificate's life includes `now`: streams may outlive the handshake that checked it."""
        return self.not_before <= now < self.not_after


def peer_of(certificate: bytes | str) -> Peer | Problem:
    """The holder of a certificate in PEM or DER form; of a chain in PEM, of its first."""
    try:
        return _peer(_load(certificate))
    except (ValueError, x509.ExtensionNotFound):
        return _stranger("it is no certificate with names we can read")


def _load(certificate: bytes | str) -> x509.Certificate:
    data = certificate.encode() if isinstance(certificate, str) else certificate
    if data.lstrip().startswith(b"-----"):
        return x509.load_pem_x509_certificate(data)
    return x509.load_der_x509_certificate(data)


def _peer(certificate: x509.Certificate) -> Peer | Problem:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    dns_names = names.get_values_for_type(x509.DNSName)
    if len(uris) != 1 or len(dns_names) != 1:
        return _stranger("it must name exactly one SPIFFE ID and one DNS name")
    identity = read_identity(uris[0])
    if isinstance(identity, Problem):
        return identity
    return Peer(
        identity=identity,
        dns_name=dns_names[0],
        workload=_workload(identity, dns_names[0]),
        serial=f"{certificate.serial_number:x}",
        not_before=certificate.not_valid_before_utc.timestamp(),
        not_after=certificate.not_valid_after_utc.timestamp(),
    )


def _workload(identity: Identity, dns_name: str) -> WorkloadRef | None:
    # The namespace is taken from the SPIFFE ID: with dots in names, the DNS name alone could be read two ways.
    namespace = identity.account.namespace
    suffix = workload_dns_name(namespace, "")
    name = dns_name.removesuffix(suffix)
    return WorkloadRef(namespace, name) if name and name != dns_name else None


def _stranger(why: str) -> Problem:
    message = f"the peer's certificate says nothing about who it is: {why}"
    return Problem("", "peer-unknown", message, JOIN_ANEW)
