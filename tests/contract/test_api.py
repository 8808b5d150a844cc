"""The API over its real socket and real stores: what every client may rely on."""

import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.api.servers import NOW, Api, now, serving
from tests.unit.reconcile.meshes import route, service, workload

from tulle.codec import encode
from tulle.model.kinds.core import Secret
from tulle.model.names import WorkloadRef
from tulle.model.resources import Metadata
from tulle.model.wire import EdgeReport, EdgeSample
from tulle.pki.tokens import read_token
from tulle.store.contract import Put, Store
from tulle.store.memory import MemoryStore
from tulle.store.sqlite import SqliteStore

A = WorkloadRef("shop", "a")
SERVICES = "/api/v1/namespaces/shop/services"


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    opened: Store = (
        MemoryStore(now)
        if request.param == "memory"
        else SqliteStore.open(tmp_path / "store.db", now)
    )
    yield opened
    await opened.close()


@pytest.fixture
async def api(store: Store, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(store, tmp_path) as made:
        yield made


class TestResources:
    """Kubernetes' paths."""

    async def test_what_was_put_can_be_got_and_listed(self, api: Api) -> None:
        put = await api.ask("POST", SERVICES, {**as_object(), "metadata": {"name": "a"}})
        assert put.status == 201
        assert put.body["metadata"]["namespace"] == "shop"

        got = await api.get(f"{SERVICES}/a")
        assert (got["kind"], got["apiVersion"]) == ("Service", "v1")
        assert got["metadata"]["uid"] == put.body["metadata"]["uid"]
        for path in (SERVICES, "/api/v1/services"):
            listed = await api.get(path)
            assert listed["kind"] == "ServiceList"
            assert [item["metadata"]["name"] for item in listed["items"]] == ["a"]
            assert int(listed["metadata"]["resourceVersion"]) >= int(
                got["metadata"]["resourceVersion"]
            )

    async def test_a_list_of_a_namespace_has_nothing_of_others(self, api: Api) -> None:
        await api.apply(service("a"))

        assert (await api.get("/api/v1/namespaces/other/services"))["items"] == []

    async def test_mesh_wide_kinds_have_no_namespace(self, api: Api) -> None:
        mesh = await api.get("/apis/tulle.dev/v1/meshes/default")

        assert mesh["kind"] == "Mesh"
        assert len(mesh["status"]["trustBundle"]) == 1
        assert (await api.get("/api/v1/namespaces/default"))["kind"] == "Namespace"

    async def test_a_version_that_was_overtaken_is_a_conflict(self, api: Api) -> None:
        await api.apply(service("a"))
        first = await api.get(f"{SERVICES}/a")
        await api.apply(service("a", port=81))
        answer = await api.ask("PUT", f"{SERVICES}/a", first)

        assert answer.status == 409
        assert (answer.body["kind"], answer.body["reason"]) == ("Status", "Conflict")
        assert "the object has been modified" in answer.body["message"]

    async def test_what_is_not_there_is_404_as_a_status(self, api: Api) -> None:
        for method in ("GET", "DELETE"):
            answer = await api.ask(method, f"{SERVICES}/none")
            assert answer.status == 404
            assert (answer.body["kind"], answer.body["reason"]) == ("Status", "NotFound")
            assert "none" in answer.body["message"]
            assert "tulle get" in answer.body["problems"][0]["hint"]
        assert (await api.ask("GET", "/api/v1/nonsense")).body["kind"] == "Status"

    async def test_a_body_that_is_no_such_resource_is_refused_whole(self, api: Api) -> None:
        body = as_object()
        wrong = {**body, "spec": {"ports": [{"port": 0}], "nonsense": 1}}
        answer = await api.ask("POST", SERVICES, wrong)

        assert answer.status == 422
        assert {p["path"] for p in answer.body["problems"]} >= {
            "spec.ports[0].port",
            "spec.nonsense",
        }
        assert (await api.get(SERVICES))["items"] == []

    async def test_a_body_of_another_name_than_the_path_is_refused(self, api: Api) -> None:
        await api.apply(service("b"))
        answer = await api.ask("PUT", f"{SERVICES}/b", as_object())

        assert answer.status == 400
        assert answer.body["problems"][0]["code"] == "name-mismatch"

    async def test_a_deleted_resource_is_gone(self, api: Api) -> None:
        await api.apply(service("a"))
        answer = await api.ask("DELETE", f"{SERVICES}/a")

        assert (answer.status, answer.body["status"]) == (200, "Success")
        assert (await api.get(SERVICES))["items"] == []

    async def test_a_dry_run_changes_nothing(self, api: Api) -> None:
        assert (await api.ask("POST", f"{SERVICES}?dryRun=All", as_object())).status == 201
        assert (await api.get(SERVICES))["items"] == []
        await api.apply(service("a"))
        assert (await api.ask("DELETE", f"{SERVICES}/a?dryRun=All")).status == 200
        assert len((await api.get(SERVICES))["items"]) == 1

    async def test_what_would_be_ignored_is_refused(self, api: Api) -> None:
        for path in (f"{SERVICES}?shape=round", f"{SERVICES}/a?watch=true"):
            assert (await api.get(path, status=400))["problems"][0]["code"] == "query-not-supported"

    async def test_lists_hold_what_secrets_do_as_kubernetes_clients_expect(self, api: Api) -> None:
        secret = Secret(
            metadata=Metadata(name="s", namespace="shop"),
            data={"key": "c2VjcmV0"},
            string_data={"other": "plain"},
        )
        await api.apply(secret)
        (listed,) = (await api.get("/api/v1/secrets"))["items"]

        got = await api.get("/api/v1/namespaces/shop/secrets/s")
        assert listed == got
        assert got["data"] == {"key": "c2VjcmV0", "other": "cGxhaW4="}

    async def test_a_redacted_secret_cannot_come_back(self, api: Api) -> None:
        await api.apply(Secret(metadata=Metadata(name="s", namespace="shop"), data={"key": "YQ=="}))
        (item,) = (await api.get("/api/v1/secrets"))["items"]

        assert await api.refused(encode.redacted(item))
        assert (await api.get("/api/v1/namespaces/shop/secrets/s"))["data"] == {"key": "YQ=="}


class TestApply:
    """Many at once, all or none."""

    async def test_each_resource_gets_its_action(self, api: Api) -> None:
        first = await api.apply(service("a"), service("b"))
        assert [r["action"] for r in first["results"]] == ["created", "created"]
        second = await api.apply(service("a"), service("b", port=81), service("c"))

        assert second["results"] == [
            {"key": "Service shop/a", "action": "unchanged"},
            {"key": "Service shop/b", "action": "configured"},
            {"key": "Service shop/c", "action": "created"},
        ]
        assert second["revision"] > first["revision"]
        await api.published(second["revision"])

    async def test_an_apply_of_what_is_there_makes_no_revision(self, api: Api) -> None:
        await api.apply(service("a"), route("a", "a"))
        before = (await api.sources.store.world()).revision
        await api.published(before)
        again = await api.apply(service("a"), route("a", "a"))

        assert [r["action"] for r in again["results"]] == ["unchanged", "unchanged"]

    async def test_one_that_is_wrong_refuses_all_and_every_problem_is_told(self, api: Api) -> None:
        wrong = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "B"}, "spec": {"x": 1}}
        unknown = {"apiVersion": "v1", "kind": "Servise", "metadata": {"name": "c"}}
        problems = await api.refused(service("a"), wrong, unknown)

        assert {p["code"] for p in problems} >= {"unknown-field", "unknown-kind"}
        assert len(problems) >= 3
        assert (await api.get(SERVICES))["items"] == []

    async def test_a_resource_twice_in_one_set_is_a_problem(self, api: Api) -> None:
        (problem,) = await api.refused(service("a"), service("a", port=81))

        assert problem["code"] == "duplicate-name"

    async def test_what_compiling_warns_of_is_told_with_the_change(self, api: Api) -> None:
        applied = await api.apply(service("a"), route("a", "missing"))
        (warning,) = [w for w in applied["warnings"] if w["resource"] == "HTTPRoute shop/to-a"]

        assert warning["severity"] == "warning"
        assert "missing" in warning["message"]
        again = await api.apply(route("a", "missing"))
        assert warning in again["warnings"]
        other = await api.apply(service("b"))
        assert "HTTPRoute shop/to-a" not in {w["resource"] for w in other["warnings"]}

    async def test_a_dry_run_says_what_would_happen_and_does_nothing(self, api: Api) -> None:
        applied = await api.apply(service("a"), route("a", "missing"), dryRun=True)

        assert {r["action"] for r in applied["results"]} == {"created"}
        assert applied["warnings"]
        assert (await api.get(SERVICES))["items"] == []

    async def test_a_resource_version_in_the_set_is_a_condition(self, api: Api) -> None:
        await api.apply(service("a"))
        old = await api.get(f"{SERVICES}/a")
        await api.apply(service("a", port=81))
        answer = await api.ask("POST", "/tulle/v1/apply", {"resources": [old, as_object("b")]})

        assert answer.status == 409
        assert len((await api.get(SERVICES))["items"]) == 1

    async def test_the_trust_domain_stays(self, api: Api) -> None:
        mesh = await api.get("/apis/tulle.dev/v1/meshes/default")
        del mesh["metadata"]["resourceVersion"]
        (problem,) = await api.refused({**mesh, "spec": {"trustDomain": "other.test"}})

        assert problem["code"] == "trust-domain-fixed"

    async def test_deleting_is_all_or_none_too(self, api: Api) -> None:
        await api.apply(service("a"), service("b"))
        keys = [{"kind": "Service", "namespace": "shop", "name": name} for name in "abc"]
        answer = await api.ask("POST", "/tulle/v1/delete", {"keys": keys})
        assert answer.status == 404
        assert len((await api.get(SERVICES))["items"]) == 2

        deleted = await api.post("/tulle/v1/delete", {"keys": keys[:2]})

        assert [r["action"] for r in deleted["results"]] == ["deleted", "deleted"]
        assert (await api.get(SERVICES))["items"] == []

    async def test_what_others_miss_then_is_told(self, api: Api) -> None:
        await api.apply(service("a"), service("b"), route("a", "b"))
        key = {"kind": "Service", "namespace": "shop", "name": "b"}
        deleted = await api.post("/tulle/v1/delete", {"keys": [key]})

        assert [w["resource"] for w in deleted["warnings"]] == ["HTTPRoute shop/to-a"]

    async def test_the_mesh_cannot_be_deleted(self, api: Api) -> None:
        body = {"keys": [{"kind": "Mesh", "name": "default"}]}
        refused = await api.post("/tulle/v1/delete", body, status=422)

        assert refused["problems"][0]["code"] == "mesh-needed"


