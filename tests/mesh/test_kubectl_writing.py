"""A real kubectl changes what a mesh has: every verb that writes, in the ways people use it."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.mesh.kubectl import Kubectl, serving
from tests.mesh.meshes import Mesh, wait_until

pytestmark = pytest.mark.timeout(120)
kubectl = pytest.fixture(scope="module")(serving)

NUMBERS = itertools.count()
DIFFERS, SAME = 1, 0
"""What `kubectl diff` ends with."""


class Shop:
    """A namespace of its own for each test, and files to apply."""

    def __init__(self, kubectl: Kubectl, folder: Path) -> None:
        self.kubectl = kubectl
        self.folder = folder
        self.name = f"shop{next(NUMBERS)}"
        kubectl("create", "namespace", self.name)

    def __call__(self, *arguments: str, stdin: str = "", **environment: str) -> str:
        return self.kubectl("-n", self.name, *arguments, stdin=stdin, **environment)

    def refused(self, *arguments: str) -> str:
        return self.kubectl.refused("-n", self.name, *arguments)

    def code(self, *arguments: str) -> int:
        return self.kubectl.run("-n", self.name, *arguments).returncode

    def get(self, *arguments: str) -> Any:
        return self.kubectl.json("-n", self.name, *arguments)

    def is_there(self, *arguments: str) -> bool:
        return bool(self("get", *arguments, "--ignore-not-found", "-o", "name"))

    def file(self, resource: dict[str, Any], name: str = "resource") -> str:
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(resource))
        return str(path)

    def managers(self, *arguments: str) -> dict[tuple[str, str], Any]:
        text = self("get", *arguments, "-o", "json", "--show-managed-fields")
        entries = json.loads(text)["metadata"]["managedFields"]
        return {(one["manager"], one["operation"]): one["fieldsV1"] for one in entries}


@pytest.fixture
def shop(kubectl: Kubectl, tmp_path: Path) -> Iterator[Shop]:
    made = Shop(kubectl, tmp_path)
    yield made
    kubectl("delete", "namespace", made.name, "--wait=false")


def config_map(name: str = "conf", **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def service(*ports: int, labels: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "labels": labels or {}},
        "spec": {"ports": [{"port": port, "name": f"p{port}"} for port in ports]},
    }


def route(*backends: tuple[str, int]) -> dict[str, Any]:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "web"},
        "spec": {
            "parentRefs": [{"group": "", "kind": "Service", "name": "web"}],
            "rules": [
                {
                    "backendRefs": [
                        {"name": name, "port": 80, "weight": weight} for name, weight in backends
                    ]
                }
            ],
        },
    }


def ports(found: dict[str, Any]) -> list[int]:
    return [port["port"] for port in found["spec"]["ports"]]


class TestApplyClientSide:
    def test_what_is_applied_again_is_unchanged_and_differs_in_nothing(self, shop: Shop) -> None:
        file = shop.file(service(80, labels={"app": "web"}))
        assert "created" in shop("apply", "-f", file)

        assert "unchanged" in shop("apply", "-f", file)
        assert shop.code("diff", "-f", file) == SAME

    def test_what_is_applied_no_more_goes_and_what_others_added_stays(self, shop: Shop) -> None:
        shop("apply", "-f", shop.file(service(80, 81, labels={"app": "web", "old": "1"})))
        shop("label", "service", "web", "mine=1")
        shop("patch", "service", "web", "-p", '{"spec":{"ports":[{"port":90,"name":"p90"}]}}')
        file = shop.file(service(80, labels={"app": "web"}))
        assert shop.code("diff", "-f", file) == DIFFERS
        assert "configured" in shop("apply", "-f", file)

        found = shop.get("service", "web")
        assert found["metadata"]["labels"] == {"app": "web", "mine": "1"}
        assert ports(found) == [80, 90]

    def test_routes_are_applied_too_though_their_lists_are_replaced_whole(self, shop: Shop) -> None:
        shop("apply", "-f", shop.file(service(80), "service"))
        file = shop.file(route(("web", 3), ("web2", 1)))
        shop("apply", "-f", file)
        assert shop.code("diff", "-f", file) == SAME
        file = shop.file(route(("web", 1)))
        assert shop.code("diff", "-f", file) == DIFFERS
        shop("apply", "-f", file)

        backends = shop.get("httproute", "web")["spec"]["rules"][0]["backendRefs"]
        assert [(one["name"], one["weight"]) for one in backends] == [("web", 1)]
        assert shop.code("diff", "-f", file) == SAME

    def test_the_last_applied_configuration_can_be_viewed(self, shop: Shop) -> None:
        shop("apply", "-f", shop.file(config_map(a="1")))

        seen = json.loads(shop("apply", "view-last-applied", "configmap/conf", "-o", "json"))
        assert seen["data"] == {"a": "1"}

    def test_resources_left_out_are_pruned_by_their_label(self, shop: Shop) -> None:
        both = {
            "apiVersion": "v1",
            "kind": "List",
            "items": [
                {**config_map(name), "metadata": {"name": name, "labels": {"set": shop.name}}}
                for name in ("one", "two")
            ],
        }
        shop("apply", "-f", shop.file(both))
        one = shop.file({**both, "items": both["items"][:1]})
        kinds = "--prune-allowlist=core/v1/ConfigMap"
        said = shop("apply", "--prune", "-l", f"set={shop.name}", kinds, "-f", one)

        assert "configmap/two pruned" in said
        assert shop.is_there("configmap", "one")

    def test_a_set_remembers_what_it_applied_and_prunes_the_rest(self, shop: Shop) -> None:
        items = [config_map("one"), config_map("two")]
        both = shop.file({"apiVersion": "v1", "kind": "List", "items": items})
        apply = ("apply", "--prune", "--applyset=configmap/set", "-f")
        shop(*apply, both, KUBECTL_APPLYSET="true")
        one = shop.file({"apiVersion": "v1", "kind": "List", "items": items[:1]})

        assert "configmap/two pruned" in shop(*apply, one, KUBECTL_APPLYSET="true")
        assert shop.is_there("configmap", "one")

    def test_a_folder_is_built_and_applied(self, shop: Shop) -> None:
        (shop.folder / "conf.json").write_text(json.dumps(config_map(a="1")))
        (shop.folder / "kustomization.yaml").write_text(
            "resources: [conf.json]\nnamePrefix: mine-\n"
        )
        shop("apply", "-k", str(shop.folder))

        assert shop.get("configmap", "mine-conf")["data"] == {"a": "1"}

    def test_a_dry_run_of_the_server_checks_and_changes_nothing(self, shop: Shop) -> None:
        file = shop.file(config_map(a="1"))
        assert "server dry run" in shop("apply", "--dry-run=server", "-f", file)
        assert not shop.is_there("configmap", "conf")
        shop("apply", "-f", file)
        changed = shop.file(config_map(a="2"))
        out = shop("apply", "--dry-run=server", "-f", changed, "-o", "json")

        assert json.loads(out)["data"] == {"a": "2"}
        assert shop.get("configmap", "conf")["data"] == {"a": "1"}


class TestApplyServerSide:
    def test_applying_again_changes_nothing(self, shop: Shop) -> None:
        file = shop.file(config_map(a="1"))
        shop("apply", "--server-side", "-f", file)
        before = shop.get("configmap", "conf")
        shop("apply", "--server-side", "-f", file)

        assert shop.get("configmap", "conf") == before
        assert shop.code("diff", "--server-side", "-f", file) == SAME
        assert shop.managers("configmap", "conf") == {("kubectl", "Apply"): {"f:data": {"f:a": {}}}}

    def test_a_conflict_names_field_and_owner_and_force_takes_it(self, shop: Shop) -> None:
        shop("apply", "--server-side", "-f", shop.file(config_map(a="1", b="1")))
        file = shop.file(config_map(a="2"))
        bob = ("apply", "--server-side", "--field-manager=bob", "-f", file)
        said = shop.refused(*bob)
        assert 'conflict with "kubectl": .data.a' in said
        assert "--force-conflicts" in said
        assert shop.get("configmap", "conf")["data"] == {"a": "1", "b": "1"}
        shop(*bob, "--force-conflicts")

        assert shop.get("configmap", "conf")["data"] == {"a": "2", "b": "1"}
        assert shop.managers("configmap", "conf") == {
            ("bob", "Apply"): {"f:data": {"f:a": {}}},
            ("kubectl", "Apply"): {"f:data": {"f:b": {}}},
        }

    def test_two_managers_share_a_service_port_by_port(self, shop: Shop) -> None:
        def apply(manager: str, *numbers: int) -> None:
            file = shop.file(service(*numbers))
            shop("apply", "--server-side", f"--field-manager={manager}", "-f", file)

        apply("ann", 80, 81)
        apply("bob", 81, 82)
        assert ports(shop.get("service", "web")) == [80, 81, 82]
        apply("ann", 80)
        assert ports(shop.get("service", "web")) == [80, 81, 82]
        apply("bob", 82)
        assert ports(shop.get("service", "web")) == [80, 82]

    def test_what_was_applied_client_side_is_taken_over(self, shop: Shop) -> None:
        shop("apply", "-f", shop.file(config_map(a="1", b="1")))
        assert ("kubectl-client-side-apply", "Update") in shop.managers("configmap", "conf")
        shop("apply", "--server-side", "-f", shop.file(config_map(a="2")))

        assert shop.get("configmap", "conf")["data"] == {"a": "2"}
        assert ("kubectl-client-side-apply", "Update") not in shop.managers("configmap", "conf")
        seen = json.loads(shop("apply", "view-last-applied", "configmap/conf", "-o", "json"))
        assert seen["data"] == {"a": "2"}

    def test_what_was_edited_since_conflicts(self, shop: Shop) -> None:
        file = shop.file(config_map(a="1"))
        shop("apply", "--server-side", "-f", file)
        shop("patch", "configmap", "conf", "-p", '{"data":{"a":"2"}}')

        assert 'conflict with "kubectl-patch" using v1 at ' in shop.refused(
            "apply", "--server-side", "-f", file
        )
        differing = ("diff", "--server-side", "--force-conflicts", "-f", file)
        assert shop.code(*differing) == DIFFERS


class TestCreateAndReplace:
    def test_every_kind_kubectl_can_create_by_itself_is_created(self, shop: Shop) -> None:
        shop("create", "configmap", "c", "--from-literal=a=1")
        shop("create", "secret", "generic", "s", "--from-literal=a=1")
        shop("create", "serviceaccount", "sa")
        shop("create", "service", "clusterip", "web", "--tcp=80:8080")

        assert shop.get("secret", "s")["data"] == {"a": "MQ=="}
        assert shop.get("service", "web")["spec"]["ports"][0]["targetPort"] == 8080
        assert 'configmaps "c" already exists' in shop.refused("create", "configmap", "c")

    def test_a_name_is_made_up(self, shop: Shop) -> None:
        file = shop.file({**config_map(), "metadata": {"generateName": "run-"}})
        names = {shop("create", "-f", file, "-o", "name") for _ in range(2)}

        assert len(names) == 2
        assert all(name.startswith("configmap/run-") for name in names)

    def test_unknown_fields_are_refused_or_told(self, shop: Shop) -> None:
        unknown = {**service(80), "spec": {"ports": [{"port": 80, "colour": 1}]}}
        file = shop.file(unknown)
        assert 'unknown field "spec.ports[0].colour"' in shop.refused("create", "-f", file)
        done = shop.kubectl.run("-n", shop.name, "create", "--validate=warn", "-f", file)
        assert done.returncode == 0
        assert 'unknown field "spec.ports[0].colour"' in done.stderr.replace("'", '"')

    def test_all_that_is_wrong_is_told_at_once(self, shop: Shop) -> None:
        said = shop.refused("create", "-f", shop.file(service(0, 70000)))

        assert 'The Service "web" is invalid' in said
        assert "spec.ports[0].port" in said
        assert "spec.ports[1].port" in said

    def test_replacing_needs_the_version_that_is_there(self, shop: Shop) -> None:
        shop("create", "-f", shop.file(config_map(a="1")))
        stale = shop.file(shop.get("configmap", "conf"), "stale")
        shop("replace", "-f", shop.file(config_map(a="2")))

        assert "the object has been modified" in shop.refused("replace", "-f", stale)
        assert shop.get("configmap", "conf")["data"] == {"a": "2"}
        nothing = shop.file(config_map("none"))
        assert 'configmaps "none" not found' in shop.refused("replace", "-f", nothing)

    def test_by_force_it_is_made_anew(self, shop: Shop) -> None:
        file = shop.file(config_map(a="1"))
        shop("create", "-f", file)
        before = shop.get("configmap", "conf")["metadata"]["uid"]
        shop("replace", "--force", "-f", file)

        assert shop.get("configmap", "conf")["metadata"]["uid"] != before


class TestPatchAndEdit:
    def test_every_form_of_patch(self, shop: Shop) -> None:
        shop("create", "-f", shop.file(service(80)))
        patch = ("patch", "service", "web", "-p")
        shop(*patch, '{"spec":{"ports":[{"port":81,"name":"p81"}]}}', "--type=strategic")
        assert ports(shop.get("service", "web")) == [80, 81]
        shop(*patch, '{"spec":{"ports":[{"port":82}]}}', "--type=merge")
        assert ports(shop.get("service", "web")) == [82]
        shop(*patch, '[{"op":"replace","path":"/spec/ports/0/port","value":83}]', "--type=json")
        assert ports(shop.get("service", "web")) == [83]
        test = '[{"op":"test","path":"/spec/ports/0/port","value":1}]'
        assert "patch-misses" in shop.refused(*patch, test, "--type=json")

    def test_routes_take_merge_patches_and_say_so(self, shop: Shop) -> None:
        shop("create", "-f", shop.file(route(("web", 1))))
        patch = ("patch", "httproute", "web", "-p", '{"metadata":{"labels":{"a":"1"}}}')
        assert "strategic-merge-patch" in shop.refused(*patch)
        shop(*patch, "--type=merge")

        assert shop.get("httproute", "web")["metadata"]["labels"] == {"a": "1"}

    def test_the_status_is_patched_apart(self, shop: Shop) -> None:
        shop("create", "-f", shop.file(service(80)))
        condition = {"type": "Mine", "status": "True", "reason": "Because"}
        body = json.dumps({"status": {"conditions": [condition]}, "spec": {"type": "NodePort"}})
        shop("patch", "service", "web", "--subresource=status", "--type=merge", "-p", body)

        found = shop.get("service", "web")
        assert condition in found["status"]["conditions"]
        assert found["spec"]["type"] == "ClusterIP"
        shop("wait", "--for=condition=Mine", "service/web", "--timeout=20s")

    def test_labels_and_annotations_are_set_changed_and_taken_away(self, shop: Shop) -> None:
        shop("create", "-f", shop.file(config_map()))
        for verb, field in (("label", "labels"), ("annotate", "annotations")):
            shop(verb, "configmap", "conf", "a=1", "b=1")
            assert "--overwrite" in shop.refused(verb, "configmap", "conf", "a=2")
            shop(verb, "configmap", "conf", "a=2", "b-", "--overwrite")
            assert shop.get("configmap", "conf")["metadata"][field] == {"a": "2"}

    @pytest.mark.parametrize("kind", ["configmap", "httproute"])
    def test_an_edit_changes_what_the_editor_changed(self, shop: Shop, kind: str) -> None:
        shop("create", "-f", shop.file(service(80), "service"))
        first = {"configmap": config_map(mark="before"), "httproute": route(("before", 1))}[kind]
        shop("create", "-f", shop.file(first))
        editor = shop.folder / "editor.sh"
        editor.write_text('#!/bin/sh\nsed -i s/before/after/ "$1"\n')
        editor.chmod(0o755)
        name = first["metadata"]["name"]
        assert "edited" in shop("edit", kind, name, KUBE_EDITOR=str(editor))

        edited = shop.get(kind, name)
        edited.pop(
            "status", None
        )  # which speaks of what there was until the mesh has seen the edit
        found = json.dumps(edited)
        assert "after" in found
        assert "before" not in found
        again = shop.kubectl.run("-n", shop.name, "edit", kind, name, KUBE_EDITOR=str(editor))
        assert "no changes made" in again.stderr


class TestDelete:
    def test_by_name_by_label_by_file_and_all(self, shop: Shop) -> None:
        for name in "abcd":
            shop("create", "configmap", name)
        shop("label", "configmap", "b", "gone=1")
        shop("delete", "configmap", "a")
        shop("delete", "configmap", "-l", "gone=1")
        shop("delete", "-f", shop.file(config_map("c")))
        assert [one["metadata"]["name"] for one in shop.get("configmaps")["items"]] == ["d"]
        shop("create", "configmap", "e")
        shop("delete", "configmaps", "--all", "--grace-period=0", "--force")

        assert shop.get("configmaps")["items"] == []
        assert 'configmaps "a" not found' in shop.refused("delete", "configmap", "a")

    def test_what_a_finalizer_holds_is_waited_for(self, shop: Shop) -> None:
        body = config_map()
        body["metadata"]["finalizers"] = ["tulle.dev/test"]
        shop("create", "-f", shop.file(body))
        shop("delete", "configmap", "conf", "--wait=false")
        assert shop.get("configmap", "conf")["metadata"]["deletionTimestamp"]
        waiting = shop.kubectl.start(
            "-n", shop.name, "wait", "--for=delete", "configmap/conf", "--timeout=40s"
        )
        try:
            take = '{"metadata":{"finalizers":null}}'
            shop("patch", "configmap", "conf", "--type=merge", "-p", take)
            out, _ = waiting.communicate(timeout=60)
        finally:
            waiting.kill()
        assert waiting.returncode == 0, out
        assert not shop.is_there("configmap", "conf")

    def owned(self, shop: Shop, *, blocks: bool = False) -> None:
        shop("create", "-f", shop.file(config_map("owner")))
        uid = shop.get("configmap", "owner")["metadata"]["uid"]
        ref = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid}
        body = config_map("owned")
        body["metadata"]["ownerReferences"] = [{**ref, "blockOwnerDeletion": blocks}]
        shop("create", "-f", shop.file(body))

    def test_what_is_owned_goes_with_its_owner(self, shop: Shop) -> None:
        self.owned(shop)
        shop("delete", "configmap", "owner")

        shop("wait", "--for=delete", "configmap/owned", "--timeout=40s")

    def test_in_the_foreground_the_owner_goes_last(self, shop: Shop) -> None:
        self.owned(shop, blocks=True)
        hold = '{"metadata":{"finalizers":["tulle.dev/test"]}}'
        shop("patch", "configmap", "owned", "--type=merge", "-p", hold)
        shop("delete", "configmap", "owner", "--cascade=foreground", "--wait=false")
        finalizers = shop.get("configmap", "owner")["metadata"]["finalizers"]
        assert finalizers == ["foregroundDeletion"]
        take = '{"metadata":{"finalizers":null}}'
        shop("patch", "configmap", "owned", "--type=merge", "-p", take)

        shop("wait", "--for=delete", "configmap/owner", "configmap/owned", "--timeout=40s")

    def test_an_orphan_stays(self, shop: Shop) -> None:
        self.owned(shop)
        shop("delete", "configmap", "owner", "--cascade=orphan")

        assert "ownerReferences" not in shop.get("configmap", "owned")["metadata"]

    def test_a_namespace_takes_all_that_is_in_it_along(self, shop: Shop) -> None:
        body = config_map()
        body["metadata"]["finalizers"] = ["tulle.dev/test"]
        shop("create", "-f", shop.file(body))
        shop("create", "serviceaccount", "sa")
        shop.kubectl("delete", "namespace", shop.name, "--wait=false")
        shop("wait", "--for=delete", "serviceaccount/sa", "--timeout=40s")
        namespace = shop.kubectl.json("namespace", shop.name)
        assert namespace["status"]["phase"] == "Terminating"
        assert "being terminated" in shop.refused("create", "configmap", "late")
        take = '{"metadata":{"finalizers":null}}'
        shop("patch", "configmap", "conf", "--type=merge", "-p", take)

        shop.kubectl("wait", "--for=delete", f"namespace/{shop.name}", "--timeout=40s")
        shop.kubectl("create", "namespace", shop.name)
        assert shop.get("configmaps,serviceaccounts")["items"] == []


def test_tulle_apply_and_kubectl_change_the_same_resources(shop: Shop) -> None:
    file = shop.file({**config_map(a="1"), "metadata": {"name": "conf", "namespace": shop.name}})
    shop.kubectl.mesh.cli("apply", "-f", file)
    assert ("tulle", "Update") in shop.managers("configmap", "conf")
    assert 'conflict with "tulle" using v1' in shop.refused(
        "apply", "--server-side", "-f", shop.file(config_map(a="2"))
    )
    hold = '{"metadata":{"finalizers":["tulle.dev/test"]}}'
    shop("patch", "configmap", "conf", "--type=merge", "-p", hold)
    shop.kubectl.mesh.cli("apply", "-f", file)

    assert shop.get("configmap", "conf")["metadata"]["finalizers"] == ["tulle.dev/test"]
    said = shop.kubectl.mesh.cli("delete", "configmap", "conf", "-n", shop.name).stdout
    assert said == f"ConfigMap {shop.name}/conf deleting\n"
    assert shop.get("configmap", "conf")["metadata"]["deletionTimestamp"]
    take = '{"metadata":{"finalizers":null}}'
    shop("patch", "configmap", "conf", "--type=merge", "-p", take)
    assert not shop.is_there("configmap", "conf")


def test_a_deleted_namespace_goes_also_if_the_server_is_killed_meanwhile(tmp_path: Path) -> None:
    mesh = Mesh(tmp_path)
    try:
        mesh.start_server()
        kubectl = Kubectl(mesh)
        kubectl("create", "namespace", "shop")
        items = [
            {**config_map(f"c{number}"), "metadata": {"name": f"c{number}", "namespace": "shop"}}
            for number in range(300)
        ]
        everything = {"apiVersion": "v1", "kind": "List", "items": items}
        mesh.cli("apply", "-f", "-", stdin=json.dumps(everything))
        kubectl("delete", "namespace", "shop", "--wait=false")
        mesh.kill_server()
        mesh.start_server()

        def left() -> str:
            return mesh.cli("get", "namespaces", "-o", "name").stdout

        wait_until(lambda: "namespace/shop" not in left(), "the namespace goes")
        assert mesh.cli("get", "configmaps", "-n", "shop", "-o", "name").stdout == ""
    finally:
        mesh.end()
