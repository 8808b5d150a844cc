"""Workloads with their upstreams and epochs."""

import msgspec
from tests.unit.graph.meshes import codes, compiled

from tulle.graph.mesh import Probe, WorkloadNode
from tulle.model.kinds.workload import (
    AccessEpoch,
    BoundCapture,
    HttpProxy,
    ProbePort,
    Workload,
    WorkloadPort,
)
from tulle.model.names import WorkloadRef
from tulle.model.resources import Resource
from tulle.testing.builders import captured, mesh, port, process, service, upstream, workload

API = service("api", port(80, "http"))


def _web(*resources: Resource) -> WorkloadNode:
    return compiled(*resources).graph.workloads[WorkloadRef("shop", "web")]


def test_a_workload_has_the_identity_of_its_account() -> None:
    node = _web(mesh(trust_domain="x.y"), workload("web", account="frontend"))

    assert node.identity == "spiffe://x.y/ns/shop/sa/frontend"
    assert (node.address, node.mtls_port, node.accepts_traffic) == ("10.0.0.1", 15009, True)


def test_upstreams_that_exist_stand_on_the_ports_the_proxy_reported_each_once() -> None:
    web = workload(
        "web",
        upstreams=[
            upstream("db", 5432, "office"),
            upstream("api"),
            upstream("api"),
            upstream("nobody"),
        ],
    )

    node = _web(web, API, service("db", port(5432), namespace="office"))

    assert [(str(o.service), o.local_port, o.origin.field) for o in node.outbound] == [
        ("office/db", 20000, "spec.upstreams[0]"),
        ("shop/api", 20002, "spec.upstreams[1]"),
    ]


def test_a_proxy_that_has_not_reported_has_no_upstreams_yet() -> None:
    node = _web(workload("web", upstreams=[upstream("api")], mtls_port=None), API)

    assert node.outbound == ()
    assert node.mtls_port is None


def test_an_upstream_that_names_nothing_is_told_on_the_workload() -> None:
    web = workload("web", upstreams=[upstream("apo"), upstream("api", 81)])

    found = compiled(web, API, workload("api"))

    problems = [problem for problem in found.problems if problem.resource == web.key]
    assert [(problem.path, problem.code) for problem in problems] == [
        ("spec.upstreams[0].service", "upstream-unknown"),
        ("spec.upstreams[1].port", "upstream-port-unknown"),
    ]
    assert problems[0].hint == "did you mean 'api'?"
    assert problems[1].hint == "its ports are 80"


def test_what_a_process_declares_is_told_of_the_process_alone() -> None:
    declared = process("web", WorkloadPort(port=1, app_protocol="htpp"), upstreams=[upstream("no")])
    running = workload("web", WorkloadPort(port=1, app_protocol="htpp"), upstreams=[upstream("no")])

    assert codes(compiled(running)) == ["app-protocol-unknown", "upstream-unknown"]
    both = compiled(declared, running)
    assert [problem.resource for problem in both.problems] == [declared.key, declared.key]


def test_the_epoch_of_a_port_comes_from_the_status() -> None:
    made = workload("web")
    status = msgspec.structs.replace(
        made.status, access_epochs=(AccessEpoch(port=9080, epoch=3), AccessEpoch(port=1, epoch=9))
    )
    aged: Workload = msgspec.structs.replace(made, status=status)

    assert _web(aged).inbound[0].permission.epoch == 3


def test_a_workload_knows_the_services_it_belongs_to() -> None:
    node = _web(workload("web"), service("web"), service("all", selector={"app": "web"}), API)

    assert [str(ref) for ref in node.services] == ["shop/all", "shop/web"]


def test_how_a_program_is_captured_is_what_its_proxy_reported() -> None:
    probe = ProbePort(port=15021, program_port=9080, path="/healthz")
    bound = BoundCapture(mode="netns", outbound_port=1, inbound_port=2, ipv6=False, probes=(probe,))
    made = _web(captured(workload("web"), bound)).capture

    assert made is not None
    assert (made.mode, made.outbound_port, made.inbound_port, made.ipv6) == ("netns", 1, 2, False)
    assert made.probes == (Probe(15021, 9080, "/healthz"),)
    assert made.origin.field == "status.proxy.capture"
    assert _web(workload("web")).capture is None


def test_requests_by_name_are_taken_where_asked_for_on_the_port_the_proxy_reported() -> None:
    web = workload("web", upstreams=[upstream("api")])
    asked = msgspec.structs.replace(
        web, spec=msgspec.structs.replace(web.spec, http_proxy=HttpProxy())
    )
    assert web.status.proxy is not None
    proxy = msgspec.structs.replace(web.status.proxy, http_proxy_port=18000)
    status = msgspec.structs.replace(web.status, proxy=proxy)
    reported = msgspec.structs.replace(asked, status=status)

    made = _web(reported, API).http_proxy

    assert made is not None
    assert (made.local_port, made.origin.field) == (18000, "spec.httpProxy")
    assert _web(web, API).http_proxy is None
    assert _web(asked, API).http_proxy is None
