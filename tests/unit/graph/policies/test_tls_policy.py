"""Plaintext: where it is allowed, and where never."""

from typing import Literal

from tests.unit.graph.meshes import codes, compiled, conditions_of

from tulle.model.kinds.tls_policy import TlsPolicy
from tulle.model.kinds.workload import WorkloadPort
from tulle.model.resources import Resource
from tulle.testing.builders import (
    HTTP,
    MESH_TARGET,
    access,
    on_service,
    port,
    service,
    tls,
    workload,
)

API = workload("api", WorkloadPort(port=9080, name="http"), WorkloadPort(port=9090, name="admin"))
SERVICE = service("api", HTTP, port(90, "http", name="admin", target="admin"))


def _plaintext(*policies: Resource) -> list[int | None]:
    """The plaintext ports of 9080 and 9090."""
    (node,) = compiled(SERVICE, API, *policies).graph.workloads.values()
    return [inbound.plaintext_port for inbound in node.inbound]


def _old(name: str, mode: Literal["STRICT", "PERMISSIVE"]) -> TlsPolicy:
    return tls(name, mode, created="2026-01-01T00:00:00Z")


def test_mutual_tls_is_all_there_is_unless_a_policy_says_otherwise() -> None:
    assert _plaintext() == [None, None]
    assert _plaintext(tls("p", "STRICT")) == [None, None]
    assert _plaintext(tls("p", "PERMISSIVE")) == [30000, 30001]


def test_the_most_specific_policy_wins() -> None:
    mesh = tls("mesh", "PERMISSIVE", MESH_TARGET, namespace="ops")
    namespace = tls("ns", "STRICT")
    on_api = tls("svc", "PERMISSIVE", on_service("api"))
    on_admin = tls("port", "STRICT", on_service("api", "admin"))

    assert _plaintext(mesh) == [30000, 30001]
    assert _plaintext(mesh, namespace) == [None, None]
    assert _plaintext(mesh, namespace, on_api) == [30000, 30001]
    assert _plaintext(mesh, namespace, on_api, on_admin) == [30000, None]


def test_of_two_on_one_target_the_older_wins_and_the_other_is_told() -> None:
    younger = tls("a", "STRICT", created="2026-01-02T00:00:00Z")
    older = _old("z", "PERMISSIVE")

    found = compiled(SERVICE, API, younger, older)

    assert _plaintext(younger, older) == [30000, 30001]
    assert codes(found) == ["policy-overridden"]
    assert conditions_of(found, younger)[0].reason == "Conflicted"
    assert conditions_of(found, older)[0].status == "True"


def test_of_two_services_with_one_workload_the_older_policy_counts() -> None:
    other = service("other", selector={"app": "api"})
    strict = tls("a", "STRICT", on_service("api"), created="2026-01-02T00:00:00Z")
    permissive = tls("b", "PERMISSIVE", on_service("other"), created="2026-01-01T00:00:00Z")

    assert _plaintext(other, strict, permissive) == [30000, 30001]


def test_a_guarded_port_never_takes_plaintext_and_the_policy_is_told() -> None:
    permissive = tls("p", "PERMISSIVE")
    guard = access("g", on_service("api", "admin"))

    found = compiled(SERVICE, API, permissive, guard)

    assert _plaintext(permissive, guard) == [30000, None]
    assert codes(found) == ["plaintext-refused"]
    (problem,) = found.problems
    assert "shop/api port 9090" in problem.message
    assert "certificate" in conditions_of(found, permissive)[0].message


def test_a_proxy_that_reported_no_plaintext_port_takes_none() -> None:
    (node,) = compiled(
        SERVICE, workload("api", mtls_port=None), tls("p", "PERMISSIVE")
    ).graph.workloads.values()

    assert [inbound.plaintext_port for inbound in node.inbound] == [None]
