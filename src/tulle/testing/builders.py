"""Resources in one line each, for tests. What a test does not say is ordinary: namespace `shop`, ready, HTTP."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from tulle.model.kinds.access_policy import AccessPolicy, AccessPolicySpec, AccessRule, Operation
from tulle.model.kinds.access_policy import Source as Caller
from tulle.model.kinds.endpoint_slice import (
    SERVICE_LABEL,
    EndpointSlice,
    SliceEndpoint,
    SlicePort,
    TargetRef,
)
from tulle.model.kinds.external_service import ExternalPort, ExternalService, ExternalServiceSpec
from tulle.model.kinds.gateway_api import BackendRef, ParentRef
from tulle.model.kinds.http_route import (
    HTTPBackendRef,
    HTTPRoute,
    HTTPRouteMatch,
    HTTPRouteRule,
    HTTPRouteSpec,
    PathMatch,
)
from tulle.model.kinds.mesh import DEFAULT_NAME, Mesh, MeshSpec, VirtualAddresses
from tulle.model.kinds.policies import PolicyTargetRef
from tulle.model.kinds.process import Process, ProcessSpec
from tulle.model.kinds.service import Service, ServicePort, ServiceSpec
from tulle.model.kinds.tcp_route import TCPRoute, TCPRouteRule, TCPRouteSpec
from tulle.model.kinds.tls_policy import TlsPolicy, TlsPolicySpec
from tulle.model.kinds.workload import (
    BoundCapture,
    BoundPort,
    BoundUpstream,
    ProxyStatus,
    Upstream,
    Workload,
    WorkloadPort,
    WorkloadSpec,
    WorkloadStatus,
)
from tulle.model.resources import Condition, Metadata

NAMESPACE = "shop"
HTTP = ServicePort(name="http", port=80, target_port="http", app_protocol="http")
PROGRAM_HTTP = WorkloadPort(name="http", port=9080)
FIRST_LOCAL_PORT = 20000
FIRST_PLAINTEXT_PORT = 30000


def metadata(
    name: str,
    namespace: str = NAMESPACE,
    labels: Mapping[str, str] | None = None,
    created: str = "",
    generation: int = 1,
) -> Metadata:
    """Metadata; `created` is a time such as 2026-01-01T00:00:00Z."""
    return Metadata(
        name=name,
        namespace=namespace,
        labels=labels or {},
        creation_timestamp=created,
        generation=generation,
    )


def mesh(ipv4: str = "240.0.0.0/16", ipv6: str = "", trust_domain: str = "mesh.local") -> Mesh:
    """The Mesh."""
    spec = MeshSpec(
        trust_domain=trust_domain, virtual_addresses=VirtualAddresses(ipv4=ipv4, ipv6=ipv6)
    )
    return Mesh(metadata=metadata(DEFAULT_NAME, ""), spec=spec)


def service(
    name: str,
    *ports: ServicePort,
    namespace: str = NAMESPACE,
    selector: Mapping[str, str] | None = None,
    created: str = "",
    cluster_ip: str = "",
) -> Service:
    """A Service, of port 80 to the port `http` of the workloads labelled `app: <name>` unless told otherwise."""
    spec = ServiceSpec(
        ports=ports or (HTTP,),
        selector={"app": name} if selector is None else selector,
        cluster_ip=cluster_ip,
    )
    return Service(metadata=metadata(name, namespace, created=created), spec=spec)


def port(
    number: int, app_protocol: str = "", *, name: str = "", target: int | str = ""
) -> ServicePort:
    """A port of a Service."""
    return ServicePort(port=number, name=name, app_protocol=app_protocol, target_port=target)


def workload(  # noqa: PLR0913 - each of them matters to some test
    name: str,
    *ports: WorkloadPort,
    namespace: str = NAMESPACE,
    labels: Mapping[str, str] | None = None,
    account: str = "default",
    upstreams: Sequence[Upstream] = (),
    address: str = "10.0.0.1",
    mtls_port: int | None = 15009,
    ready: bool = True,
) -> Workload:
    """A Workload labelled `app: <name>` whose proxy reported: upstreams on 20000 on, plaintext on 30000 on."""
    listens = ports or (PROGRAM_HTTP,)
    spec = WorkloadSpec(
        address=address,
        service_account_name=account,
        ports=listens,
        upstreams=tuple(upstreams),
    )
    status = WorkloadStatus(
        proxy=_proxy(namespace, listens, upstreams, mtls_port) if mtls_port else None,
        conditions=(is_ready(),) if ready else (),
    )
    labelled = {"app": name} if labels is None else labels
    return Workload(metadata=metadata(name, namespace, labelled), spec=spec, status=status)


def captured(resource: Workload, capture: BoundCapture | None = None) -> Workload:
    """The workload as one whose program's traffic is captured."""
    assert resource.status.proxy
    how = capture or BoundCapture(mode="cgroup", outbound_port=15001, inbound_port=15006)
    proxy = msgspec.structs.replace(resource.status.proxy, capture=how)
    status = msgspec.structs.replace(resource.status, proxy=proxy)
    return msgspec.structs.replace(resource, status=status)


def is_ready(holds: str = "True") -> Condition:
    """The condition Ready."""
    return Condition(type="Ready", status=holds, reason="Healthy")


def _proxy(
    namespace: str, ports: Sequence[WorkloadPort], upstreams: Sequence[Upstream], mtls_port: int
) -> ProxyStatus:
    return ProxyStatus(
        mtls_port=mtls_port,
        plaintext_ports=tuple(
            BoundPort(port=one.port, proxy_port=FIRST_PLAINTEXT_PORT + index)
            for index, one in enumerate(ports)
        ),
        upstreams=tuple(
            BoundUpstream(
                service=one.service,
                namespace=one.namespace or namespace,
                port=one.port,
                local_port=one.local_port or FIRST_LOCAL_PORT + index,
            )
            for index, one in enumerate(upstreams)
        ),
    )


