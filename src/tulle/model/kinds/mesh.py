"""Mesh: settings of the whole mesh; there is one, named `default`. tulle.dev/v1."""

from typing import Annotated, ClassVar, Literal

import msgspec

from tulle.model.durations import Duration
from tulle.model.resources import Conditions, Resource, Value

DEFAULT_NAME = "default"


class VirtualAddresses(Value, frozen=True, kw_only=True):
    """Where Services without a clusterIP get their addresses from."""

    ipv4: Annotated[str, msgspec.Meta(description='A range; "" for no IPv4 addresses.')] = (
        "240.0.0.0/16"
    )
    ipv6: Annotated[str, msgspec.Meta(description='A range; "" for no IPv6 addresses.')] = (
        "fd74:756c:6c65::/112"
    )


class Certificates(Value, frozen=True, kw_only=True):
    """How long a workload's certificate lives; it is renewed at half of that, with jitter."""

    lifetime: Duration = "24h"


class Connections(Value, frozen=True, kw_only=True):
    """How long connections between proxies live.

    `max_age` recycles HTTP connections after their last request; `drain` bounds how long a connection may
    outlive a narrowed AccessPolicy or its workload, so it must be the longer of the two.
    """

    connect_timeout: Duration = "5s"
    upstream_idle_timeout: Annotated[
        Duration,
        msgspec.Meta(description="Below the keep-alive of the programs behind (gunicorn: 2s)."),
    ] = "1s"
    max_age: Duration = "30s"
    drain: Duration = "45s"


class MeshSpec(Value, frozen=True, kw_only=True):
    """Mesh-wide settings, every one with a default."""

    trust_domain: Annotated[
        str, msgspec.Meta(pattern=r"^[a-z0-9]([-a-z0-9._]*[a-z0-9])?$", max_length=255)
    ] = "mesh.local"
    virtual_addresses: VirtualAddresses = VirtualAddresses()
    certificates: Certificates = Certificates()
    connections: Connections = Connections()
    scope: Annotated[
        Literal["All", "Used"],
        msgspec.Meta(
            description="Which services a captured program's proxy knows. All: every one of the mesh. Used: "
            "declared upstreams, and those whose names the program has ever asked its agent for; whoever calls "
            "others by addresses from elsewhere passes by the mesh."
        ),
    ] = "All"
    outbound_traffic: Annotated[
        Literal["AllowAny", "RegistryOnly"],
        msgspec.Meta(
            description="What becomes of captured connections that are for no Service and no ExternalService: "
            "they go on as they came, or are closed."
        ),
    ] = "AllowAny"


class MeshStatus(Value, frozen=True, kw_only=True):
    """`trust_bundle` holds the roots' certificates (PEM), public by nature: peers are verified against them."""

    trust_bundle: tuple[str, ...] = ()
    conditions: Conditions = ()


class Mesh(Resource, frozen=True, kw_only=True):
    """The mesh itself."""

    KIND: ClassVar[str] = "Mesh"
    API_VERSION: ClassVar[str] = "tulle.dev/v1"
    PLURAL: ClassVar[str] = "meshes"
    NAMESPACED: ClassVar[bool] = False

    spec: MeshSpec = MeshSpec()
    status: MeshStatus = MeshStatus()
