"""Short words for the views tests are made of: everything in namespace shop, everything on loopback."""

from collections.abc import Iterable

from tests.envoy.identities import Anchor

from tulle.graph.mesh import (
    Destination,
    DestinationRef,
    Endpoint,
    ExternalTarget,
    Grant,
    HttpRouting,
    InboundPort,
    MeshSettings,
    Origin,
    OutboundPort,
    OutboundView,
    Permission,
    Principal,
    Protocol,
    Routing,
    TcpRouting,
    View,
    WorkloadNode,
)
from tulle.model.names import (
    AccountRef,
    ResourceKey,
    ServiceRef,
    SpiffeId,
    WorkloadRef,
    spiffe_id,
)

NAMESPACE = "shop"
POLICY = Origin(ResourceKey("AccessPolicy", NAMESPACE, "only"), "spec.rules[0]")


def origin(kind: str, name: str) -> Origin:
    return Origin(ResourceKey(kind, NAMESPACE, name))


def identity(name: str, trust_domain: str = "mesh.local") -> SpiffeId:
    return spiffe_id(trust_domain, AccountRef(NAMESPACE, name))


def ref(service: str, port: int = 80) -> DestinationRef:
    return DestinationRef(ServiceRef(NAMESPACE, service), port)


def settings(anchor: Anchor, connection_max_age_s: float = 30.0) -> MeshSettings:
    return MeshSettings(
        trust_domain=anchor.trust_domain,
        trust_bundle=anchor.bundle,
        connection_max_age_s=connection_max_age_s,
    )


def allow(*accounts: str, epoch: int = 0) -> Permission:
    """Only these accounts of the namespace; none of them: nobody."""
    grants = (Grant(Principal("account", NAMESPACE, name), POLICY) for name in accounts)
    return Permission(guarded=True, grants=tuple(grants), policies=(POLICY,), epoch=epoch)


def inbound(
    port: int,
    protocol: Protocol,
    permission: Permission | None = None,
    *,
    plaintext_port: int | None = None,
    parse_http: bool = False,
) -> InboundPort:
    return InboundPort(
        port=port,
        name=f"p{port}",
        protocol=protocol,
        targets=(str(port), f"p{port}"),
        permission=permission or Permission(),
        origin=origin("Workload", "server"),
        plaintext_port=plaintext_port,
        parse_http=parse_http,
    )


def destination(
    service: str,
    protocol: Protocol,
    target_port: int,
    endpoints: Iterable[tuple[str, int]],
    *,
    account: str = "",
    port: int = 80,
    secure: bool = True,
    external: ExternalTarget | None = None,
) -> Destination:
    ends = (Endpoint(host, number, secure=secure) for host, number in endpoints)
    return Destination(
        service=ServiceRef(NAMESPACE, service),
        port=port,
        protocol=protocol,
        target_port=str(target_port),
        accounts=(identity(account or service),),
        endpoints=tuple(ends),
        external=external,
        origin=origin("Service", service),
    )


def upstream(to: Destination, local_port: int, routing: Routing | None = None) -> OutboundView:
    plain = HttpRouting() if to.protocol.is_http else TcpRouting()
    return OutboundView(
        port=OutboundPort(to.service, to.port, local_port, origin("Workload", "client")),
        protocol=to.protocol,
        routing=routing or plain,
        default=to.ref,
    )


def view(
    name: str,
    made: MeshSettings,
    *,
    mtls_port: int | None = None,
    ports: Iterable[InboundPort] = (),
    outbound: Iterable[OutboundView] = (),
    destinations: Iterable[Destination] = (),
) -> View:
    upstreams = tuple(outbound)
    workload = WorkloadNode(
        ref=WorkloadRef(NAMESPACE, f"{name}-1"),
        account=AccountRef(NAMESPACE, name),
        identity=identity(name, made.trust_domain),
        address="127.0.0.1",
        mtls_port=mtls_port,
        inbound=tuple(ports),
        outbound=tuple(one.port for one in upstreams),
        services=(),
        accepts_traffic=True,
        origin=origin("Workload", f"{name}-1"),
    )
    return View(workload, made, upstreams, tuple(destinations))
