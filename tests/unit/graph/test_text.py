"""The graph as plain values."""

import json

import yaml
from tests.unit.graph.meshes import compiled

from tulle.graph.text import graph_object, status_object, view_object
from tulle.graph.views import view_of
from tulle.model.names import WorkloadRef
from tulle.testing.builders import (
    access,
    allow,
    backend,
    http_route,
    parent,
    path,
    rule,
    service,
    tls,
    upstream,
    workload,
)

FOUND = compiled(
    service("api"),
    workload("api", address="fd00::1"),
    workload("web", upstreams=[upstream("api"), upstream("apo")]),
    http_route("r", [parent("api")], rule(backend("api"), match=[path("/v1", "Exact")])),
    access("p", rules=[allow("web"), allow(namespaces=["office"]), allow()]),
    tls("t", "PERMISSIVE"),
)


def test_the_graph_is_plain_values_yaml_and_json_can_carry() -> None:
    plain = graph_object(FOUND.graph)

    assert json.loads(json.dumps(plain)) == plain
    assert yaml.safe_load(yaml.safe_dump(plain)) == plain
    assert list(plain) == ["settings", "services", "workloads"]


def test_one_thought_is_one_line() -> None:
    text = yaml.safe_dump(graph_object(FOUND.graph), width=200)

    assert "- '[fd00::1]:15009 mtls shop/api'" in text
    assert "match: exact /v1" in text
    assert "- any identity (AccessPolicy shop/p spec.rules[2])" in text
    assert "- shop/api:80 on 127.0.0.1:20000 (spec.upstreams[0])" in text


def test_statuses_and_problems_are_lines() -> None:
    plain = status_object(FOUND)

    text = yaml.safe_dump(plain, width=200)
    assert "- Accepted=True Accepted" in text
    assert "[upstream-unknown]" in text
    assert "[plaintext-refused]" in text


def test_a_view_is_what_one_proxy_needs() -> None:
    view = view_of(FOUND.graph, WorkloadRef("shop", "web"))
    assert view is not None

    plain = view_object(view)

    assert list(plain) == ["workload", "inbound", "outbound", "destinations"]
    assert plain["workload"] == "shop/web"
