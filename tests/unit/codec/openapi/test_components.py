"""The schemas of an OpenAPI document: found by group, version and kind, and whole."""

import json
import re

import pytest

from tulle.codec.groups import grouped
from tulle.codec.openapi.components import GVK, INT_OR_STRING, OBJECT_META, components, schema_name
from tulle.model.kinds import ALL
from tulle.model.kinds.endpoint_slice import EndpointSlice
from tulle.model.kinds.service import Service
from tulle.model.kinds.workload import Workload
from tulle.model.resources import Resource


def test_names_are_made_as_kubernetes_makes_them() -> None:
    assert schema_name(Service) == "io.k8s.api.core.v1.Service"
    assert schema_name(EndpointSlice) == "io.k8s.api.discovery.v1.EndpointSlice"
    assert schema_name(Workload) == "dev.tulle.v1.Workload"


@pytest.mark.parametrize("kind", ALL)
def test_a_kind_and_its_list_are_found_by_group_version_and_kind(kind: type[Resource]) -> None:
    found = components([kind])
    group, _, version = kind.API_VERSION.rpartition("/")

    name = schema_name(kind)
    assert found[name][GVK] == [{"group": group, "version": version, "kind": kind.KIND}]
    assert found[f"{name}List"][GVK][0]["kind"] == f"{kind.KIND}List"
    assert found[name]["properties"]["metadata"]["allOf"] == [
        {"$ref": f"#/components/schemas/{OBJECT_META}"}
    ]


def test_no_reference_leads_nowhere() -> None:
    for _, kinds in grouped(ALL):
        found = components(kinds)
        refs = re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(found))
        assert set(refs) <= set(found)


def test_what_strategic_merge_goes_by_is_there() -> None:
    found = components([Service])
    ports = found[schema_name(Service)]["properties"]["spec"]["properties"]["ports"]

    assert ports["x-kubernetes-patch-strategy"] == "merge"
    assert ports["x-kubernetes-patch-merge-key"] == "port"
    assert ports["items"]["properties"]["targetPort"]["allOf"][0]["$ref"].endswith(INT_OR_STRING)
    meta = found[OBJECT_META]["properties"]
    assert meta["finalizers"]["x-kubernetes-patch-strategy"] == "merge"