class TestProxies:
    """What proxies have and say."""

    async def join(self, api: Api) -> None:
        """A workload whose proxy has reported, as a session would write it."""
        await api.apply(service("a"), service("b"), workload("a", ["b"]), workload("b"))
        puts = [Put(w, status_only=True) for w in (workload("a", ["b"]), workload("b"))]
        batch = await api.sources.store.write(puts)
        await api.published(batch.revision)

    async def test_every_workload_is_listed(self, api: Api) -> None:
        await self.join(api)
        api.sources.publisher.attach(A, lambda _: None)
        api.sources.publisher.record(A, [], api.sources.publisher.current(A))
        api.fleet.ends[A] = 123.5
        a, b = (await api.get("/tulle/v1/proxies"))["proxies"]

        assert (a["name"], a["connected"], a["inSync"]) == ("shop/a", True, True)
        assert (a["certificateNotAfter"], a["account"]) == (123.5, "default")
        assert (b["name"], b["connected"], b["inSync"]) == ("shop/b", False, False)

    async def test_settled_names_those_that_are_missing(self, api: Api) -> None:
        await self.join(api)
        revision = api.sources.publisher.revision
        found = await api.get(f"/tulle/v1/settled?revision={revision}&timeout=0")
        assert (found["settled"], found["pending"]) == (False, ["shop/a", "shop/b"])

        for ref in (A, WorkloadRef("shop", "b")):
            api.sources.publisher.attach(ref, lambda _: None)
            api.sources.publisher.record(ref, [], api.sources.publisher.current(ref))

        found = await api.get(f"/tulle/v1/settled?revision={revision}&timeout=5")
        assert (found["settled"], found["pending"], found["refused"]) == (True, [], [])

    async def test_a_revision_that_does_not_exist_yet_is_not_settled(self, api: Api) -> None:
        assert not (await api.get("/tulle/v1/settled?revision=99999"))["settled"]

    async def test_the_configuration_of_a_proxy_can_be_read(self, api: Api) -> None:
        await self.join(api)
        config = await api.get("/tulle/v1/proxies/shop/a/config")

        assert set(config["Cluster"]) == {"inbound:9080", "shop/b:80"}
        missing = await api.get("/tulle/v1/proxies/shop/none/config", status=404)
        assert missing["problems"][0]["code"] == "no-configuration"

    async def test_a_request_is_explained(self, api: Api) -> None:
        await self.join(api)
        body = {"from": "shop/a", "method": "GET", "url": "http://b/"}
        told = await api.post("/tulle/v1/explain", body)

        assert told["outcome"] == "sent"
        assert told["lines"][0].startswith("GET / from shop/a to shop/b port 80")

    async def test_a_caller_nobody_knows_is_a_problem(self, api: Api) -> None:
        body = {"from": "nobody", "method": "GET", "url": "http://b/"}
        refused = await api.post("/tulle/v1/explain", body, status=422)

        assert refused["problems"]

    async def test_edges_are_what_agents_reported(self, api: Api) -> None:
        sample = EdgeSample(
            service="b", namespace="shop", port=80, protocol="http", requests=10, failures=1,
            connections=3, handshakes=3, p50_ms=1.5,
        )  # fmt: skip
        api.fleet.reports[A] = EdgeReport(edges=(sample,))

        assert (await api.get("/tulle/v1/edges"))["edges"] == [
            {
                "from": "shop/a", "to": "shop/b:80", "protocol": "http", "requests": 10,
                "connections": 3, "failures": 1, "p50_ms": 1.5, "p99_ms": None,
                "mtls": None,  # nobody at the other end has said so yet
            }
        ]  # fmt: skip


