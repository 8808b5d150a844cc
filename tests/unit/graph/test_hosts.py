"""URLs of callers: which service of the mesh they mean."""

import pytest
from tests.unit.graph.meshes import compiled, to

from tulle.graph.hosts import Place, resolve
from tulle.model.names import WorkloadRef
from tulle.model.problems import Problem
from tulle.testing.builders import HTTP, port, service, upstream, workload

FOUND = compiled(
    service("reviews"),
    service("odd", port(9000, "http")),
    service("many", HTTP, port(81, "http", name="b"), selector={"app": "x"}, cluster_ip="10.1.0.7"),
    service("reviews", namespace="office"),
    workload("web", upstreams=[upstream("odd", 9000)]),
).graph
WEB = FOUND.workloads[WorkloadRef("shop", "web")]


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://reviews/a?b=c", Place(to("reviews"), "/a", "b=c")),
        ("reviews", Place(to("reviews"), "", "")),
        ("http://Reviews:80", Place(to("reviews"), "", "")),
        ("http://reviews.office/", Place(to("reviews", namespace="office"), "/", "")),
        ("http://reviews.shop.svc/", Place(to("reviews"), "/", "")),
        ("http://reviews.shop.svc.cluster.local./", Place(to("reviews"), "/", "")),
        ("http://reviews.office.mesh", Place(to("reviews", namespace="office"), "", "")),
        ("http://odd/", Place(to("odd", 9000), "/", "")),
        ("grpc://many:81/x", Place(to("many", 81), "/x", "")),
        ("http://10.1.0.7/", Place(to("many"), "/", "")),
        ("http://127.0.0.1:20000/x", Place(to("odd", 9000), "/x", "")),
        ("localhost:20000", Place(to("odd", 9000), "", "")),
        ("http://[::1]:20000/", Place(to("odd", 9000), "/", "")),
    ],
)
def test_every_form_of_a_name_leads_to_its_service(url: str, place: Place) -> None:
    assert resolve(FOUND, WEB, url) == place


@pytest.mark.parametrize(
    ("url", "code", "hint"),
    [
        ("http://reveiws/", "host-unknown", "did you mean 'reviews'?"),
        ("http://reviews.ofice/", "host-unknown", "did you mean 'reviews.office'?"),
        ("http://xyz.example/", "host-unknown", "write NAME"),
        ("http://reviews:8080/", "unknown-port", "its ports are 80"),
        ("https://many/", "unknown-port", "its ports are 80, 81"),
        ("http://127.0.0.1:1/", "host-unknown", "20000 (shop/odd:9000)"),
        ("http://reviews:70000/", "url-invalid", ""),
        ("http:///path", "url-invalid", ""),
        ("http://[::1/", "url-invalid", ""),
        ("http://reviews/" + "a" * 9000, "url-invalid", ""),
    ],
)
def test_what_leads_nowhere_says_so_with_a_way_out(url: str, code: str, hint: str) -> None:
    problem = resolve(FOUND, WEB, url)

    assert isinstance(problem, Problem)
    assert problem.code == code
    assert hint in problem.hint
    assert len(str(problem)) < 500
