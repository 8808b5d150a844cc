"""Large worlds for the benchmarks: N services of M workloads each, every workload calling a few services.

With a `hub`, one service that every workload calls besides: what changes there concerns every proxy.
"""

from tulle.model.kinds.gateway_api import ParentRef
from tulle.model.kinds.http_route import (
    HeaderModifier,
    HTTPBackendRef,
    HTTPHeader,
    HTTPRoute,
    HTTPRouteFilter,
    HTTPRouteRule,
    HTTPRouteSpec,
)
from tulle.model.kinds.service import Service, ServicePort, ServiceSpec
from tulle.model.kinds.workload import (
    BoundUpstream,
    ProxyStatus,
    Upstream,
    Workload,
    WorkloadPort,
    WorkloadSpec,
    WorkloadStatus,
)
from tulle.model.resources import Condition, Metadata
from tulle.model.worlds import World

NAMESPACE = "bench"
UPSTREAMS = 5
HUB = "svc-0"


def service(number: int) -> Service:
    """Service `svc-N`, HTTP on port 80, selecting `app: svc-N`."""
    name = f"svc-{number}"
    port = ServicePort(port=80, name="http", app_protocol="http", target_port="http")
    return Service(
        metadata=Metadata(name=name, namespace=NAMESPACE, labels={"app": name}),
        spec=ServiceSpec(selector={"app": name}, ports=(port,)),
    )


def workload(
    number: int, copy: int, services: int, *, ready: bool = True, hub: bool = False
) -> Workload:
    """A workload of `svc-N`, whose proxy reported its ports; it calls the next few services, and the hub."""
    called = [f"svc-{(number + step) % services}" for step in range(1, UPSTREAMS + 1)]
    if hub and HUB not in called:
        called[-1] = HUB
    bound = tuple(
        BoundUpstream(service=name, namespace=NAMESPACE, port=80, local_port=20000 + step)
        for step, name in enumerate(called)
    )
    return Workload(
        metadata=Metadata(
            name=f"svc-{number}-{copy}", namespace=NAMESPACE, labels={"app": f"svc-{number}"}
        ),
        spec=WorkloadSpec(
            address=f"10.{number // 250}.{number % 250}.{copy + 1}",
            service_account_name=f"svc-{number}",
            ports=(WorkloadPort(port=8080, name="http"),),
            upstreams=tuple(Upstream(service=name, port=80) for name in called),
        ),
        status=WorkloadStatus(
            proxy=ProxyStatus(mtls_port=15009, upstreams=bound),
            conditions=(
                Condition(type="Ready", status="True" if ready else "False", reason="Healthy"),
            ),
        ),
    )


def world(services: int, copies: int) -> World:
    """`services` services with `copies` workloads each."""
    resources = [service(number) for number in range(services)]
    workloads = [
        workload(number, copy, services) for number in range(services) for copy in range(copies)
    ]
    return World([*resources, *workloads], revision=1)


def route(value: str) -> HTTPRoute:
    """A route of the hub; another value is a change for everyone who calls it."""
    header = HeaderModifier(set=(HTTPHeader(name="x-bench", value=value),))
    to = HTTPBackendRef(name=HUB, port=80)
    change = HTTPRouteFilter(type="RequestHeaderModifier", request_header_modifier=header)
    return HTTPRoute(
        metadata=Metadata(name="hub", namespace=NAMESPACE),
        spec=HTTPRouteSpec(
            parent_refs=(ParentRef(group="", kind="Service", name=HUB, port=80),),
            rules=(HTTPRouteRule(filters=(change,), backend_refs=(to,)),),
        ),
    )
