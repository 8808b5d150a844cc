"""EndpointSlice: endpoints somebody lists by hand. discovery.k8s.io/v1, the fields a mesh reads."""

from typing import Annotated, ClassVar, Literal

from tulle.model.lists import AS_SET, ATOMIC_LIST
from tulle.model.resources import PortName, PortNumber, Resource, Value

SERVICE_LABEL = "kubernetes.io/service-name"
"""The label that says which Service a slice belongs to."""


class EndpointConditions(Value, frozen=True, kw_only=True):
    """Whether an endpoint takes traffic; absent means yes."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class TargetRef(Value, frozen=True, kw_only=True):
    """What stands behind an endpoint; a Workload here means mutual TLS to its proxy."""

    kind: str
    name: str
    namespace: str = ""


class SliceEndpoint(Value, frozen=True, kw_only=True):
    """One endpoint; only its first address is used, as the EndpointSlice API says."""

    addresses: Annotated[tuple[str, ...], AS_SET]
    conditions: EndpointConditions = EndpointConditions()
    hostname: str = ""
    node_name: str = ""
    zone: str = ""
    target_ref: TargetRef | None = None


class SlicePort(Value, frozen=True, kw_only=True):
    """A port all endpoints of the slice share; its name pairs it with the Service's port of that name."""

    port: PortNumber
    name: PortName = ""
    protocol: Literal["TCP", "UDP", "SCTP"] = "TCP"
    app_protocol: str = ""


class EndpointSlice(Resource, frozen=True, kw_only=True):
    """Endpoints of the Service its label `kubernetes.io/service-name` names."""

    KIND: ClassVar[str] = "EndpointSlice"
    API_VERSION: ClassVar[str] = "discovery.k8s.io/v1"
    PLURAL: ClassVar[str] = "endpointslices"

    address_type: Literal["IPv4", "IPv6", "FQDN"] = "IPv4"
    endpoints: Annotated[tuple[SliceEndpoint, ...], ATOMIC_LIST] = ()
    ports: Annotated[tuple[SlicePort, ...], ATOMIC_LIST] = ()
