"""View → XdsSnapshot: the table of contents of this room.

Bytes are built once per input and shared by all snapshots that have it: a destination a thousand proxies call
is one XdsResource, held a thousand times.
"""

from collections.abc import Iterable, Iterator
from functools import partial

from tulle.graph.mesh import (
    Capture,
    Destination,
    DestinationRef,
    ExternalTarget,
    HttpProxyPort,
    HttpRouting,
    InboundPort,
    MeshSettings,
    OutboundPort,
    OutboundView,
    View,
    WorkloadNode,
)
from tulle.xds import captured, clusters, endpoints, http_proxy, listeners, routes, secrets
from tulle.xds.directory import DirectoryBuilder
from tulle.xds.filters import rbac
from tulle.xds.names import (
    MTLS_LISTENER,
    access_extension_name,
    callers_secret_name,
    cluster_name,
    outbound_listener_name,
    peers_secret_name,
)
from tulle.xds.parts import Memo, Part
from tulle.xds.resources import Typed, resource_of
from tulle.xds.snapshots import Reference, TypeUrl, XdsSnapshot, snapshot_of

Hosts = tuple[tuple[DestinationRef, str], ...]


class Builder:
    """Builds snapshots and remembers their parts. One per control plane; pure but for its memory."""

    def __init__(self) -> None:
        self._memo: Memo[Part] = Memo()
        self._directory = DirectoryBuilder()

    def build(self, view: View) -> XdsSnapshot:
        """Everything the view's proxy gets."""
        parts = list(self._parts(view))
        snapshot = snapshot_of(
            (typed for part in parts for typed in part.resources),
            (reference for part in parts for reference in part.references),
        )
        return snapshot.with_names(self._directory.build(view.names)) if view.names else snapshot

    def _parts(self, view: View) -> Iterator[Part]:
        yield self._inbound(view.workload, view.settings)
        for destination in view.destinations:
            yield self._destination(destination, view.settings)
        if view.workload.capture is not None:
            yield self._captured(view.workload, view.workload.capture, view.settings)
        hosts = _hosts(view.destinations)
        for outbound in view.outbound:
            yield self._listener(outbound)
            yield self._routes(outbound, view.workload.ref.namespace, hosts)
        if view.workload.http_proxy is not None:
            yield self._http_proxy(view, view.workload.http_proxy)
            for outbound in view.outbound:
                if isinstance(outbound.port, OutboundPort):
                    yield self._named_upstream(outbound, view.settings)

    def _inbound(self, workload: WorkloadNode, settings: MeshSettings) -> Part:
        by_address = workload.capture is not None
        inputs = (workload.address, workload.mtls_port, workload.inbound, by_address, settings)
        make = partial(inbound_part, workload, settings)
        return self._memo.get(("inbound", workload.ref), inputs, make)

    def _captured(self, workload: WorkloadNode, capture: Capture, settings: MeshSettings) -> Part:
        inputs = (workload.address, workload.inbound, capture, settings)
        make = partial(captured.part, workload, capture, settings)
        return self._memo.get(("captured", workload.ref), inputs, make)

    def _destination(self, destination: Destination, settings: MeshSettings) -> Part:
        make = partial(destination_part, destination, settings)
        return self._memo.get(("to", destination.ref), (destination, settings), make)

    def _listener(self, view: OutboundView) -> Part:
        make = partial(listener_part, view)
        return self._memo.get(("listener", view.port), _of_listener(view), make)

    def _named_upstream(self, view: OutboundView, settings: MeshSettings) -> Part:
        make = partial(named_upstream_part, view, settings)
        inputs = (*_of_listener(view), settings)
        return self._memo.get(("named upstream", view.port), inputs, make)

    def _http_proxy(self, view: View, port: HttpProxyPort) -> Part:
        ports = view.workload.outbound
        make = partial(http_proxy.part, view.workload.ref, port, ports)
        return self._memo.get(("http proxy", view.workload.ref), (port, ports), make)

    def _routes(self, view: OutboundView, namespace: str, hosts: Hosts) -> Part:
        """Callers of one namespace share them; a consumer's own routes are no other namespace's."""
        if not isinstance(view.routing, HttpRouting):
            return Part()
        name = outbound_listener_name(view.default)
        make = partial(routes_part, name, view.routing, view.default, dict(hosts))
        return self._memo.get(
            ("routes", name, namespace, hosts), (view.routing, view.default), make
        )


def build_snapshot(view: View) -> XdsSnapshot:
    """One view on its own, from nothing: what `translate` and the tests use."""
    return Builder().build(view)


def inbound_part(workload: WorkloadNode, settings: MeshSettings) -> Part:
    """How connections reach the program. Without a reported port, or without ports, nobody can."""
    if workload.mtls_port is None or not workload.inbound:
        return Part()
    resources: list[Typed] = []
    references: list[Reference] = []
    for port in workload.inbound:
        part = _port_part(port, workload, settings)
        resources += part.resources
        references += part.references
    listener = listeners.mtls_listener(workload, workload.mtls_port)
    origins = (port.origin for port in workload.inbound)
    resources.append((TypeUrl.LISTENER, resource_of(listener.name, listener, *origins)))
    return Part(tuple(resources), tuple(references))


