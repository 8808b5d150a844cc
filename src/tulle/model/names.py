"""Names of things in a mesh, each made in one place and each with its own type."""

from dataclasses import dataclass
from typing import NewType

SpiffeId = NewType("SpiffeId", str)
"""`spiffe://<trust domain>/ns/<namespace>/sa/<service account>`: who a workload is."""


@dataclass(frozen=True, slots=True, order=True)
class ServiceRef:
    """Name of a Service (or ExternalService) inside one mesh."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, order=True)
class WorkloadRef:
    """Name of a Workload, and so of its proxy: `--proxy` and `--from` take it as NAMESPACE/NAME."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, order=True)
class AccountRef:
    """Name of a ServiceAccount: what an identity is made of."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, order=True)
class ResourceKey:
    """What makes a resource unique: its kind and where it lives (`namespace` is "" for the whole mesh)."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {place}"


def spiffe_id(trust_domain: str, account: AccountRef) -> SpiffeId:
    """The identity of every workload that runs as `account`."""
    return SpiffeId(f"spiffe://{trust_domain}/ns/{account.namespace}/sa/{account.name}")


def account_of(identity: str) -> AccountRef | None:
    """The account behind a SPIFFE ID of our form, or None for any other text."""
    scheme, _, rest = identity.partition("://")
    parts = rest.split("/")
    match parts:
        case [domain, "ns", namespace, "sa", name] if (
            scheme == "spiffe" and domain and namespace and name
        ):
            return AccountRef(namespace, name)
        case _:
            return None


def trust_domain_of(identity: str) -> str:
    """The trust domain of a SPIFFE ID; "" if the text is none."""
    scheme, _, rest = identity.partition("://")
    return rest.split("/", 1)[0] if scheme == "spiffe" else ""