class TestTheRest:
    """Tokens, checks, the door itself."""

    async def test_a_token_lets_one_workload_in_once(self, api: Api) -> None:
        body = {"namespace": "shop", "serviceAccount": "a", "labels": {"app": "a"}}
        token = read_token((await api.post("/tulle/v1/tokens", body))["token"])
        assert token.root_pem == api.sources.authority.roots.pem

        record = await api.sources.store.take_token(token.id, token.secret_hash, NOW)

        assert record is not None
        assert (record.namespace, record.service_account, record.labels) == (
            "shop",
            "a",
            {"app": "a"},
        )
        assert await api.sources.store.take_token(token.id, token.secret_hash, NOW) is None

    async def test_no_token_is_made_for_the_control_planes_namespace(self, api: Api) -> None:
        body = {"namespace": "tulle-system", "serviceAccount": "control-plane"}

        assert await api.post("/tulle/v1/tokens", body, status=422)

    @pytest.mark.parametrize(
        "body", [7, {}, {"serviceAccount": 7}, {"serviceAccount": "a", "x": 1}]
    )
    async def test_what_is_no_request_is_refused_with_a_way_out(
        self, api: Api, body: object
    ) -> None:
        (problem,) = (await api.post("/tulle/v1/tokens", body, status=400))["problems"]

        assert (problem["code"], bool(problem["hint"])) == ("request-malformed", True)

    async def test_a_token_for_ever_is_refused(self, api: Api) -> None:
        body = {"serviceAccount": "a", "ttlSeconds": 1e12}

        assert "ttlSeconds" in (await api.post("/tulle/v1/tokens", body, status=422))["message"]

    async def test_a_healthy_server_says_so(self, api: Api) -> None:
        checks = {c["name"]: c for c in (await api.get("/tulle/v1/check"))["checks"]}

        assert {c["status"] for c in checks.values()} == {"ok"}
        assert set(checks) >= {"store", "reconcile", "root", "intermediate", "clock", "proxies"}

    async def test_versions_and_health_are_told(self, api: Api) -> None:
        assert (await api.get("/tulle/v1/version"))["version"]
        assert await api.get("/healthz") == "ok\n"

    async def test_the_socket_is_for_its_owner_alone(self, api: Api) -> None:
        assert stat.S_IMODE(api.path.stat().st_mode) == 0o600

    async def test_a_request_without_bound_is_cut_off(self, api: Api) -> None:
        answer = await api.ask("POST", "/tulle/v1/apply", {"resources": ["x" * 17_000_000]})

        assert answer.status == 413
        assert answer.body["kind"] == "Status"

    async def test_a_body_that_nests_without_end_is_refused(self, api: Api) -> None:
        for depth in (400, 900, 100_000):
            deep = b'{"a":[' * depth + b"]}" * depth
            service = (
                b'{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":%s}' % deep
            )
            text = b'{"resources":[%s]}' % service
            async with api.client.post("http://tulle/tulle/v1/apply", data=text) as response:
                assert response.status in {400, 422}

    async def test_nonsense_is_named_as_such(self, api: Api) -> None:
        for body in ([], {"resources": 1}, {"resources": [], "dry": True}):
            answer = await api.ask("POST", "/tulle/v1/apply", body)
            assert (answer.status, answer.body["reason"]) == (400, "BadRequest")
        answer = await api.ask("POST", "/tulle/v1/version", {})
        assert (answer.status, answer.body["reason"]) == (405, "MethodNotAllowed")


def as_object(name: str = "a") -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"ports": [{"port": 80, "appProtocol": "http"}], "selector": {"app": name}},
    }