def _port_part(port: InboundPort, workload: WorkloadNode, settings: MeshSettings) -> Part:
    cluster = clusters.inbound_cluster(port, settings)
    resources: list[Typed] = [
        (TypeUrl.SECRET, secrets.callers_secret(port, settings)),
        (TypeUrl.CLUSTER, resource_of(cluster.name, cluster, port.origin)),
    ]
    references = [
        Reference(MTLS_LISTENER, TypeUrl.SECRET, callers_secret_name(port.port)),
        Reference(MTLS_LISTENER, TypeUrl.CLUSTER, cluster.name),
    ]
    if rbac.applies(port):
        resources.append((TypeUrl.EXTENSION, rbac.access_extension(port, settings)))
        name = access_extension_name(port.port)
        references.append(Reference(MTLS_LISTENER, TypeUrl.EXTENSION, name))
    # Plaintext has no identity: beside a policy it would be the way around it. Captured, it has one door for all.
    if port.plaintext_port is not None and not port.permission.guarded and not workload.capture:
        listener = listeners.plaintext_listener(workload.address, port, port.plaintext_port)
        resources.append((TypeUrl.LISTENER, resource_of(listener.name, listener, port.origin)))
        references.append(Reference(listener.name, TypeUrl.CLUSTER, cluster.name))
    return Part(tuple(resources), tuple(references))


def destination_part(destination: Destination, settings: MeshSettings) -> Part:
    """How connections leave for one port of one service."""
    name = cluster_name(destination.ref)
    if destination.external is not None:
        outside = clusters.outside_cluster(destination, destination.external, settings)
        return Part(((TypeUrl.CLUSTER, resource_of(name, outside, destination.origin)),))
    cluster = clusters.mesh_cluster(destination, settings)
    ends = endpoints.load_assignment(
        name, destination.endpoints, marked=clusters.is_mixed(destination)
    )
    resources = (
        (TypeUrl.SECRET, secrets.peers_secret(destination, settings)),
        (TypeUrl.CLUSTER, resource_of(name, cluster, destination.origin)),
        (TypeUrl.ENDPOINTS, resource_of(name, ends, destination.origin)),
    )
    references = (
        Reference(name, TypeUrl.ENDPOINTS, name),
        Reference(name, TypeUrl.SECRET, peers_secret_name(destination.ref)),
    )
    return Part(resources, references)


def listener_part(view: OutboundView) -> Part:
    """One loopback listener, and what it sends to."""
    listener = listeners.outbound_listener(view)
    resource = resource_of(listener.name, listener, view.port.origin)
    return Part(((TypeUrl.LISTENER, resource),), tuple(_needs_of(listener.name, view)))


def named_upstream_part(view: OutboundView, settings: MeshSettings) -> Part:
    """The way to the same for who calls it by name: an internal listener, and the cluster that leads there."""
    listener = listeners.named_upstream_listener(view)
    cluster = clusters.named_upstream_cluster(view.default, settings)
    resources = (
        (TypeUrl.CLUSTER, resource_of(cluster.name, cluster, view.port.origin)),
        (TypeUrl.LISTENER, resource_of(listener.name, listener, view.port.origin)),
    )
    return Part(resources, tuple(_needs_of(listener.name, view)))


def _of_listener(view: OutboundView) -> tuple[object, ...]:
    """What makes it. Of an HTTP listener the routes are no part: editing them builds no listener."""
    routing = None if isinstance(view.routing, HttpRouting) else view.routing
    return (routing, view.protocol, view.default)


def _needs_of(listener: str, view: OutboundView) -> Iterator[Reference]:
    if isinstance(view.routing, HttpRouting):
        routes_name = outbound_listener_name(view.default)
        yield Reference(listener, TypeUrl.ROUTE, routes_name)
    else:
        for name in listeners.clusters_in(view.routing, view.default):
            yield Reference(listener, TypeUrl.CLUSTER, name)


def routes_part(
    name: str, routing: HttpRouting, default: DestinationRef, hosts: routes.Hosts
) -> Part:
    """The routes of one loopback listener."""
    configuration = routes.route_configuration(name, routing, default, hosts)
    resource = resource_of(name, configuration, *dict.fromkeys(r.origin for r in routing.rules))
    needs = (
        Reference(name, TypeUrl.CLUSTER, cluster)
        for cluster in routes.clusters_in(routing, default)
    )
    return Part(((TypeUrl.ROUTE, resource),), tuple(needs))


def _hosts(destinations: Iterable[Destination]) -> Hosts:
    """What requests to the outside must name as their host: the port only where it is not the usual one."""
    return tuple(
        (destination.ref, _authority(destination.external))
        for destination in destinations
        if destination.external is not None and destination.external.host
    )


def _authority(external: ExternalTarget) -> str:
    usual = external.port == (443 if external.tls else 80)
    host = f"[{external.host}]" if ":" in external.host else external.host
    return host if usual else f"{host}:{external.port}"
