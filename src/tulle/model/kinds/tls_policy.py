"""TlsPolicy: whether a workload takes plaintext beside mutual TLS. tulle.dev/v1."""

from typing import ClassVar, Literal

from tulle.model.kinds.policies import PolicyStatus, PolicyTargetRef
from tulle.model.resources import Resource, Value


class TlsPolicySpec(Value, frozen=True, kw_only=True):
    """STRICT (the default everywhere): mutual TLS only. PERMISSIVE: plaintext too, while programs move in.

    Without `target_refs` it covers its namespace. The most specific policy wins: a port before a Service
    before a namespace before the mesh; then the oldest, then the first by name.
    """

    mode: Literal["STRICT", "PERMISSIVE"]
    target_refs: tuple[PolicyTargetRef, ...] = ()


class TlsPolicy(Resource, frozen=True, kw_only=True):
    """How connections to its targets are secured."""

    KIND: ClassVar[str] = "TlsPolicy"
    API_VERSION: ClassVar[str] = "tulle.dev/v1"
    PLURAL: ClassVar[str] = "tlspolicies"

    spec: TlsPolicySpec
    status: PolicyStatus = PolicyStatus()
