"""AccessPolicy: who may call whom. tulle.dev/v1. Today: ALLOW, by identity and port."""

from typing import Annotated, ClassVar, Literal

import msgspec

from tulle.model.kinds.policies import PolicyStatus, PolicyTargetRef
from tulle.model.resources import PortName, PortNumber, Resource, Value


class Source(Value, frozen=True, kw_only=True):
    """Callers: any of the service accounts (NAME of the policy's namespace, or NAMESPACE/NAME) or namespaces."""

    service_accounts: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()


class Operation(Value, frozen=True, kw_only=True):
    """What is called: ports the program listens on, by number or name."""

    ports: Annotated[tuple[PortNumber | PortName, ...], msgspec.Meta(min_length=1)]


class AccessRule(Value, frozen=True, kw_only=True):
    """Callers any of `from` names, on ports any of `to` names. No `from` means every identity of the mesh,
    no `to` every port.
    """

    from_: tuple[Source, ...] = msgspec.field(default=(), name="from")
    to: tuple[Operation, ...] = ()


class AccessPolicySpec(Value, frozen=True, kw_only=True):
    """Once any policy covers a port, callers none of the policies allows are denied there.

    Policies add up. One without rules allows nobody: a lock. Without `target_refs` it covers its namespace.
    """

    action: Literal["ALLOW"] = "ALLOW"
    target_refs: tuple[PolicyTargetRef, ...] = ()
    rules: tuple[AccessRule, ...] = ()


class AccessPolicy(Resource, frozen=True, kw_only=True):
    """Who may open connections to its targets."""

    KIND: ClassVar[str] = "AccessPolicy"
    API_VERSION: ClassVar[str] = "tulle.dev/v1"
    PLURAL: ClassVar[str] = "accesspolicies"

    spec: AccessPolicySpec = AccessPolicySpec()
    status: PolicyStatus = PolicyStatus()
