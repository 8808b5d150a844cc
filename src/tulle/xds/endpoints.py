"""Endpoints: where the instances of a destination are now."""

from collections.abc import Iterable
from itertools import groupby

from tulle.graph.mesh import Endpoint as MeshEndpoint
from tulle.xds.protos import (
    Address,
    ClusterLoadAssignment,
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

SECURE = "secure"
"""The endpoint metadata by which a cluster with both kinds picks mTLS or plaintext."""


def load_assignment(
    cluster: str, endpoints: Iterable[MeshEndpoint], *, marked: bool = False
) -> ClusterLoadAssignment:
    """All of them, grouped by where they are; with `marked` each says whether it speaks mTLS."""
    ordered = sorted(endpoints, key=lambda end: (end.region, end.zone, end))
    groups = groupby(ordered, key=lambda end: (end.region, end.zone))
    return ClusterLoadAssignment(
        cluster_name=cluster,
        endpoints=[
            LocalityLbEndpoints(
                locality=Locality(region=region, zone=zone) if region or zone else None,
                lb_endpoints=[_one(end, marked=marked) for end in group],
            )
            for (region, zone), group in groups
        ],
    )


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
    if marked:
        mark = {"envoy.transport_socket_match": security_mark(secure=end.secure)}
        made.metadata.CopyFrom(Metadata(filter_metadata=mark))
    return made
