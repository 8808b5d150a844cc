"""Small meshes to reconcile, in one namespace: services, the workloads behind them, who calls whom."""

from collections.abc import Sequence

from tulle.model.kinds.access_policy import AccessPolicy, AccessPolicySpec, AccessRule, Source
from tulle.model.kinds.gateway_api import ParentRef
from tulle.model.kinds.http_route import HTTPBackendRef, HTTPRoute, HTTPRouteRule, HTTPRouteSpec
from tulle.model.kinds.mesh import Connections, Mesh, MeshSpec
from tulle.model.kinds.service import Service, ServicePort, ServiceSpec
from tulle.model.kinds.workload import (
    BoundCapture,
    BoundUpstream,
    ProxyStatus,
    Upstream,
    Workload,
    WorkloadPort,
    WorkloadSpec,
    WorkloadStatus,
)
from tulle.model.resources import Condition, Metadata

CAPTURE = BoundCapture(mode="cgroup", outbound_port=15001, inbound_port=15006)


def service(name: str, port: int = 80, *, headless: bool = False) -> Service:
    spec = ServiceSpec(
        selector={"app": name},
        ports=(ServicePort(port=port, app_protocol="http", target_port="http"),),
        cluster_ip="None" if headless else "",
    )
    return Service(metadata=Metadata(name=name, namespace="shop"), spec=spec)


def workload(
    name: str,
    calls: Sequence[str] = (),
    *,
    ready: bool = True,
    joined: bool = True,
    names: bool = False,
    captured: bool = False,
    port: int = 9080,
) -> Workload:
    upstreams = tuple(Upstream(service=called, port=80) for called in calls)
    bound = tuple(
        BoundUpstream(service=called, namespace="shop", port=80, local_port=20000 + index)
        for index, called in enumerate(calls)
    )
    ready_condition = Condition(type="Ready", status=str(ready), reason="Healthy")
    status = WorkloadStatus(
        proxy=(
            ProxyStatus(
                mtls_port=15009,
                upstreams=bound,
                dns_port=15053 if names else None,
                capture=CAPTURE if captured else None,
            )
            if joined
            else None
        ),
        conditions=(ready_condition,),
    )
    return Workload(
        metadata=Metadata(name=name, namespace="shop", labels={"app": name}),
        spec=WorkloadSpec(
            address="10.0.0.1", ports=(WorkloadPort(port=port, name="http"),), upstreams=upstreams
        ),
        status=status,
    )


def route(parent: str, backend: str) -> HTTPRoute:
    rule = HTTPRouteRule(backend_refs=(HTTPBackendRef(name=backend, port=80),))
    spec = HTTPRouteSpec(
        parent_refs=(ParentRef(name=parent, group="", kind="Service"),), rules=(rule,)
    )
    return HTTPRoute(metadata=Metadata(name=f"to-{parent}", namespace="shop"), spec=spec)


def mesh(drain: str) -> Mesh:
    return Mesh(
        metadata=Metadata(name="default"), spec=MeshSpec(connections=Connections(drain=drain))
    )


def lock(*callers: str) -> AccessPolicy:
    """Lets these service accounts in everywhere, and nobody else."""
    rules = (AccessRule(from_=(Source(service_accounts=callers),)),) if callers else ()
    return AccessPolicy(
        metadata=Metadata(name="lock", namespace="shop"), spec=AccessPolicySpec(rules=rules)
    )
