"""Deleting resources under Kubernetes' paths, over a real socket and real stores."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.api.servers import Answer, Api, now, serving

from tulle.store.contract import Store
from tulle.store.memory import MemoryStore
from tulle.store.sqlite import SqliteStore

CONFIG_MAPS = "/api/v1/namespaces/shop/configmaps"
MERGE = "application/merge-patch+json"


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


def config_map(name: str = "a") -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop"}}


async def create(api: Api, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await api.ask("POST", path, body)
    assert answer.status == 201, answer.body
    created: dict[str, Any] = answer.body
    return created


async def patch(api: Api, path: str, body: object) -> Answer:
    return await api.ask("PATCH", path, body, MERGE)


class TestDelete:
    async def test_a_deletion_answers_what_is_gone(self, api: Api) -> None:
        made = await create(api, CONFIG_MAPS, config_map())
        answer = await api.ask("DELETE", f"{CONFIG_MAPS}/a")

        assert answer.body["status"] == "Success"
        uid = made["metadata"]["uid"]
        assert answer.body["details"] == {"name": "a", "kind": "configmaps", "uid": uid}

    async def test_what_a_finalizer_holds_is_answered_and_goes_with_it(self, api: Api) -> None:
        body = config_map()
        body["metadata"]["finalizers"] = ["tulle.dev/test"]
        await create(api, CONFIG_MAPS, body)
        answer = await api.ask("DELETE", f"{CONFIG_MAPS}/a")
        assert answer.body["metadata"]["deletionTimestamp"] == "2027-01-15T08:00:00Z"

        again = await patch(api, f"{CONFIG_MAPS}/a", {"metadata": {"finalizers": None}})
        assert again.status == 200
        assert (await api.ask("GET", f"{CONFIG_MAPS}/a")).status == 404

    async def test_what_is_being_deleted_takes_no_new_finalizer(self, api: Api) -> None:
        body = config_map()
        body["metadata"]["finalizers"] = ["tulle.dev/test"]
        await create(api, CONFIG_MAPS, body)
        await api.ask("DELETE", f"{CONFIG_MAPS}/a")
        more = {"metadata": {"finalizers": ["tulle.dev/test", "tulle.dev/more"]}}

        assert (await patch(api, f"{CONFIG_MAPS}/a", more)).status == 422

    async def test_preconditions_are_kept(self, api: Api) -> None:
        made = await create(api, CONFIG_MAPS, config_map())
        for wrong in ({"uid": "other"}, {"resourceVersion": "0"}):
            answer = await api.ask("DELETE", f"{CONFIG_MAPS}/a", {"preconditions": wrong})
            assert (answer.status, answer.body["reason"]) == (409, "Conflict")
            assert "Precondition failed" in answer.body["message"]
        right = {name: made["metadata"][name] for name in ("uid", "resourceVersion")}
        answer = await api.ask("DELETE", f"{CONFIG_MAPS}/a", {"preconditions": right})
        assert answer.status == 200

    async def test_a_dry_run_deletes_nothing(self, api: Api) -> None:
        await create(api, CONFIG_MAPS, config_map())
        answer = await api.ask("DELETE", f"{CONFIG_MAPS}/a", {"dryRun": ["All"]})

        assert (answer.status, answer.body["status"]) == (200, "Success")
        assert (await api.ask("GET", f"{CONFIG_MAPS}/a")).status == 200

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"propagationPolicy": "Sideways"}, 422),
            ({"propagationPolicy": "Orphan", "orphanDependents": True}, 422),
            ({"gracePeriodSeconds": -5}, 422),
            ({"gracePeriodSeconds": "soon"}, 400),
            ({"dryRun": ["Some"]}, 400),
            ([], 400),
        ],
    )
    async def test_options_that_make_no_sense_are_refused(
        self, api: Api, body: object, status: int
    ) -> None:
        await create(api, CONFIG_MAPS, config_map())

        assert (await api.ask("DELETE", f"{CONFIG_MAPS}/a", body)).status == status

    async def test_the_default_namespace_cannot_be_deleted(self, api: Api) -> None:
        answer = await api.ask("DELETE", "/api/v1/namespaces/default")

        assert (answer.status, answer.body["reason"]) == (403, "Forbidden")

    async def test_the_mesh_itself_cannot_be_deleted(self, api: Api) -> None:
        assert (await api.ask("DELETE", "/apis/tulle.dev/v1/meshes/default")).status == 422


class TestDeleteCollection:
    async def test_those_a_selector_wants_go_together(self, api: Api) -> None:
        for name, color in (("a", "red"), ("b", "blue"), ("c", "red")):
            body = config_map(name)
            body["metadata"]["labels"] = {"color": color}
            await create(api, CONFIG_MAPS, body)
        dry = await api.ask("DELETE", f"{CONFIG_MAPS}?labelSelector=color%3Dred&dryRun=All")
        assert dry.status == 200
        answer = await api.ask("DELETE", f"{CONFIG_MAPS}?labelSelector=color%3Dred")

        assert answer.body["kind"] == "ConfigMapList"
        assert [one["metadata"]["name"] for one in answer.body["items"]] == ["a", "c"]
        left = (await api.get(CONFIG_MAPS))["items"]
        assert [one["metadata"]["name"] for one in left] == ["b"]

    async def test_without_a_selector_all_of_a_namespace_go_and_none_of_others(
        self, api: Api
    ) -> None:
        await create(api, CONFIG_MAPS, config_map())
        elsewhere = "/api/v1/namespaces/other/configmaps"
        await create(api, elsewhere, {"metadata": {"name": "a"}})
        assert (await api.ask("DELETE", CONFIG_MAPS)).status == 200

        assert (await api.get(CONFIG_MAPS))["items"] == []
        assert len((await api.get(elsewhere))["items"]) == 1
        assert (await api.ask("DELETE", CONFIG_MAPS)).body["items"] == []

    async def test_namespaces_do_not_go_in_masses(self, api: Api) -> None:
        assert (await api.ask("DELETE", "/api/v1/namespaces")).status == 405

    async def test_what_cannot_be_followed_is_refused(self, api: Api) -> None:
        for query in ("labelSelector=(", "limit=1", "continue=x"):
            assert (await api.ask("DELETE", f"{CONFIG_MAPS}?{query}")).status == 400
