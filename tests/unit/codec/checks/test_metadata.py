"""Names, namespaces, labels and annotations of every kind."""

import pytest
from tests.unit.codec.reading import errors, found, resource

from tulle.codec.checks.metadata import MAX_ANNOTATIONS, check
from tulle.model.kinds.core import Namespace, ServiceAccount
from tulle.model.resources import Metadata


def test_what_kubernetes_takes_is_taken() -> None:
    metadata = 'name: a.b-c, namespace: shop, labels: {app.kubernetes.io/name: x, y: ""}'

    assert found(resource("TlsPolicy", "mode: STRICT", metadata)) == set()


@pytest.mark.parametrize("name", ["a..b", "a.-b", "a-.b", "a" * 64])
def test_every_part_of_a_name_is_a_dns_label(name: str) -> None:
    assert errors(resource("TlsPolicy", "mode: STRICT", f"name: {name}")) == {
        ("metadata.name", "bad-name")
    }


@pytest.mark.parametrize("namespace", ["a.b", "-a", "A", "a/b", "a" * 64])
def test_a_namespace_is_one_dns_label(namespace: str) -> None:
    account = ServiceAccount(metadata=Metadata(name="x", namespace=namespace))

    assert [one.code for one in check(account)] == ["bad-name"]


def test_what_belongs_to_the_whole_mesh_is_in_no_namespace() -> None:
    [problem] = check(Namespace(metadata=Metadata(name="x", namespace="y")))

    assert (problem.path, problem.code) == ("metadata.namespace", "namespace-not-allowed")


def test_keys_of_labels_and_annotations_have_at_most_one_prefix() -> None:
    metadata = "name: x, labels: {a/b/c: d}, annotations: {-z: d}"

    assert errors(resource("TlsPolicy", "mode: STRICT", metadata)) == {
        ("metadata.labels[a/b/c]", "bad-name"),
        ("metadata.annotations[-z]", "bad-name"),
    }


def test_annotations_are_bounded() -> None:
    metadata = Metadata(name="x", annotations={"a": "b" * MAX_ANNOTATIONS})

    assert [one.code for one in check(Namespace(metadata=metadata))] == ["too-large"]
