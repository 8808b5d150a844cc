"""Discovery in both its forms says the same."""

from typing import Any, cast

from tulle.api.kube.discovery.documents import (
    aggregated,
    catalogue_of,
    group,
    groups,
    resources,
    versions,
)
from tulle.api.kube.discovery.reviews import REVIEWS
from tulle.api.kube.discovery.verbs import Verbs
from tulle.model.kinds import ALL

VERBS = Verbs(("get", "list"), {"status": ("get",)})
CATALOGUE = catalogue_of(dict.fromkeys(ALL, VERBS), REVIEWS)


def told_at_once(*, core: bool) -> dict[tuple[str, str, str], tuple[str, ...]]:
    found = {}
    for item in cast(list[dict[str, Any]], aggregated(CATALOGUE, core=core)["items"]):
        for version in item["versions"]:
            for resource in version["resources"]:
                key = (item["metadata"].get("name", ""), version["version"], resource["resource"])
                found[key] = tuple(resource["verbs"])
    return found


def test_both_forms_tell_of_the_same_resources_and_verbs() -> None:
    piecemeal = {
        (where.group, where.version, resource["name"]): tuple(resource["verbs"])
        for where, entries in CATALOGUE.items()
        for resource in cast(list[dict[str, Any]], resources(where, entries)["resources"])
        if "/" not in resource["name"]
    }

    assert told_at_once(core=True) | told_at_once(core=False) == piecemeal
    assert len(piecemeal) == len(ALL) + len(REVIEWS)


def test_every_kind_has_its_names_and_its_scope() -> None:
    (core,) = cast(list[dict[str, Any]], aggregated(CATALOGUE, core=True)["items"])
    by_name = {r["resource"]: r for r in core["versions"][0]["resources"]}

    service = by_name["services"]
    assert service["responseKind"] == {"group": "", "version": "v1", "kind": "Service"}
    assert (service["scope"], by_name["namespaces"]["scope"]) == ("Namespaced", "Cluster")
    assert (service["shortNames"], service["categories"]) == (["svc"], ["all"])
    assert service["subresources"][0]["subresource"] == "status"


def test_groups_are_told_one_by_one_and_together() -> None:
    named = [g["name"] for g in cast(list[dict[str, Any]], groups(CATALOGUE)["groups"])]

    assert "tulle.dev" in named
    assert "" not in named
    for name in named:
        found = group(CATALOGUE, name)
        assert found is not None
        assert found["name"] == name
    assert group(CATALOGUE, "nonsense.example") is None
    assert versions()["versions"] == ["v1"]
