"""Hypothesis strategies for whole worlds: few names, so that references meet, miss and collide.

`worlds()` gives lists of resources, each name once, in any order; every one of them could have been decoded
from text, sense or none.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any

from hypothesis import strategies as st

from tulle.model.kinds.access_policy import AccessPolicy, AccessPolicySpec, AccessRule, Operation
from tulle.model.kinds.access_policy import Source as Caller
from tulle.model.kinds.core import ConfigMap
from tulle.model.kinds.endpoint_slice import (
    SERVICE_LABEL,
    EndpointConditions,
    EndpointSlice,
    SliceEndpoint,
    SlicePort,
    TargetRef,
)
from tulle.model.kinds.external_service import (
    ExternalPort,
    ExternalService,
    ExternalServiceSpec,
    ExternalTls,
)
from tulle.model.kinds.gateway_api import BackendRef, ParentRef
from tulle.model.kinds.http_route import (
    HeaderMatch,
    HeaderModifier,
    HTTPBackendRef,
    HTTPHeader,
    HTTPRoute,
    HTTPRouteFilter,
    HTTPRouteMatch,
    HTTPRouteRule,
    HTTPRouteSpec,
    HTTPRouteTimeouts,
    PathMatch,
    QueryParamMatch,
)
from tulle.model.kinds.mesh import DEFAULT_NAME, Mesh, MeshSpec, MeshStatus, VirtualAddresses
from tulle.model.kinds.policies import PolicyTargetRef
from tulle.model.kinds.process import Process, ProcessSpec
from tulle.model.kinds.service import Service, ServicePort, ServiceSpec, ServiceStatus
from tulle.model.kinds.tcp_route import TCPRoute, TCPRouteRule, TCPRouteSpec
from tulle.model.kinds.tls_policy import TlsPolicy, TlsPolicySpec
from tulle.model.kinds.workload import (
    AccessEpoch,
    BoundCapture,
    BoundPort,
    BoundUpstream,
    HttpProxy,
    Locality,
    ProbePort,
    ProxyStatus,
    Upstream,
    Workload,
    WorkloadPort,
    WorkloadSpec,
    WorkloadStatus,
)
from tulle.model.resources import Condition, Metadata, Resource

Key = Callable[[Any], Hashable]
"""What must differ between the items of a list."""

NAMESPACES = st.sampled_from(["east", "east", "east", "west"])
SERVICES = st.sampled_from(["cart", "cart", "pay"])
ACCOUNTS = st.sampled_from(["buyer", "teller"])
PORTS = st.sampled_from([80, 80, 80, 81])
PROGRAM_PORTS = st.sampled_from([8080, 8080, 8080, 9090])
CAPTURE = BoundCapture(
    mode="netns",
    outbound_port=15001,
    inbound_port=15006,
    probes=(ProbePort(port=15021, program_port=9080, path="/healthz"),),
)
PORT_NAMES = st.sampled_from(["http", "http", "http", "db"])
APP_PROTOCOLS = st.sampled_from(["", "", "http", "grpc", "tcp", "redis", "kubernetes.io/h2c"])
TIMES = st.sampled_from(["", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"])
LABELS = st.fixed_dictionaries(
    {"app": st.sampled_from(["cart", "cart", "pay"])},
    optional={"version": st.sampled_from(["v1", "v2"])},
)
SELECTORS = st.sampled_from(
    [{"app": "cart"}, {"app": "cart"}, {"app": "pay"}, {"app": "cart", "version": "v1"}, {}]
)
NO_LABELS: st.SearchStrategy[dict[str, str]] = st.just({})
GENERATIONS = st.integers(1, 3)


def worlds() -> st.SearchStrategy[list[Resource]]:
    """Resources of all kinds the compiler reads, in any order, always with services and workloads among them."""
    parts = st.tuples(
        st.lists(services(), min_size=1, max_size=4),
        st.lists(workloads(), min_size=1, max_size=4),
        st.lists(http_routes(), max_size=3),
        st.lists(access_policies() | tls_policies(), max_size=2),
        st.lists(resources(), max_size=5),
    )
    return parts.map(_unique).flatmap(st.permutations)


def _unique(parts: tuple[list[Any], ...]) -> list[Resource]:
    """Of two resources with one name the first."""
    found: dict[object, Resource] = {}
    for resource in (one for part in parts for one in part):
        found.setdefault(resource.key, resource)
    return list(found.values())


def resources() -> st.SearchStrategy[Resource]:
    """One resource of any kind."""
    return st.one_of(
        services(),
        workloads(),
        external_services(),
        http_routes(),
        tcp_routes(),
        access_policies(),
        tls_policies(),
        endpoint_slices(),
        processes(),
        meshes(),
        config_maps(),
    )


def _metadata(
    names: st.SearchStrategy[str], labels: st.SearchStrategy[dict[str, str]] = NO_LABELS
) -> st.SearchStrategy[Metadata]:
    return st.builds(
        Metadata,
        name=names,
        namespace=NAMESPACES,
        labels=labels,
        creation_timestamp=TIMES,
        generation=GENERATIONS,
    )


def _few(strategy: st.SearchStrategy[Any], least: int = 0, most: int = 2) -> st.SearchStrategy[Any]:
    return st.lists(strategy, min_size=least, max_size=most).map(tuple)


def _each_once(
    strategy: st.SearchStrategy[Any], key: Key | tuple[Key, ...], least: int = 0
) -> st.SearchStrategy[Any]:
    return st.lists(strategy, min_size=least, max_size=2, unique_by=key).map(tuple)


def services() -> st.SearchStrategy[Service]:
    """Services of every sort: selecting, by slices, headless, named outside, with addresses of their own."""
    ports = st.builds(
        ServicePort,
        port=PORTS,
        name=PORT_NAMES,
        protocol=st.sampled_from([*["TCP"] * 6, "UDP"]),
        app_protocol=APP_PROTOCOLS,
        target_port=st.sampled_from(["http", "http", 8080, 8080, "db", ""]),
    )
    spec = st.builds(
        ServiceSpec,
        ports=_each_once(ports, lambda port: (port.port, port.protocol), least=1),
        selector=SELECTORS,
        type=st.sampled_from([*["ClusterIP"] * 6, "ExternalName"]),
        cluster_ip=st.sampled_from(["", "", "", "", "None", "10.1.0.1"]),
        external_name=st.sampled_from(["", "db.example"]),
    )
    status = st.builds(
        ServiceStatus, virtual_addresses=_few(st.sampled_from(["240.0.0.1", "240.0.0.2"]), most=1)
    )
    return st.builds(Service, metadata=_metadata(SERVICES), spec=spec, status=status)


@st.composite
def workloads(draw: st.DrawFn) -> Workload:
    """Workloads in every state, their proxies reported or not."""
    metadata = draw(_metadata(st.sampled_from(["cart-a", "cart-b", "pay-a", "client"]), LABELS))
    upstreams = draw(_few(_upstreams(), most=3))
    spec = WorkloadSpec(
        address=draw(st.sampled_from(["10.0.0.1", "10.0.0.2", "fd00::1"])),
        service_account_name=draw(ACCOUNTS),
        ports=draw(_each_once(_program_ports(), lambda port: port.port, least=1)),
        upstreams=upstreams,
        http_proxy=draw(st.sampled_from([None, HttpProxy()])),
        locality=Locality(region=draw(st.sampled_from(["", "eu"]))),
    )
    proxy = ProxyStatus(
        mtls_port=draw(st.integers(15009, 15011)),
        plaintext_ports=tuple(
            BoundPort(port=port.port, proxy_port=30000 + index)
            for index, port in enumerate(spec.ports)
        ),
        upstreams=tuple(_bound(metadata.namespace, upstreams)),
        http_proxy_port=20090 if spec.http_proxy else None,
        capture=draw(st.sampled_from([None, None, CAPTURE])),
    )
    status = WorkloadStatus(
        proxy=draw(st.sampled_from([proxy, proxy, proxy, None])),
        access_epochs=draw(
            _few(st.builds(AccessEpoch, port=PROGRAM_PORTS, epoch=st.integers(0, 2)), most=1)
        ),
        conditions=(
            _condition("Ready", draw(st.sampled_from([*["True"] * 4, "False"]))),
            _condition("Draining", draw(st.sampled_from([*["False"] * 5, "True"]))),
        ),
    )
    return Workload(metadata=metadata, spec=spec, status=status)


def _upstreams() -> st.SearchStrategy[Upstream]:
    return st.builds(
        Upstream, service=SERVICES, port=PORTS, namespace=st.one_of(st.just(""), NAMESPACES)
    )


def _bound(namespace: str, upstreams: Iterable[Upstream]) -> Iterator[BoundUpstream]:
    """What a proxy reports of its upstreams."""
    wanted = dict.fromkeys((u.service, u.namespace or namespace, u.port) for u in upstreams)
    for index, (service, other, port) in enumerate(wanted):
        yield BoundUpstream(service=service, namespace=other, port=port, local_port=20000 + index)


def _program_ports() -> st.SearchStrategy[WorkloadPort]:
    return st.builds(WorkloadPort, port=PROGRAM_PORTS, name=PORT_NAMES, app_protocol=APP_PROTOCOLS)


def _condition(kind: str, status: str) -> Condition:
    return Condition(type=kind, status=status, reason="Test")


def processes() -> st.SearchStrategy[Process]:
    """Programs that do not run yet."""
    spec = st.builds(
        ProcessSpec,
        ports=_each_once(_program_ports(), lambda port: port.port),
        labels=LABELS,
        service_account_name=ACCOUNTS,
        upstreams=_few(st.builds(Upstream, service=SERVICES, port=PORTS)),
    )
    return st.builds(Process, metadata=_metadata(st.just("job")), spec=spec)


def external_services() -> st.SearchStrategy[ExternalService]:
    """Hosts outside, some of them under the name of a Service."""
    tls = st.builds(
        ExternalTls,
        sni=st.just("db.example"),
        ca_certificates=st.sampled_from(["", "bundle"]),
    )
    ports = st.builds(
        ExternalPort,
        port=PORTS,
        name=st.sampled_from(["", "https", "http"]),
        app_protocol=APP_PROTOCOLS,
        tls=st.one_of(st.none(), tls),
    )
    spec = st.builds(
        ExternalServiceSpec,
        ports=_each_once(ports, lambda port: port.port, least=1),
        host=st.sampled_from(["", "db.example"]),
        addresses=_few(st.sampled_from(["192.0.2.1", "192.0.2.2"]), most=1),
    )
    names = st.sampled_from(["outside", "outside", "pay"])
    return st.builds(ExternalService, metadata=_metadata(names), spec=spec)


def endpoint_slices() -> st.SearchStrategy[EndpointSlice]:
    """Endpoints by hand: plain ones, and some that name workloads."""
    target = st.builds(
        TargetRef,
        kind=st.sampled_from(["Workload", "Pod"]),
        name=st.sampled_from(["cart-a", "pay-a", "nobody"]),
        namespace=st.one_of(st.just(""), NAMESPACES),
    )
    endpoints = st.builds(
        SliceEndpoint,
        addresses=st.sampled_from([("10.5.0.1",), ("10.5.0.2",)]),
        conditions=st.builds(EndpointConditions, ready=st.sampled_from([None, True, False])),
        target_ref=st.one_of(st.none(), target),
    )
    labels = SERVICES.map(lambda name: {SERVICE_LABEL: name})
    return st.builds(
        EndpointSlice,
        metadata=_metadata(st.sampled_from(["slice-1", "slice-2"]), labels),
        endpoints=_few(endpoints),
        ports=_few(st.builds(SlicePort, port=PROGRAM_PORTS, name=PORT_NAMES)),
    )


def _parents() -> st.SearchStrategy[Any]:
    parent = st.builds(
        ParentRef,
        group=st.sampled_from(["", "", "", "core", "gateway.networking.k8s.io"]),
        kind=st.just("Service"),
        name=SERVICES,
        namespace=st.one_of(st.just(""), NAMESPACES),
        port=st.one_of(st.none(), PORTS),
        section_name=st.sampled_from(["", "", "", "http"]),
    )
    return _few(parent, least=1)


def _backends(kind: type[BackendRef]) -> st.SearchStrategy[Any]:
    return st.builds(
        kind,
        name=st.sampled_from(["cart", "cart", "pay", "nobody"]),
        namespace=st.one_of(st.just(""), NAMESPACES),
        port=st.sampled_from([80, 80, 80, 81, None]),
        weight=st.integers(0, 3),
    ) | st.builds(
        kind,
        name=st.just("outside"),
        group=st.just("tulle.dev"),
        kind=st.sampled_from(["ExternalService", "ExternalService", "Teapot"]),
        port=PORTS,
    )


def http_routes() -> st.SearchStrategy[HTTPRoute]:
    """Routes of every shape, attached anywhere or nowhere."""
    header = st.sampled_from(["X-Who", "x-who", "x-what"])
    value = st.sampled_from(["a", "b"])
    kinds = st.sampled_from(["Exact", "RegularExpression"])
    paths = st.builds(
        PathMatch,
        type=st.sampled_from(["Exact", "PathPrefix", "RegularExpression"]),
        value=st.sampled_from(["/", "/a", "/a/", "/a/b"]),
    )
    matches = st.builds(
        HTTPRouteMatch,
        path=paths,
        headers=_few(st.builds(HeaderMatch, name=header, value=value, type=kinds)),
        query_params=_few(st.builds(QueryParamMatch, name=header, value=value, type=kinds)),
        method=st.sampled_from([None, "GET", "POST"]),
    )
    modifier = st.builds(
        HeaderModifier,
        set=_few(st.builds(HTTPHeader, name=header, value=value), most=1),
        remove=_few(header, most=1),
    )
    filters = st.builds(
        HTTPRouteFilter,
        type=st.just("RequestHeaderModifier"),
        request_header_modifier=modifier,
    )
    duration = st.sampled_from([None, "0s", "1s", "1m30s"])
    rules = st.builds(
        HTTPRouteRule,
        name=st.sampled_from(["", "first"]),
        matches=_few(matches),
        filters=_few(filters, most=1),
        backend_refs=_few(_backends(HTTPBackendRef)),
        timeouts=st.builds(HTTPRouteTimeouts, request=duration, backend_request=duration),
    )
    spec = st.builds(HTTPRouteSpec, parent_refs=_parents(), rules=_few(rules, least=1))
    names = st.sampled_from(["route-1", "route-2", "route-3"])
    return st.builds(HTTPRoute, metadata=_metadata(names), spec=spec)


def tcp_routes() -> st.SearchStrategy[TCPRoute]:
    """Splits of connections."""
    rules = st.builds(TCPRouteRule, backend_refs=_few(_backends(BackendRef), least=1))
    spec = st.builds(TCPRouteSpec, parent_refs=_parents(), rules=rules.map(lambda rule: (rule,)))
    return st.builds(
        TCPRoute, metadata=_metadata(st.sampled_from(["split-1", "split-2"])), spec=spec
    )


def _targets() -> st.SearchStrategy[Any]:
    named = st.builds(
        PolicyTargetRef,
        kind=st.just("Service"),
        name=SERVICES,
        section_name=st.sampled_from(["", "", "http"]),
    )
    wide = st.sampled_from(
        [
            PolicyTargetRef(kind="Mesh", name=DEFAULT_NAME, group="tulle.dev"),
            PolicyTargetRef(kind="Namespace", name="east"),
        ]
    )
    return _few(st.one_of(named, named, wide))


def access_policies() -> st.SearchStrategy[AccessPolicy]:
    """Who may call whom."""
    accounts = st.one_of(ACCOUNTS, ACCOUNTS.map(lambda name: f"west/{name}"))
    callers = st.builds(
        Caller, service_accounts=_few(accounts), namespaces=_few(NAMESPACES, most=1)
    )
    operations = st.builds(Operation, ports=_few(st.one_of(PROGRAM_PORTS, PORT_NAMES), least=1))
    rules = st.builds(AccessRule, from_=_few(callers), to=_few(operations, most=1))
    spec = st.builds(AccessPolicySpec, target_refs=_targets(), rules=_few(rules))
    names = st.sampled_from(["access-1", "access-2"])
    return st.builds(AccessPolicy, metadata=_metadata(names), spec=spec)


def tls_policies() -> st.SearchStrategy[TlsPolicy]:
    """Strict or permissive."""
    spec = st.builds(
        TlsPolicySpec,
        mode=st.sampled_from(["PERMISSIVE", "PERMISSIVE", "STRICT"]),
        target_refs=_targets(),
    )
    return st.builds(TlsPolicy, metadata=_metadata(st.sampled_from(["tls-1", "tls-2"])), spec=spec)


def meshes() -> st.SearchStrategy[Mesh]:
    """The Mesh, with address ranges down to a handful."""
    ranges = st.builds(
        VirtualAddresses,
        ipv4=st.sampled_from(["240.0.0.0/16", "240.0.0.0/30", "240.0.0.0/29"]),
        ipv6=st.sampled_from(["fd00::/112", "fd00::/126"]),
    )
    spec = st.builds(
        MeshSpec,
        trust_domain=st.sampled_from(["mesh.local", "other.example"]),
        virtual_addresses=ranges,
        scope=st.sampled_from(["All", "Used"]),
    )
    metadata = st.builds(Metadata, name=st.just(DEFAULT_NAME), generation=GENERATIONS)
    status = st.builds(MeshStatus, trust_bundle=st.sampled_from([(), ("PEM",)]))
    return st.builds(Mesh, metadata=metadata, spec=spec, status=status)


def config_maps() -> st.SearchStrategy[ConfigMap]:
    """Bundles ExternalServices name, with certificates or without."""
    data = st.sampled_from([{}, {"ca.crt": "PEM"}])
    return st.builds(ConfigMap, metadata=_metadata(st.just("bundle")), data=data)
