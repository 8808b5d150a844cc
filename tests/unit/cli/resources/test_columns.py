"""What `get` shows of each kind."""

import pytest

from tulle.cli.resources.columns import cells_of, worst
from tulle.codec import decode
from tulle.model.kinds import ALL
from tulle.model.resources import Condition, Metadata

SHOWN = {
    "Workload": (
        "apiVersion: tulle.dev/v1\nkind: Workload\nmetadata: {name: a}\n"
        "spec: {address: 10.0.0.1, ports: [{name: http, port: 80}], serviceAccountName: web}\n",
        {"READY": "-", "ACCOUNT": "web", "ADDRESS": "10.0.0.1", "PORTS": "http=80"},
    ),
    "Process": (
        "apiVersion: tulle.dev/v1\nkind: Process\nmetadata: {name: a}\n"
        "spec: {command: [run], replicas: 2, upstreams: [{service: b, port: 80}]}\n",
        {"REPLICAS": "2", "ACCOUNT": "default", "UPSTREAMS": "b:80"},
    ),
    "Service": (
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"
        "spec: {selector: {app: a}, ports: [{name: w, port: 80, appProtocol: http}, {name: x, port: 81}]}\n",
        {"ADDRESS": "-", "PORTS": "80/http,81/tcp", "SELECTOR": "app=a"},
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
        {"TRUST DOMAIN": "mesh.local", "CERTIFICATES": "24h"},
    ),
}


@pytest.mark.parametrize("kind", SHOWN)
def test_a_line_says_what_matters_of_a_kind(kind: str) -> None:
    text, cells = SHOWN[kind]
    (resource,) = decode.read(text, "m.yaml").resources

    assert cells_of(resource, wide=False) == cells
    assert cells_of(resource, wide=True).items() >= cells.items()


@pytest.mark.parametrize("kind", ["Namespace", "ServiceAccount", "Secret", "ConfigMap"])
def test_kinds_without_columns_show_none_and_no_secret_at_all(kind: str) -> None:
    (found,) = (k for k in ALL if kind == k.KIND)

    assert cells_of(found(metadata=Metadata(name="a")), wide=True) == {}


def test_of_several_conditions_the_worst_counts() -> None:
    good = Condition(type="Accepted", status="True", reason="Accepted")
    bad = Condition(type="Accepted", status="False", reason="NoMatchingParent")

    assert worst([good, bad], "Accepted") == "False (NoMatchingParent)"
    assert worst([good], "Accepted") == "True"