def upstream(name: str, number: int = 80, namespace: str = "") -> Upstream:
    """A service somebody calls."""
    return Upstream(service=name, port=number, namespace=namespace)


def with_conditions(resource: Workload, *conditions: Condition) -> Workload:
    """The workload in another state."""
    status = msgspec.structs.replace(resource.status, conditions=conditions)
    return msgspec.structs.replace(resource, status=status)


def process(
    name: str,
    *ports: WorkloadPort,
    namespace: str = NAMESPACE,
    upstreams: Sequence[Upstream] = (),
) -> Process:
    """A Process labelled `app: <name>`."""
    spec = ProcessSpec(ports=ports, labels={"app": name}, upstreams=tuple(upstreams))
    return Process(metadata=metadata(name, namespace), spec=spec)


def external(name: str, *ports: ExternalPort, host: str = "", **spec: str) -> ExternalService:
    """An ExternalService; `address` makes it one of a fixed address instead of a host."""
    addresses = (spec["address"],) if "address" in spec else ()
    return ExternalService(
        metadata=metadata(name, spec.get("namespace", NAMESPACE)),
        spec=ExternalServiceSpec(ports=ports, host=host, addresses=addresses),
    )


def slice_of(
    service_name: str,
    *addresses: str,
    number: int = 80,
    port_name: str = "http",
    workloads: Sequence[str] = (),
) -> EndpointSlice:
    """An EndpointSlice of plain addresses, and of workloads by name."""
    plain = [SliceEndpoint(addresses=(address,)) for address in addresses]
    named = [
        SliceEndpoint(addresses=("10.9.9.9",), target_ref=TargetRef(kind="Workload", name=one))
        for one in workloads
    ]
    return EndpointSlice(
        metadata=metadata(f"{service_name}-1", labels={SERVICE_LABEL: service_name}),
        endpoints=(*plain, *named),
        ports=(SlicePort(port=number, name=port_name),),
    )


def parent(
    name: str, number: int | None = None, *, namespace: str = "", section: str = ""
) -> ParentRef:
    """A Service as the parent of a route."""
    return ParentRef(
        group="",
        kind="Service",
        name=name,
        namespace=namespace,
        port=number,
        section_name=section,
    )


def backend(
    name: str, weight: int = 1, *, number: int | None = 80, namespace: str = ""
) -> HTTPBackendRef:
    """A Service as a backend."""
    return HTTPBackendRef(name=name, port=number, weight=weight, namespace=namespace)


def rule(*backends: HTTPBackendRef, match: Sequence[HTTPRouteMatch] = ()) -> HTTPRouteRule:
    """A rule of an HTTPRoute; without matches it takes everything."""
    return HTTPRouteRule(backend_refs=backends, matches=tuple(match))


def path(
    value: str, kind: Literal["Exact", "PathPrefix", "RegularExpression"] = "PathPrefix"
) -> HTTPRouteMatch:
    """A match by path alone."""
    return HTTPRouteMatch(path=PathMatch(type=kind, value=value))


def http_route(
    name: str,
    parents: Sequence[ParentRef],
    *rules: HTTPRouteRule,
    namespace: str = NAMESPACE,
    created: str = "",
) -> HTTPRoute:
    """An HTTPRoute."""
    return HTTPRoute(
        metadata=metadata(name, namespace, created=created),
        spec=HTTPRouteSpec(parent_refs=tuple(parents), rules=rules),
    )


def tcp_route(
    name: str,
    parents: Sequence[ParentRef],
    *backends: BackendRef,
    namespace: str = NAMESPACE,
    created: str = "",
) -> TCPRoute:
    """A TCPRoute."""
    return TCPRoute(
        metadata=metadata(name, namespace, created=created),
        spec=TCPRouteSpec(parent_refs=tuple(parents), rules=(TCPRouteRule(backend_refs=backends),)),
    )


def on_service(name: str, section: str = "") -> PolicyTargetRef:
    """A Service as the target of a policy."""
    return PolicyTargetRef(kind="Service", name=name, section_name=section)


MESH_TARGET = PolicyTargetRef(kind="Mesh", name=DEFAULT_NAME, group="tulle.dev")


def access(
    name: str,
    *targets: PolicyTargetRef,
    rules: Sequence[AccessRule] = (),
    namespace: str = NAMESPACE,
) -> AccessPolicy:
    """An AccessPolicy; without targets it covers its namespace, without rules it lets nobody in."""
    return AccessPolicy(
        metadata=metadata(name, namespace),
        spec=AccessPolicySpec(target_refs=targets, rules=tuple(rules)),
    )


def allow(
    *accounts: str, namespaces: Sequence[str] = (), ports: Sequence[int | str] = ()
) -> AccessRule:
    """A rule for service accounts and namespaces; for everyone of the mesh if none is named."""
    callers = (Caller(service_accounts=accounts, namespaces=tuple(namespaces)),)
    return AccessRule(
        from_=callers if accounts or namespaces else (),
        to=(Operation(ports=tuple(ports)),) if ports else (),
    )


def tls(
    name: str,
    mode: Literal["STRICT", "PERMISSIVE"],
    *targets: PolicyTargetRef,
    namespace: str = NAMESPACE,
    created: str = "",
) -> TlsPolicy:
    """A TlsPolicy."""
    return TlsPolicy(
        metadata=metadata(name, namespace, created=created),
        spec=TlsPolicySpec(mode=mode, target_refs=targets),
    )
