"""OpenAPI v3: an index with hashes, documents that keep, and only the operations there are."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.api.servers import Api, now, serving

from tulle.api.kube.discovery.openapi import document
from tulle.api.kube.paths import path_of, path_of_one
from tulle.codec.groups import group_version
from tulle.model.kinds.service import Service
from tulle.model.kinds.workload import Workload
from tulle.store.memory import MemoryStore


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(MemoryStore(now), tmp_path) as made:
        yield made


async def test_the_index_leads_to_every_document_and_a_hash_never_changes_what_it_names(
    api: Api,
) -> None:
    paths = (await api.get("/openapi/v3"))["paths"]

    assert {"api/v1", "apis/tulle.dev/v1", "apis/gateway.networking.k8s.io/v1"} <= set(paths)
    for root, entry in paths.items():
        url = entry["serverRelativeURL"]
        answer = await api.ask("GET", url)
        assert answer.body["openapi"].startswith("3.")
        assert "immutable" in answer.headers["Cache-Control"]
        assert "Cache-Control" not in (await api.ask("GET", f"/openapi/v3/{root}")).headers
        tag = {"If-None-Match": answer.headers["ETag"]}
        async with api.client.get(f"http://tulle{url}", headers=tag) as again:
            assert again.status == 304
    assert (await api.get("/openapi/v3/apis/none/v1", status=404))["reason"] == "NotFound"


def test_only_the_operations_there_are_are_told() -> None:
    routes = [
        ("GET", path_of(Service)),
        ("PATCH", path_of_one(Service)),
        ("PUT", f"{path_of_one(Service)}/status"),
        ("PATCH", path_of_one(Workload)),
    ]
    paths = document(group_version(Service), routes)["paths"]

    assert set(paths) == {path_of(Service), path_of_one(Service), f"{path_of_one(Service)}/status"}
    assert set(paths[path_of(Service)]) == {"get", "parameters"}


@pytest.mark.parametrize(("kind", "has_strategic"), [(Service, True), (Workload, False)])
def test_kubectl_finds_in_a_patch_what_it_looks_for(
    kind: type[Service | Workload], has_strategic: bool
) -> None:
    routes = [("PATCH", path_of_one(kind))]
    patch = document(group_version(kind), routes)["paths"][path_of_one(kind)]["patch"]

    assert patch["x-kubernetes-group-version-kind"]["kind"] == kind.KIND
    assert "fieldValidation" in {parameter["name"] for parameter in patch["parameters"]}
    forms = patch["requestBody"]["content"]
    assert ("application/strategic-merge-patch+json" in forms) is has_strategic
    assert "application/apply-patch+yaml" in forms
