"""What a real, current kubectl reads from a Tulle server with no Kubernetes behind it."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import yaml
from tests.mesh.kubectl import Kubectl, serving
from tests.mesh.meshes import wait_until

pytestmark = pytest.mark.timeout(120)
kubectl = pytest.fixture(scope="module")(serving)

MANIFEST = """
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, labels: {tier: front}}
spec: {selector: {app: web}, ports: [{name: http, port: 80, appProtocol: http, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop, labels: {tier: back}}
spec: {selector: {app: db}, ports: [{port: 5432}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: other}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: web}]
  rules: [{backendRefs: [{name: web, port: 80}]}]
---
apiVersion: tulle.dev/v1
kind: AccessPolicy
metadata: {name: web, namespace: shop}
spec: {rules: [{from: [{serviceAccounts: [client]}]}]}
---
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: shop}
data: {key: c2VjcmV0}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: shop}
data: {key: value}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: client, namespace: shop}
"""


@pytest.fixture(scope="module", autouse=True)
def applied(kubectl: Kubectl) -> None:
    kubectl.mesh.cli("apply", "-f", "-", stdin=MANIFEST)
    wait_until(
        lambda: kubectl.json("svc", "web", "-n", "shop").get("status"), "the Service has an address"
    )


def test_it_gets_in_with_what_tulle_kubeconfig_wrote_and_without_it_does_not(
    kubectl: Kubectl,
) -> None:
    assert kubectl("get", "--raw", "/healthz") == "ok\n"
    assert "bearer token" in kubectl.refused("get", "--raw", "/healthz", "--token", "wrong")


class TestDiscovery:
    def test_versions_are_told_without_a_warning(self, kubectl: Kubectl) -> None:
        done = kubectl.run("version")

        assert re.search(r"Server Version: v1\.\d+\.\d+\+tulle-", done.stdout)
        assert done.stderr == ""

    def test_resources_have_their_names_verbs_and_categories(self, kubectl: Kubectl) -> None:
        rows = kubectl.rows("api-resources", "-o", "wide", "--no-headers")
        found = {row[0]: row for row in rows}

        assert found["services"][1:5] == ["svc", "v1", "true", "Service"]
        assert found["meshes"][1:4] == ["tulle.dev/v1", "false", "Mesh"]
        assert {"get", "list", "watch"} <= set(found["workloads"][5].split(","))
        assert "tulle" in kubectl("api-resources", "--categories", "tulle")

    def test_groups_and_versions(self, kubectl: Kubectl) -> None:
        assert {"v1", "tulle.dev/v1", "gateway.networking.k8s.io/v1", "discovery.k8s.io/v1"} <= set(
            kubectl("api-versions").split()
        )


class TestGet:
    def test_a_table_has_the_columns_of_its_kind(self, kubectl: Kubectl) -> None:
        headers, *rows = kubectl.rows("get", "services", "-n", "shop")

        assert headers == ["NAME", "TYPE", "ADDRESS", "PORTS", "SELECTOR", "AGE"]
        assert [row[:2] + row[3:5] for row in rows] == [
            ["db", "ClusterIP", "5432/tcp", "app=db"],
            ["web", "ClusterIP", "80/http", "app=web"],
        ]

    def test_wide_shows_more(self, kubectl: Kubectl) -> None:
        narrow, wide = (
            kubectl.rows("get", "httproutes", "-A", *more)[0] for more in ((), ("-o", "wide"))
        )

        assert set(narrow) < set(wide)

    def test_every_namespace_short_names_and_several_kinds_at_once(self, kubectl: Kubectl) -> None:
        assert [row[:2] for row in kubectl.rows("get", "svc", "-A", "--no-headers")] == [
            ["other", "web"],
            ["shop", "db"],
            ["shop", "web"],
        ]
        both = kubectl(
            "get", "svc,accesspolicies,cm,sa,secrets", "-n", "shop", "-o", "name"
        ).split()
        assert {"service/web", "accesspolicy.tulle.dev/web", "secret/s"} <= set(both)
        assert "service/web" in kubectl("get", "all", "-n", "shop")

    @pytest.mark.parametrize(
        ("selector", "names"),
        [
            ("tier=front", ["shop/web"]),
            ("tier!=front", ["other/web", "shop/db"]),
            ("tier in (front,back)", ["shop/db", "shop/web"]),
            ("tier notin (front)", ["other/web", "shop/db"]),
            ("tier", ["shop/db", "shop/web"]),
            ("!tier", ["other/web"]),
        ],
    )
    def test_selectors_of_labels(self, kubectl: Kubectl, selector: str, names: list[str]) -> None:
        items = kubectl.json("svc", "-A", "-l", selector)["items"]

        found = [f"{i['metadata']['namespace']}/{i['metadata']['name']}" for i in items]
        assert found == names

    def test_selectors_of_fields(self, kubectl: Kubectl) -> None:
        found = kubectl("get", "svc", "-A", "--field-selector", "metadata.name=db", "-o", "name")
        assert found == "service/db\n"
        said = kubectl.refused("get", "svc", "-A", "--field-selector", "spec.type=ClusterIP")
        assert "metadata.name" in said

    def test_pages_make_the_same_list(self, kubectl: Kubectl) -> None:
        names = ("get", "svc", "-A", "-o", "name")

        assert kubectl(*names, "--chunk-size=1") == kubectl(*names)

    def test_every_output_format(self, kubectl: Kubectl) -> None:
        one = ("get", "svc", "web", "-n", "shop", "-o")

        assert kubectl(*one, "name") == "service/web\n"
        assert kubectl(*one, "jsonpath={.spec.ports[0].port}") == "80"
        assert kubectl(*one, "custom-columns=N:.metadata.name", "--no-headers") == "web\n"
        assert "kind: Service" in kubectl(*one, "yaml")
        assert kubectl(*one, "json").count('"kind": "Service"') == 1
        assert json.loads(kubectl("get", "--raw", "/api/v1/namespaces/shop/services/web"))
        assert kubectl("get", "svc", "-A", "--sort-by", ".metadata.name", "-o", "name").split() == [
            "service/db",
            "service/web",
            "service/web",
        ]

    def test_what_is_not_there_is_said_in_kubernetes_words(self, kubectl: Kubectl) -> None:
        assert "(NotFound)" in kubectl.refused("get", "svc", "none", "-n", "shop")
        assert kubectl("get", "svc", "none", "-n", "shop", "--ignore-not-found") == ""
        assert "doesn't have a resource type" in kubectl.refused("get", "pods")

    def test_a_secret_is_whole(self, kubectl: Kubectl) -> None:
        assert kubectl.json("secrets", "-n", "shop")["items"][0]["data"] == {"key": "c2VjcmV0"}
        assert "c2VjcmV0" not in kubectl("get", "secrets", "-n", "shop")


@contextmanager
def background(kubectl: Kubectl, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    process = kubectl.start(*arguments)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=20)


class TestWatch:
    def test_a_watched_table_goes_on_with_what_changes(self, kubectl: Kubectl) -> None:
        with background(kubectl, "get", "cm", "-n", "shop", "-w", "--output-watch-events") as watch:
            assert watch.stdout is not None
            assert watch.stdout.readline().split() == ["EVENT", "NAME", "DATA", "AGE"]
            assert watch.stdout.readline().split()[:3] == ["ADDED", "c", "1"]
            new = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: d, namespace: shop}\n"
            kubectl.mesh.cli("apply", "-f", "-", stdin=new)
            assert watch.stdout.readline().split()[:3] == ["ADDED", "d", "0"]
            kubectl.mesh.cli("apply", "-f", "-", stdin=f"{new}data: {{a: b}}\n")
            assert watch.stdout.readline().split()[:3] == ["MODIFIED", "d", "1"]
            kubectl.mesh.cli("delete", "configmap", "d", "-n", "shop")
            assert watch.stdout.readline().split()[:2] == ["DELETED", "d"]

    def test_wait_returns_when_a_condition_holds(self, kubectl: Kubectl) -> None:
        done = kubectl(
            "wait", "--for=condition=Accepted", "accesspolicy/web", "-n", "shop", "--timeout=30s"
        )
        assert "condition met" in done
        path = "--for=jsonpath={.status.virtualAddresses[0]}"
        assert "condition met" in kubectl("wait", path, "svc/web", "-n", "shop", "--timeout=30s")

    def test_wait_returns_when_something_is_gone(self, kubectl: Kubectl) -> None:
        new = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: gone, namespace: shop}\n"
        kubectl.mesh.cli("apply", "-f", "-", stdin=new)
        with background(
            kubectl, "wait", "--for=delete", "cm/gone", "-n", "shop", "--timeout=40s"
        ) as waiting:
            kubectl.mesh.cli("delete", "configmap", "gone", "-n", "shop")
            assert waiting.wait(40) == 0
        done = kubectl.run("wait", "--for=condition=Never", "svc/web", "-n", "shop", "--timeout=1s")
        assert "timed out" in done.stderr


class TestDescribe:
    @pytest.mark.parametrize(
        ("kind", "says"),
        [
            ("service/web", "app=web"),
            ("httproute/web", "Parent Refs"),
            ("accesspolicy/web", "Service Accounts"),
            ("secret/s", "key:  6 bytes"),
            ("configmap/c", "value"),
            ("serviceaccount/client", "client"),
            ("namespace/shop", "shop"),
            ("mesh/default", "Trust Bundle"),
        ],
    )
    def test_everything_can_be_described(self, kubectl: Kubectl, kind: str, says: str) -> None:
        done = kubectl.run("describe", kind, "-n", "shop")

        assert done.returncode == 0, done.stderr
        assert says in done.stdout
        assert done.stderr == ""


class TestColumns:
    @pytest.mark.parametrize("kind", ["accesspolicy", "mesh"])
    def test_what_crds_say_of_columns_is_what_the_server_prints(
        self, kubectl: Kubectl, kind: str
    ) -> None:
        crd = yaml.safe_load(kubectl.mesh.cli("crds", kind).stdout)
        columns = crd["spec"]["versions"][0]["additionalPrinterColumns"]
        paths = {c["name"].upper(): c["jsonPath"] for c in columns if c["type"] != "date"}
        where = ("get", kind, "-n", "shop")
        table = [line.split() for line in kubectl(*where, "-o", "wide").splitlines()]
        printed = dict(zip(table[0], table[1], strict=True))

        assert paths
        for header, path in paths.items():
            assert kubectl(*where, "-o", f"jsonpath={{.items[0]{path}}}") == printed[header]


class TestExplain:
    def test_fields_have_their_types_and_descriptions(self, kubectl: Kubectl) -> None:
        said = kubectl("explain", "workload.spec")
        assert "KIND:       Workload" in said
        assert re.search(
            r"address\t<string> -required-\n\s+Where other hosts reach its proxy", said
        )
        assert "targetPort\t<IntOrString>" in kubectl("explain", "svc.spec.ports")
        assert "enum: PERMISSIVE, STRICT" in kubectl("explain", "tlspolicy.spec")

    def test_every_kind_can_be_explained_to_the_last_field(self, kubectl: Kubectl) -> None:
        for kind in kubectl("api-resources", "--verbs=list", "-o", "name").split():
            said = kubectl("explain", kind, "--recursive")
            assert "ownerReferences" in said
            assert "FIELDS:" in said


class TestAuth:
    def test_what_there_is_may_be_done_and_what_there_is_not_may_not(
        self, kubectl: Kubectl
    ) -> None:
        assert kubectl("auth", "can-i", "get", "services") == "yes\n"
        assert kubectl("auth", "can-i", "list", "workloads.tulle.dev", "-A") == "yes\n"
        assert kubectl("auth", "can-i", "*", "*") == "yes\n"
        for nonsense in (
            ("get", "pods"),
            ("eat", "services"),
            ("get", "services", "--subresource=scale"),
        ):
            assert kubectl.run("auth", "can-i", *nonsense).stdout.startswith("no")

    def test_the_list_of_all_that_may_be_done(self, kubectl: Kubectl) -> None:
        assert "workloads.tulle.dev" in kubectl("auth", "can-i", "--list")

    def test_who_one_is(self, kubectl: Kubectl) -> None:
        assert "tulle:administrator" in kubectl("auth", "whoami")
