"""Discovery over a real socket, and reviews in the forms clients send them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.api.servers import Api, now, serving
from tests.unit.codec.wire.test_reader import REVIEW

from tulle.api.kube.discovery.documents import AGGREGATED_TYPE
from tulle.codec.wire.reader import CONTENT_TYPE
from tulle.store.memory import MemoryStore

REVIEWS = "/apis/authorization.k8s.io/v1"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(MemoryStore(now), tmp_path) as made:
        yield made


async def test_each_document_is_where_kubernetes_has_it(api: Api) -> None:
    kinds = {
        "/api": "APIVersions",
        "/apis": "APIGroupList",
        "/api/v1": "APIResourceList",
        "/apis/tulle.dev": "APIGroup",
        "/apis/tulle.dev/v1": "APIResourceList",
    }
    for path, kind in kinds.items():
        assert (await api.get(path))["kind"] == (await api.get(f"{path}/"))["kind"] == kind
    assert (await api.get("/version"))["gitVersion"].startswith("v1.")
    for path in ("/apis/nonsense.example", "/api/v2", "/apis/tulle.dev/v7"):
        assert (await api.get(path, status=404))["problems"][0]["code"] == "path-unknown"


async def test_everything_at_once_is_for_who_asks_and_is_not_sent_twice(api: Api) -> None:
    for path in ("/api", "/apis"):
        headers = {"Accept": f"{AGGREGATED_TYPE},application/json"}
        async with api.client.get(f"http://tulle{path}", headers=headers) as response:
            assert response.headers["Content-Type"] == AGGREGATED_TYPE
            assert (await response.json())["kind"] == "APIGroupDiscoveryList"
            tag = response.headers["ETag"]
        headers["If-None-Match"] = tag
        async with api.client.get(f"http://tulle{path}", headers=headers) as response:
            assert response.status == 304
    headers = {"Accept": AGGREGATED_TYPE.replace("v2", "v2beta1")}
    async with api.client.get("http://tulle/apis", headers=headers) as response:
        assert (await response.json())["kind"] == "APIGroupList"


async def test_a_review_is_read_in_every_form_it_is_sent_in(api: Api) -> None:
    body = {"spec": {"resourceAttributes": {"verb": "get", "resource": "services"}}}
    answer = await api.post(f"{REVIEWS}/selfsubjectaccessreviews", body, status=201)
    assert answer["status"]["allowed"] is True

    async with api.client.post(
        f"http://tulle{REVIEWS}/selfsubjectaccessreviews",
        data=REVIEW,
        headers={"Content-Type": CONTENT_TYPE},
    ) as response:
        found = await response.json()
    assert found["kind"] == "SelfSubjectAccessReview"
    assert found["status"]["allowed"] is True
    await api.post(f"{REVIEWS}/selfsubjectaccessreviews", {"spec": 7}, status=400)


async def test_who_asks_and_what_they_may_do_is_told(api: Api) -> None:
    me = await api.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, status=201)
    assert me["status"]["userInfo"]["username"] == "tulle:socket"
    rules = await api.post(f"{REVIEWS}/selfsubjectrulesreviews", {}, status=201)
    assert rules["status"]["resourceRules"]
