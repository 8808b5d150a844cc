"""What routes of Gateway API v1.6 share: parents, backends, their status. gateway.networking.k8s.io/v1."""

from typing import Annotated

import msgspec

from tulle.model.resources import Conditions, Name, PortNumber, Value

GROUP = "gateway.networking.k8s.io"
CONTROLLER = "tulle.dev/mesh"
"""Our name in `status.parents[].controllerName`."""


class ParentRef(Value, frozen=True, kw_only=True):
    """What a route attaches to: here a Service (`group: ""`), all ports or one."""

    name: Name
    group: str = GROUP
    kind: str = "Gateway"
    namespace: str = ""
    section_name: str = ""
    port: PortNumber | None = None


class BackendRef(Value, frozen=True, kw_only=True):
    """Where a share of the traffic goes. Mesh routes may cross namespaces without a grant (GAMMA)."""

    name: Name
    group: str = ""
    kind: str = "Service"
    namespace: str = ""
    port: PortNumber | None = None
    weight: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 1


class ParentStatus(Value, frozen=True, kw_only=True):
    """How one parent took the route: conditions Accepted and ResolvedRefs."""

    parent_ref: ParentRef
    controller_name: str
    conditions: Conditions = ()


class RouteStatus(Value, frozen=True, kw_only=True):
    """One entry per parent."""

    parents: tuple[ParentStatus, ...] = ()
