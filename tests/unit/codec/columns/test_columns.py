"""What `get` shows of each kind."""

import pytest

from tulle.codec import decode
from tulle.codec.columns import cells_of, columns_of
from tulle.model.kinds import ALL
from tulle.model.kinds.core import ConfigMap, Secret
from tulle.model.resources import Metadata, Resource

SHOWN = {
    "Workload": (
        "apiVersion: tulle.dev/v1\nkind: Workload\nmetadata: {name: a}\n"
        "spec: {address: 10.0.0.1, ports: [{name: http, port: 80}], serviceAccountName: web}\n",
        {"READY": "-", "ACCOUNT": "web", "ADDRESS": "10.0.0.1", "PORTS": "http=80"},
    ),
    "Process": (
        "apiVersion: tulle.dev/v1\nkind: Process\nmetadata: {name: a}\n"
        "spec: {command: [run], replicas: 2, upstreams: [{service: b, port: 80}]}\n",
        {"REPLICAS": 2, "ACCOUNT": "default", "UPSTREAMS": "b:80"},
    ),
    "Service": (
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"
        "spec: {selector: {app: a}, ports: [{name: w, port: 80, appProtocol: http}, {name: x, port: 81}]}\n",
        {"TYPE": "ClusterIP", "ADDRESS": "-", "PORTS": "80/http,81/tcp", "SELECTOR": "app=a"},
    ),
    "ExternalService": (
        "apiVersion: tulle.dev/v1\nkind: ExternalService\nmetadata: {name: a}\n"
        "spec: {host: example.com, ports: [{port: 443, tls: {}}]}\n",
        {"HOST": "example.com", "PORTS": "443/tls"},
    ),
    "HTTPRoute": (
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: a}\n"
        'spec: {parentRefs: [{group: "", kind: Service, name: a}],'
        " rules: [{backendRefs: [{name: b, port: 80, weight: 3}]}]}\n",
        {"PARENTS": "a", "BACKENDS": "b:80*3", "ACCEPTED": "-", "RESOLVED": "-"},
    ),
    "AccessPolicy": (
        "apiVersion: tulle.dev/v1\nkind: AccessPolicy\nmetadata: {name: a}\n"
        "spec: {rules: [{from: [{serviceAccounts: [x/y], namespaces: [z]}]}]}\n",
        {"ACTION": "ALLOW", "TARGETS": "Namespace", "CALLERS": "x/y,z/*", "ACCEPTED": "-"},
    ),
    "TlsPolicy": (
        "apiVersion: tulle.dev/v1\nkind: TlsPolicy\nmetadata: {name: a}\n"
        "spec: {mode: STRICT, targetRefs: [{kind: Service, name: a}]}\n",
        {"MODE": "STRICT", "TARGETS": "Service/a", "ACCEPTED": "-"},
    ),
    "Mesh": (
        "apiVersion: tulle.dev/v1\nkind: Mesh\nmetadata: {name: default}\n",
        {"TRUST-DOMAIN": "mesh.local", "CERTIFICATES": "24h"},
    ),
}


@pytest.mark.parametrize("kind", SHOWN)
def test_a_line_says_what_matters_of_a_kind(kind: str) -> None:
    text, wanted = SHOWN[kind]
    (resource,) = decode.read(text, "m.yaml").resources
    columns = columns_of(type(resource))

    cells = {c.header.upper(): c.cell(resource) for c in columns if not c.wide}
    assert cells == wanted
    assert len(cells_of(resource)) == len(columns)


def test_secrets_tell_how_much_they_hold_and_nothing_of_what() -> None:
    secret = Secret(metadata=Metadata(name="a"), data={"k": "c2VjcmV0"}, string_data={"l": "plain"})

    assert cells_of(secret) == ("Opaque", 2)
    assert cells_of(ConfigMap(metadata=Metadata(name="a"), data={"k": "v"})) == (1,)


@pytest.mark.parametrize("kind", ALL)
def test_headers_are_single_words_told_apart_and_wide_columns_come_last(
    kind: type[Resource],
) -> None:
    columns = columns_of(kind)
    headers = [column.header.upper() for column in columns]

    assert len(set(headers)) == len(headers)
    assert not {"NAME", "NAMESPACE", "AGE"} & set(headers)
    assert all(" " not in header for header in headers)
    assert [c.wide for c in columns] == sorted(c.wide for c in columns)
    assert all(column.description.endswith(".") for column in columns)
