"""The mesh some manifests describe, as if it ran."""

from itertools import permutations

from tulle.cli.inspection.local import ROOT, world_of
from tulle.codec import decode
from tulle.graph.services.programs import accepts_traffic
from tulle.model.kinds.mesh import Mesh
from tulle.model.kinds.workload import Workload

MANIFEST = """
apiVersion: tulle.dev/v1
kind: Process
metadata: {name: web, namespace: shop}
spec:
  command: [web, $(PORT)]
  labels: {app: web}
  serviceAccountName: web
  replicas: 2
  ports: [{name: http, port: 8080}]
  upstreams: [{service: cart, port: 80}]
  httpProxy: {}
---
apiVersion: tulle.dev/v1
kind: Workload
metadata: {name: vm, namespace: shop}
spec:
  address: 10.0.0.6
  ports: [{port: 9080}]
  upstreams: [{service: db, port: 5432, localPort: 6000}]
  httpProxy: {port: 6001}
---
apiVersion: tulle.dev/v1
kind: Workload
metadata: {name: known, namespace: shop}
spec: {address: 127.0.0.1}
status: {proxy: {mtlsPort: 4711}}
"""


def workloads() -> dict[str, Workload]:
    decoded = decode.read(MANIFEST, "m.yaml")
    assert decoded.problems == ()
    return {w.metadata.name: w for w in world_of(decoded.resources).all(Workload)}


def test_every_replica_becomes_a_workload_that_takes_traffic() -> None:
    found = workloads()

    assert sorted(found) == ["known", "vm", "web-0", "web-1"]
    assert accepts_traffic(found["web-0"])
    assert found["web-0"].metadata.labels == {"app": "web"}
    assert found["web-0"].spec.service_account_name == "web"


def test_placeholder_ports_are_unique_per_address_and_asked_for_ones_are_kept() -> None:
    found = workloads()
    zero, one = found["web-0"].status.proxy, found["web-1"].status.proxy
    assert zero is not None
    assert one is not None

    taken = [
        port
        for proxy in (zero, one)
        for port in (
            proxy.mtls_port,
            *(bound.proxy_port for bound in proxy.plaintext_ports),
            *(bound.local_port for bound in proxy.upstreams),
            proxy.http_proxy_port,
        )
    ]

    assert len(taken) == len(set(taken)) == 8
    vm = found["vm"].status.proxy
    assert vm is not None
    assert vm.mtls_port == 15009
    assert [up.local_port for up in vm.upstreams] == [6000]
    assert vm.http_proxy_port == 6001


def test_a_workload_that_has_reported_keeps_what_it_reported() -> None:
    proxy = workloads()["known"].status.proxy

    assert proxy is not None
    assert proxy.mtls_port == 4711


def test_the_mesh_has_a_root_even_where_its_settings_are_written() -> None:
    written = "apiVersion: tulle.dev/v1\nkind: Mesh\nmetadata: {name: default}\n"

    bundles = [
        mesh.status.trust_bundle
        for text in ("", written)
        for mesh in world_of(decode.read(text, "m.yaml").resources).all(Mesh)
    ]

    assert bundles == [(ROOT,), (ROOT,)]


def test_the_order_of_the_manifests_never_changes_the_mesh() -> None:
    resources = decode.read(MANIFEST, "m.yaml").resources

    worlds = [list(world_of(order)) for order in permutations(resources)]

    assert all(world == worlds[0] for world in worlds)
