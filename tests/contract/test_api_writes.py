"""Changing resources under Kubernetes' paths, over a real socket and real stores: what its clients rely on."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from tests.unit.api.servers import Answer, Api, now, serving

from tulle.model.kinds.service import Service
from tulle.store.contract import Put, Store
from tulle.store.memory import MemoryStore
from tulle.store.sqlite import SqliteStore

SERVICES = "/api/v1/namespaces/shop/services"
CONFIG_MAPS = "/api/v1/namespaces/shop/configmaps"
ROUTES = "/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes"
JSON_PATCH = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    in_memory = request.param == "memory"
    opened: Store = MemoryStore(now) if in_memory else SqliteStore.open(tmp_path / "a.db", now)
    yield opened
    await opened.close()


@pytest.fixture
async def api(store: Store, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(store, tmp_path) as made:
        yield made


def config_map(name: str = "a", **data: str) -> dict[str, Any]:
    """Nothing of ours writes to ConfigMaps, so their versions stand still."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "shop"},
        "data": data,
    }


def service(name: str = "a", *ports: int, **spec: Any) -> dict[str, Any]:
    listed = [{"port": port, "name": f"p{port}"} for port in ports or (80,)]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"ports": listed, **spec},
    }


async def create(api: Api, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await api.ask("POST", path, body)
    assert answer.status == 201, answer.body
    created: dict[str, Any] = answer.body
    return created


async def patch(api: Api, path: str, body: object, type_: str = MERGE) -> Answer:
    return await api.ask("PATCH", path, body, type_)


async def apply(api: Api, body: dict[str, Any], manager: str, more: str = "") -> Answer:
    path = CONFIG_MAPS if body["kind"] == "ConfigMap" else SERVICES
    where = f"{path}/{body['metadata']['name']}?fieldManager={manager}{more}"
    return await patch(api, where, body, APPLY)


def causes(answer: Answer) -> set[tuple[str, str]]:
    return {(one["reason"], one["field"]) for one in answer.body["details"]["causes"]}


def managers(resource: dict[str, Any]) -> dict[tuple[str, str, str], dict[str, Any]]:
    return {
        (one["manager"], one["operation"], one.get("subresource", "")): one["fieldsV1"]
        for one in resource["metadata"].get("managedFields", [])
    }


class TestCreate:
    async def test_what_is_created_is_answered_with_defaults_and_its_owner(self, api: Api) -> None:
        made = await create(api, f"{SERVICES}?fieldManager=me", service())

        assert made["spec"]["type"] == "ClusterIP"
        assert made["spec"]["ports"][0]["protocol"] == "TCP"
        assert made["metadata"]["generation"] == 1
        assert made["metadata"]["uid"]
        assert "f:spec" in managers(made)["me", "Update", ""]

    async def test_a_name_is_made_up_where_one_is_asked_for(self, api: Api) -> None:
        body = {**config_map(), "metadata": {"generateName": "job-"}}
        names = {(await create(api, CONFIG_MAPS, body))["metadata"]["name"] for _ in range(3)}

        assert len(names) == 3
        assert all(name.startswith("job-") and len(name) == 9 for name in names)

    async def test_what_has_no_name_at_all_is_refused(self, api: Api) -> None:
        answer = await api.ask("POST", CONFIG_MAPS, {**config_map(), "metadata": {}})

        assert answer.status == 422
        assert causes(answer) == {("FieldValueRequired", "metadata.name")}

    async def test_what_is_there_already_is_refused_and_named(self, api: Api) -> None:
        await create(api, CONFIG_MAPS, config_map())
        answer = await api.ask("POST", CONFIG_MAPS, config_map())

        assert (answer.status, answer.body["reason"]) == (409, "AlreadyExists")
        assert answer.body["message"] == 'configmaps "a" already exists'
        assert answer.body["details"] == {"name": "a", "kind": "configmaps"}

    async def test_a_status_a_user_sends_along_is_not_taken(self, api: Api) -> None:
        body = {**service(), "status": {"loadBalancer": {}, "virtualAddresses": ["240.0.0.99"]}}
        answer = await api.ask("POST", SERVICES, body)

        assert answer.status == 201
        assert "status" not in answer.body
        assert "Warning" not in answer.headers

    async def test_a_body_may_be_yaml(self, api: Api) -> None:
        text = "kind: ConfigMap\nmetadata:\n  name: a\ndata: {key: value}\n"
        answer = await api.ask("POST", CONFIG_MAPS, text, "application/yaml; charset=utf-8")

        assert (answer.status, answer.body["data"]) == (201, {"key": "value"})
        two = await api.ask("POST", CONFIG_MAPS, f"{text}---\n{text}", "application/yaml")
        assert two.status == 400

    async def test_bodies_of_other_forms_are_refused(self, api: Api) -> None:
        answer = await api.ask("POST", CONFIG_MAPS, "x", "text/html")
        assert (answer.status, answer.body["reason"]) == (415, "UnsupportedMediaType")
        for text in ("{", "[]", "NaN", '{"a": Infinity}', "[" * 100_000):
            assert (await api.ask("POST", CONFIG_MAPS, text)).status == 400
        big = config_map(key="x" * (17 * 1024 * 1024))
        answer = await api.ask("POST", CONFIG_MAPS, big)
        assert (answer.status, answer.body["reason"]) == (413, "RequestEntityTooLarge")

    async def test_every_problem_is_a_cause_with_its_field(self, api: Api) -> None:
        body = service("a", 0, type="Nonsense", clusterIP="x")
        answer = await api.ask("POST", SERVICES, body)

        assert (answer.status, answer.body["reason"]) == (422, "Invalid")
        assert causes(answer) >= {
            ("FieldValueInvalid", "spec.ports[0].port"),
            ("FieldValueNotSupported", "spec.type"),
        }
        assert answer.body["message"].startswith('Service "a" is invalid: [')
        details = answer.body["details"]
        assert (details["name"], details["kind"]) == ("a", "Service")

    async def test_it_must_be_what_its_path_says(self, api: Api) -> None:
        for body in (
            {**config_map(), "kind": "Secret"},
            {**config_map(), "apiVersion": "v2"},
            {**config_map(), "metadata": {"name": "a", "namespace": "other"}},
            {**config_map(), "metadata": {"name": "a", "resourceVersion": "5"}},
        ):
            answer = await api.ask("POST", CONFIG_MAPS, body)
            assert (answer.status, answer.body["reason"]) == (400, "BadRequest"), answer.body


class TestValidation:
    UNKNOWN: ClassVar[dict[str, Any]] = {
        **service(),
        "spec": {"ports": [{"port": 80, "colour": 1}], "nonsense": {"a": 1}},
    }
    TWICE = '{"metadata": {"name": "a"}, "data": {"k": "1", "k": "2"}}'

    async def test_unknown_fields_are_refused_by_name_unless_something_else_is_asked(
        self, api: Api
    ) -> None:
        for query in ("", "?fieldValidation=Strict"):
            answer = await api.ask("POST", f"{SERVICES}{query}", self.UNKNOWN)
            assert (answer.status, answer.body["reason"]) == (400, "BadRequest")
            assert 'strict decoding error: unknown field "spec.' in answer.body["message"]
            paths = {one["path"] for one in answer.body["problems"]}
            assert paths == {"spec.ports[0].colour", "spec.nonsense"}

    async def test_unknown_fields_are_left_out_with_a_warning(self, api: Api) -> None:
        answer = await api.ask("POST", f"{SERVICES}?fieldValidation=Warn", self.UNKNOWN)

        assert answer.status == 201
        assert answer.headers["Warning"].startswith('299 tulle "unknown field ')
        assert "nonsense" not in answer.body["spec"]

    async def test_unknown_fields_are_left_out_without_a_word(self, api: Api) -> None:
        answer = await api.ask("POST", f"{SERVICES}?fieldValidation=Ignore", self.UNKNOWN)

        assert answer.status == 201
        assert "Warning" not in answer.headers

    async def test_fields_written_twice_are_refused_by_name(self, api: Api) -> None:
        answer = await api.ask("POST", CONFIG_MAPS, self.TWICE)
        assert answer.status == 400
        assert 'duplicate field "data.k"' in answer.body["message"]

        answer = await api.ask("POST", f"{CONFIG_MAPS}?fieldValidation=Warn", self.TWICE)
        assert (answer.status, answer.body["data"]) == (201, {"k": "2"})
        assert "duplicate field 'data.k'" in answer.headers["Warning"]

    async def test_an_applier_is_held_to_the_same(self, api: Api) -> None:
        assert (await apply(api, self.UNKNOWN, "me")).status == 400
        answer = await apply(api, self.UNKNOWN, "me", "&fieldValidation=Warn")
        assert answer.status == 201
        assert "nonsense" not in str(managers(answer.body))

    @pytest.mark.parametrize(
        "query",
        ["dryRun=Some", "fieldValidation=Maybe", "force=perhaps", "unheard=of", "fieldManager=%00"],
    )
    async def test_a_query_that_cannot_be_followed_is_refused(self, api: Api, query: str) -> None:
        assert (await api.ask("POST", f"{CONFIG_MAPS}?{query}", config_map())).status == 400


class TestReplace:
    async def test_put_replaces_and_never_creates(self, api: Api) -> None:
        answer = await api.ask("PUT", f"{CONFIG_MAPS}/a", config_map())
        assert (answer.status, answer.body["reason"]) == (404, "NotFound")
        assert answer.body["message"] == 'configmaps "a" not found'

        await create(api, CONFIG_MAPS, config_map(k="1"))
        answer = await api.ask("PUT", f"{CONFIG_MAPS}/a", config_map(k="2"))
        assert (answer.status, answer.body["data"]) == (200, {"k": "2"})

    async def test_a_stale_version_is_a_conflict_in_kubernetes_words(self, api: Api) -> None:
        first = await create(api, CONFIG_MAPS, config_map(k="1"))
        await api.ask("PUT", f"{CONFIG_MAPS}/a", config_map(k="2"))
        answer = await api.ask("PUT", f"{CONFIG_MAPS}/a", first)

        assert (answer.status, answer.body["reason"]) == (409, "Conflict")
        assert answer.body["message"] == (
            'Operation cannot be fulfilled on configmaps "a": the object has been modified; '
            "please apply your changes to the latest version and try again"
        )

    async def test_another_uid_is_a_conflict(self, api: Api) -> None:
        await create(api, CONFIG_MAPS, config_map())
        body = config_map(k="2")
        body["metadata"]["uid"] = "other"
        answer = await api.ask("PUT", f"{CONFIG_MAPS}/a", body)

        assert answer.status == 409
        assert "Precondition failed: UID" in answer.body["message"]

    async def test_the_same_again_makes_no_revision(self, api: Api) -> None:
        made = await create(api, f"{CONFIG_MAPS}?fieldManager=a", config_map(k="1"))
        again = await api.ask("PUT", f"{CONFIG_MAPS}/a?fieldManager=b", config_map(k="1"))

        assert again.body == made

    async def test_what_only_the_store_may_write_stays(self, api: Api) -> None:
        made = await create(api, CONFIG_MAPS, config_map())
        forged = config_map(k="1")
        forged["metadata"] |= {
            "creationTimestamp": "2000-01-01T00:00:00Z",
            "generation": 99,
            "deletionTimestamp": "2000-01-01T00:00:00Z",
        }
        answer = await api.ask("PUT", f"{CONFIG_MAPS}/a", forged)

        assert answer.body["metadata"]["creationTimestamp"] == made["metadata"]["creationTimestamp"]
        assert answer.body["metadata"]["generation"] == 2
        assert "deletionTimestamp" not in answer.body["metadata"]


class TestPatch:
    async def test_each_form_of_patch_is_taken(self, api: Api) -> None:
        await create(api, CONFIG_MAPS, config_map(a="1"))
        where = f"{CONFIG_MAPS}/a"
        for form, body in (
            (MERGE, {"data": {"b": "2"}}),
            (STRATEGIC, {"data": {"c": "3"}}),
            (JSON_PATCH, [{"op": "add", "path": "/data/d", "value": "4"}]),
        ):
            answer = await patch(api, where, body, form)
            assert answer.status == 200, answer.body
        assert answer.body["data"] == {"a": "1", "b": "2", "c": "3", "d": "4"}

    async def test_a_strategic_patch_merges_lists_a_merge_patch_replaces_them(
        self, api: Api
    ) -> None:
        await create(api, SERVICES, service("a", 80, 81))
        body = {"spec": {"ports": [{"port": 82, "name": "p82"}]}}
        merged = await patch(api, f"{SERVICES}/a", body, STRATEGIC)
        assert [port["port"] for port in merged.body["spec"]["ports"]] == [80, 81, 82]

        replaced = await patch(api, f"{SERVICES}/a", body, MERGE)
        assert [port["port"] for port in replaced.body["spec"]["ports"]] == [82]

    async def test_kinds_that_were_added_have_no_strategic_patch(self, api: Api) -> None:
        answer = await patch(api, f"{ROUTES}/a", {}, STRATEGIC)

        assert answer.status == 415
        assert MERGE in answer.body["message"]
        assert STRATEGIC not in answer.body["message"]
        assert (await patch(api, f"{CONFIG_MAPS}/a", {}, "application/json")).status == 415

    async def test_a_patch_that_does_not_fit_is_refused_and_changes_nothing(self, api: Api) -> None:
        made = await create(api, CONFIG_MAPS, config_map(a="1"))
        where = f"{CONFIG_MAPS}/a"
        test = [{"op": "test", "path": "/data/a", "value": "2"}]
        assert (await patch(api, where, test, JSON_PATCH)).status == 422
        assert (await patch(api, where, {"op": "test"}, JSON_PATCH)).status == 400
        many = [{"op": "test", "path": "/data/a", "value": "1"}] * 10_001
        assert (await patch(api, where, many, JSON_PATCH)).status == 413
        assert (await patch(api, where, {"data": {"a": 1}})).status == 422
        assert (await patch(api, where, {"nonsense": 1})).status == 400
        assert (await patch(api, where, {"metadata": {"name": "b"}})).status == 400
        assert (await patch(api, f"{CONFIG_MAPS}/none", {})).status == 404
        now = (await patch(api, where, {})).body
        assert now == made

    async def test_a_patch_may_name_the_version_it_is_for(self, api: Api) -> None:
        made = await create(api, CONFIG_MAPS, config_map())
        version = made["metadata"]["resourceVersion"]
        body = {"metadata": {"resourceVersion": version}, "data": {"a": "1"}}

        assert (await patch(api, f"{CONFIG_MAPS}/a", body)).status == 200
        assert (await patch(api, f"{CONFIG_MAPS}/a", body)).status == 409

    async def test_who_changes_a_field_owns_it(self, api: Api) -> None:
        await create(api, f"{CONFIG_MAPS}?fieldManager=ann", config_map(a="1", b="1"))
        answer = await patch(api, f"{CONFIG_MAPS}/a?fieldManager=bob", {"data": {"a": "2"}})

        owned = managers(answer.body)
        assert owned["bob", "Update", ""] == {"f:data": {"f:a": {}}}
        assert owned["ann", "Update", ""] == {"f:data": {".": {}, "f:b": {}}}

    async def test_without_a_name_the_program_is_the_manager(self, api: Api) -> None:
        made = await create(api, CONFIG_MAPS, config_map(a="1"))

        assert [one[0] for one in managers(made)] == ["Python"]

    async def test_who_owns_what_can_be_mended_and_forgotten(self, api: Api) -> None:
        made = await create(api, CONFIG_MAPS, config_map(a="1"))
        entry = {**made["metadata"]["managedFields"][0], "manager": "other"}
        body = [{"op": "replace", "path": "/metadata/managedFields", "value": [entry]}]
        mended = await patch(api, f"{CONFIG_MAPS}/a", body, JSON_PATCH)
        assert [one[0] for one in managers(mended.body)] == ["other"]

        body = [{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}]
        forgotten = await patch(api, f"{CONFIG_MAPS}/a", body, JSON_PATCH)
        assert managers(forgotten.body) == {}


class TestApply:
    async def test_applying_creates_and_then_changes_nothing(self, api: Api) -> None:
        first = await apply(api, config_map(a="1"), "me")
        again = await apply(api, config_map(a="1"), "me")

        assert (first.status, again.status) == (201, 200)
        assert first.body == again.body
        assert managers(first.body) == {("me", "Apply", ""): {"f:data": {"f:a": {}}}}

    async def test_what_others_own_is_a_conflict_that_names_them(self, api: Api) -> None:
        await apply(api, config_map(a="1", b="1"), "ann")
        answer = await apply(api, config_map(a="2", b="2", c="3"), "bob")

        assert (answer.status, answer.body["reason"]) == (409, "Conflict")
        assert causes(answer) == {
            ("FieldManagerConflict", ".data.a"),
            ("FieldManagerConflict", ".data.b"),
        }
        assert answer.body["details"]["causes"][0]["message"] == 'conflict with "ann"'
        assert answer.body["message"].startswith("Apply failed with 2 conflicts: ")
        assert (await api.get(f"{CONFIG_MAPS}/a"))["data"] == {"a": "1", "b": "1"}

        forced = await apply(api, config_map(a="2", b="2", c="3"), "bob", "&force=true")
        assert forced.body["data"] == {"a": "2", "b": "2", "c": "3"}
        assert list(managers(forced.body)) == [("bob", "Apply", "")]

    async def test_what_is_applied_no_more_goes_unless_others_own_it(self, api: Api) -> None:
        await apply(api, config_map(a="1", b="1"), "ann")
        await apply(api, config_map(b="1", c="1"), "bob")
        answer = await apply(api, config_map(), "ann")

        assert answer.body["data"] == {"b": "1", "c": "1"}

    async def test_an_update_that_is_overruled_is_named_with_its_time(self, api: Api) -> None:
        await create(api, f"{CONFIG_MAPS}?fieldManager=editor", config_map(a="1"))
        answer = await apply(api, config_map(a="2"), "me")

        [cause] = answer.body["details"]["causes"]
        assert cause["message"] == 'conflict with "editor" using v1 at 2027-01-15T08:00:00Z'

    async def test_an_applier_says_who_it_is_and_only_it_may_force(self, api: Api) -> None:
        answer = await patch(api, f"{CONFIG_MAPS}/a", config_map(), APPLY)
        assert (answer.status, causes(answer)) == (422, {("FieldValueRequired", "fieldManager")})
        answer = await patch(api, f"{CONFIG_MAPS}/a?force=true", {})
        assert (answer.status, causes(answer)) == (422, {("FieldValueForbidden", "force")})

    async def test_managed_fields_are_not_applied(self, api: Api) -> None:
        body = config_map()
        body["metadata"]["managedFields"] = [{"manager": "x"}]
        answer = await apply(api, body, "me")

        assert answer.status == 400
        assert "managedFields must be nil" in answer.body["message"]

    async def test_a_dry_run_says_what_would_be_and_at_which_version_it_is(self, api: Api) -> None:
        dry = await apply(api, config_map(a="1"), "me", "&dryRun=All")
        assert dry.status == 201
        assert "resourceVersion" not in dry.body["metadata"]
        assert (await api.ask("GET", f"{CONFIG_MAPS}/a")).status == 404

        made = await apply(api, config_map(a="1"), "me")
        dry = await apply(api, config_map(a="2"), "me", "&dryRun=All")
        assert dry.body["data"] == {"a": "2"}
        version = made.body["metadata"]["resourceVersion"]
        assert dry.body["metadata"]["resourceVersion"] == version
        assert (await apply(api, config_map(a="1"), "me")).body == made.body

    async def test_a_note_of_kubectl_is_kept_up_to_date_by_kubectl(self, api: Api) -> None:
        note = "kubectl.kubernetes.io/last-applied-configuration"
        body = config_map(a="1")
        body["metadata"]["annotations"] = {note: "{}"}
        await create(api, f"{CONFIG_MAPS}?fieldManager=kubectl-client-side-apply", body)
        answer = await apply(api, config_map(a="1"), "kubectl")

        assert '"data":{"a":"1"}' in answer.body["metadata"]["annotations"][note]


class TestStatus:
    async def test_a_status_is_changed_apart_from_everything_else(
        self, api: Api, store: Store
    ) -> None:
        await create(api, SERVICES, service())
        condition = {"type": "Mine", "status": "True", "reason": "Because"}
        body = {"spec": {"type": "NodePort"}, "status": {"conditions": [condition]}}
        answer = await patch(api, f"{SERVICES}/a/status?fieldManager=me", body)

        assert answer.status == 200
        assert condition in answer.body["status"]["conditions"]
        assert answer.body["spec"]["type"] == "ClusterIP"
        assert "f:status" in managers(answer.body)["me", "Update", "status"]
        found = (await store.world()).get(Service, "shop", "a")
        assert found is not None
        assert found.metadata.generation == 1

    async def test_the_resource_itself_takes_no_status(self, api: Api) -> None:
        await create(api, SERVICES, service())
        body = {"status": {"conditions": [{"type": "x", "status": "True", "reason": "y"}]}}
        answer = await patch(api, f"{SERVICES}/a", body)

        assert answer.status == 200
        assert "conditions" not in answer.body.get("status", {})

    async def test_a_status_can_be_put_and_applied(self, api: Api) -> None:
        await create(api, SERVICES, service())
        one = {"type": "One", "status": "True", "reason": "R"}
        two = {"type": "Two", "status": "True", "reason": "R"}
        put = await api.ask(
            "PUT", f"{SERVICES}/a/status", {**service(), "status": {"conditions": [one]}}
        )
        assert put.body["status"]["conditions"] == [one]
        config = {**service(type="NodePort"), "status": {"conditions": [two]}}
        answer = await patch(api, f"{SERVICES}/a/status?fieldManager=me", config, APPLY)

        assert answer.status == 200, answer.body
        assert answer.body["status"]["conditions"] == [one, two]
        assert answer.body["spec"]["type"] == "ClusterIP"
        owned = managers(answer.body)["me", "Apply", "status"]
        assert set(owned) == {"f:status"}

    async def test_conditions_written_twice_do_no_harm(self, api: Api) -> None:
        await create(api, SERVICES, service())
        twice = [{"type": "Mine", "status": "True", "reason": reason} for reason in "ab"]
        body = {"status": {"conditions": twice}}
        assert (await patch(api, f"{SERVICES}/a/status", body)).status == 200
        once = {"status": {"conditions": twice[:1]}}
        config = {**service(), **once}
        answer = await patch(api, f"{SERVICES}/a/status?fieldManager=me&force=true", config, APPLY)

        assert answer.status == 200, answer.body
        assert (await patch(api, f"{SERVICES}/a", {"spec": {"type": "NodePort"}})).status == 200

    async def test_kinds_without_a_status_have_no_path_for_one(self, api: Api) -> None:
        assert (await patch(api, f"{CONFIG_MAPS}/a/status", {})).status == 404


async def test_however_many_write_at_once_nobody_loses_anything(api: Api) -> None:
    async with asyncio.TaskGroup() as group:
        applied = [
            group.create_task(apply(api, config_map(**{f"k{n}": str(n)}), f"m{n}"))
            for n in range(20)
        ]
        patched = [
            group.create_task(patch(api, f"{SERVICES}/a?fieldManager=x", {}, MERGE))
            for _ in range(5)
        ]
    assert {task.result().status for task in patched} == {404}
    assert sorted(task.result().status for task in applied) == [200] * 19 + [201]

    found = (await patch(api, f"{CONFIG_MAPS}/a", {})).body
    assert found["data"] == {f"k{n}": str(n) for n in range(20)}
    assert set(managers(found)) == {(f"m{n}", "Apply", "") for n in range(20)}


async def test_a_patch_that_is_overtaken_is_decided_anew(
    api: Api, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await create(api, SERVICES, service())
    overtaken = 0
    write = type(store).write

    async def overtaking(self: Store, changes: Any, dry_run: bool = False) -> Any:
        nonlocal overtaken
        wanted = tuple(changes)
        by_user = any(isinstance(one, Put) and not one.status_only for one in wanted)
        if by_user and not dry_run and overtaken < 3:
            overtaken += 1
            found = (await store.world()).get(Service, "shop", "a")
            assert found is not None
            addresses = (f"240.0.9.{overtaken}",)
            status = msgspec.structs.replace(found.status, virtual_addresses=addresses)
            await write(
                self, [Put(msgspec.structs.replace(found, status=status), status_only=True)]
            )
        return await write(self, wanted, dry_run)

    monkeypatch.setattr(type(store), "write", overtaking)
    answer = await patch(api, f"{SERVICES}/a", {"spec": {"type": "NodePort"}})

    assert (answer.status, overtaken) == (200, 3)
    assert answer.body["spec"]["type"] == "NodePort"
