"""Endpoints: where the instances of a destination are now.

A last resort is "degraded" in Envoy's words: it gets what no healthy endpoint can take. By default Envoy shares
with it as soon as a part of the endpoints is not healthy; here it gets nothing as long as one is.
"""

from collections.abc import Iterable
from itertools import groupby

from tulle.graph.mesh import Endpoint as MeshEndpoint
from tulle.xds.protos import (
    Address,
    ClusterLoadAssignment,
    ClusterLoadPolicy,
    Endpoint,
    EnvoyInternalAddress,
    LbEndpoint,
    Locality,
    LocalityLbEndpoints,
    Metadata,
    SocketAddress,
    Struct,
    Value,
)
from tulle.xds.values import number

_ONE_IS_ENOUGH = 100_000
"""Percent of its share that a healthy endpoint is trusted to take (Envoy's default: 140)."""

SECURE = "secure"
"""The endpoint metadata by which a cluster with both kinds picks mTLS or plaintext."""


def load_assignment(
    cluster: str, endpoints: Iterable[MeshEndpoint], *, marked: bool = False
) -> ClusterLoadAssignment:
    """All of them, grouped by where they are; with `marked` each says whether it speaks mTLS."""
    ordered = sorted(endpoints, key=lambda end: (end.region, end.zone, end))
    groups = groupby(ordered, key=lambda end: (end.region, end.zone))
    made = ClusterLoadAssignment(
        cluster_name=cluster,
        endpoints=[
            LocalityLbEndpoints(
                locality=Locality(region=region, zone=zone) if region or zone else None,
                lb_endpoints=[_one(end, marked=marked) for end in group],
            )
            for (region, zone), group in groups
        ],
    )
    if any(end.last_resort for end in ordered):
        policy = ClusterLoadPolicy(overprovisioning_factor=number(_ONE_IS_ENOUGH))
        made.MergeFrom(ClusterLoadAssignment(policy=policy))
    return made


def inside(listener: str) -> ClusterLoadAssignment:
    """An internal listener of the same Envoy, as the one endpoint of the cluster of its name."""
    at = Address(envoy_internal_address=EnvoyInternalAddress(server_listener_name=listener))
    end = LbEndpoint(endpoint=Endpoint(address=at))
    return ClusterLoadAssignment(
        cluster_name=listener, endpoints=[LocalityLbEndpoints(lb_endpoints=[end])]
    )


def address(host: str, port: int) -> Address:
    """A TCP address."""
    return Address(socket_address=SocketAddress(address=host, port_value=port))


def security_mark(*, secure: bool) -> Struct:
    """What an endpoint says, and what a cluster looks for."""
    return Struct(fields={SECURE: Value(bool_value=secure)})


def _one(end: MeshEndpoint, *, marked: bool) -> LbEndpoint:
    made = LbEndpoint(endpoint=Endpoint(address=address(end.address, end.port)))
    if end.last_resort:
        made.MergeFrom(LbEndpoint(health_status="DEGRADED"))
    if marked:
        mark = {"envoy.transport_socket_match": security_mark(secure=end.secure)}
        made.metadata.CopyFrom(Metadata(filter_metadata=mark))
    return made
