"""Service: a name for a set of workloads, with ports. Kubernetes core v1, the fields a mesh reads."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import msgspec

from tulle.model.lists import ATOMIC_LIST, ATOMIC_MAP, keyed
from tulle.model.resources import Conditions, PortName, PortNumber, Resource, Value


class ServicePort(Value, frozen=True, kw_only=True):
    """One port of a Service. `target_port` is a number or the name of a port of the workload."""

    port: PortNumber
    name: PortName = ""
    protocol: Literal["TCP", "UDP", "SCTP"] = "TCP"
    app_protocol: Annotated[
        str,
        msgspec.Meta(
            description="http, http2, grpc, tcp, or kubernetes.io/h2c, kubernetes.io/ws. Without it the "
            "prefix of the port's name decides (http-web, grpc), and without that it is TCP."
        ),
    ] = ""
    target_port: PortNumber | PortName = ""
    node_port: int = 0


class ServiceSpec(Value, frozen=True, kw_only=True):
    """Which workloads, reached how. Without a selector, EndpointSlices name the endpoints."""

    ports: Annotated[tuple[ServicePort, ...], keyed("port", "protocol", merge_key="port")] = ()
    selector: Annotated[Mapping[str, str], ATOMIC_MAP] = {}
    type: Literal["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"] = "ClusterIP"
    cluster_ip: Annotated[
        str,
        msgspec.Meta(
            description='An address, "" for one of the mesh, or "None" for a headless Service.'
        ),
    ] = msgspec.field(default="", name="clusterIP")
    cluster_ips: Annotated[tuple[str, ...], ATOMIC_LIST] = msgspec.field(
        default=(), name="clusterIPs"
    )
    external_name: str = ""


class ServiceStatus(Value, frozen=True, kw_only=True):
    """The virtual addresses the mesh gave it, kept for as long as it lives."""

    virtual_addresses: tuple[str, ...] = ()
    conditions: Conditions = ()


class Service(Resource, frozen=True, kw_only=True):
    """A set of workloads under one name."""

    KIND: ClassVar[str] = "Service"
    API_VERSION: ClassVar[str] = "v1"
    PLURAL: ClassVar[str] = "services"
    SHORT_NAMES: ClassVar[tuple[str, ...]] = ("svc",)

    spec: ServiceSpec = ServiceSpec()
    status: ServiceStatus = ServiceStatus()
