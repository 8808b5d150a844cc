"""Names, namespaces, labels and annotations of every kind."""

import msgspec
import pytest
from tests.unit.codec.reading import errors, found, resource

from tulle.codec.checks.metadata import MAX_ANNOTATIONS, MAX_ENTRIES, check
from tulle.model.kinds.core import Namespace, ServiceAccount
from tulle.model.resources import ManagedFields, Metadata, OwnerReference


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


@pytest.mark.parametrize("name", ["tulle.dev/mine", "kubernetes", "orphan", "foregroundDeletion"])
def test_a_finalizer_says_whose_it_is(name: str) -> None:
    assert found(resource("TlsPolicy", "mode: STRICT", f"name: x, finalizers: [{name}]")) == set()


@pytest.mark.parametrize("name", ["mine", "a/b/c", "-/x", "tulle.dev/"])
def test_a_finalizer_of_nobody_is_refused(name: str) -> None:
    assert errors(resource("TlsPolicy", "mode: STRICT", f'name: x, finalizers: ["{name}"]')) == {
        ("metadata.finalizers[0]", "bad-name")
    }


def test_a_finalizer_counts_once() -> None:
    metadata = Metadata(name="x", finalizers=("a.b/c", "a.b/c"))

    assert [one.path for one in check(Namespace(metadata=metadata))] == ["metadata.finalizers[1]"]


def test_owners_are_named_whole_and_once_and_one_of_them_controls() -> None:
    owner = OwnerReference(api_version="v1", kind="Service", name="a", uid="1", controller=True)
    nameless = OwnerReference(api_version="v1", kind="", name="", uid="1", controller=True)
    metadata = Metadata(name="x", owner_references=(owner, nameless))

    assert [(one.path, one.code) for one in check(Namespace(metadata=metadata))] == [
        ("metadata.ownerReferences[1].kind", "missing-field"),
        ("metadata.ownerReferences[1].name", "missing-field"),
        ("metadata.ownerReferences", "conflict"),
        ("metadata.ownerReferences[1].uid", "duplicate-name"),
    ]


@pytest.mark.parametrize(
    ("field", "entries"),
    [
        ("labels", {f"a{n}": "b" for n in range(MAX_ENTRIES + 1)}),
        ("managed_fields", (ManagedFields(manager="x"),) * (MAX_ENTRIES + 1)),
    ],
)
def test_what_everybody_may_add_to_is_bounded(field: str, entries: object) -> None:
    metadata = msgspec.structs.replace(Metadata(name="x"), **{field: entries})

    assert [one.code for one in check(Namespace(metadata=metadata))] == ["too-many"]
