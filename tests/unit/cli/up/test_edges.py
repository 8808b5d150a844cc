"""The edges a mesh declares."""

from tulle.cli.inspection.local import world_of
from tulle.cli.up.edges import called_workloads, declared_edges
from tulle.codec import decode
from tulle.graph.compile import compile_mesh
from tulle.graph.mesh import MeshGraph
from tulle.model.names import WorkloadRef

MESH = """
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {selector: {app: cart}, ports: [{name: http, port: 80, targetPort: 9000}]}
---
apiVersion: v1
kind: Service
metadata: {name: cart-next, namespace: shop}
spec: {selector: {app: cart-next}, ports: [{name: http, port: 80, targetPort: 9001}]}
---
apiVersion: tulle.dev/v1
kind: Process
metadata: {name: cart, namespace: shop}
spec: {command: [cart], labels: {app: cart}, ports: [{port: 9000}]}
---
apiVersion: tulle.dev/v1
kind: Process
metadata: {name: cart-next, namespace: shop}
spec: {command: [cart], labels: {app: cart-next}, ports: [{port: 9001}]}
---
apiVersion: tulle.dev/v1
kind: Process
metadata: {name: web, namespace: shop}
spec: {command: [web], upstreams: [{service: cart, port: 80}]}
"""
ROUTE = """
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: cart, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: cart}]
  rules:
    - backendRefs: [{name: cart, port: 80, weight: %d}, {name: cart-next, port: 80, weight: %d}]
"""
WEB = WorkloadRef("shop", "web")


def graph(text: str) -> MeshGraph:
    return compile_mesh(world_of(decode.read(text, "m.yaml").resources)).graph


def edges(text: str) -> list[str]:
    return [str(edge) for edge in declared_edges(graph(text), [WEB])]


def test_without_routes_an_upstream_is_an_edge_to_its_service() -> None:
    assert edges(MESH) == ["shop/web -> shop/cart:80"]


def test_a_split_makes_an_edge_of_every_share() -> None:
    assert edges(MESH + ROUTE % (3, 1)) == [
        "shop/web -> shop/cart:80",
        "shop/web -> shop/cart-next:80",
    ]


def test_a_share_of_nothing_is_no_edge() -> None:
    assert edges(MESH + ROUTE % (0, 1)) == ["shop/web -> shop/cart-next:80"]


def test_a_workload_without_upstreams_declares_nothing() -> None:
    assert declared_edges(graph(MESH), [WorkloadRef("shop", "cart")]) == ()


def test_the_workloads_behind_all_shares_may_be_called() -> None:
    found = called_workloads(graph(MESH + ROUTE % (3, 1)), WEB)

    assert found == {WorkloadRef("shop", "cart"), WorkloadRef("shop", "cart-next")}
