"""What names, namespaces, labels, annotations, finalizers and owners of every kind must keep."""

from collections.abc import Iterator, Mapping, Sequence

from tulle.codec.checks.forms import is_dns_label, is_dns_name, is_qualified
from tulle.codec.checks.repeats import repeats
from tulle.codec.paths import join
from tulle.model.deletions import (
    CONTENTS_FINALIZER,
    FOREGROUND_FINALIZER,
    ORPHAN_FINALIZER,
)
from tulle.model.problems import Problem
from tulle.model.resources import Metadata, OwnerReference, Resource

MAX_ANNOTATIONS = 256 * 1024
"""Characters of all annotations together, as in Kubernetes."""


MAX_ENTRIES = 1000
"""Of labels, annotations, finalizers, owners and managers, each."""

_OF_KUBERNETES = frozenset({CONTENTS_FINALIZER, FOREGROUND_FINALIZER, ORPHAN_FINALIZER})
"""The finalizers that have no domain in their name."""


def check(resource: Resource) -> Iterator[Problem]:
    """The rules for metadata."""
    metadata = resource.metadata
    if not is_dns_name(metadata.name):
        message = f"every part between the dots of {metadata.name!r} must begin and end with a letter or digit"
        hint = "and have at most 63 characters"
        yield Problem("metadata.name", "bad-name", message, hint)
    yield from _namespace(resource)
    yield from _numbers(metadata)
    yield from _finalizers(metadata.finalizers)
    yield from _owners(metadata.owner_references)
    yield from _keys(metadata.labels, "metadata.labels")
    yield from _keys(metadata.annotations, "metadata.annotations")
    size = sum(len(key) + len(value) for key, value in metadata.annotations.items())
    if size > MAX_ANNOTATIONS:
        message = f"together have {size} characters, more than the {MAX_ANNOTATIONS} allowed"
        yield Problem("metadata.annotations", "too-large", message)


def _numbers(metadata: Metadata) -> Iterator[Problem]:
    """What everybody may add to is bounded: it is kept, compared and sent with every change."""
    for name, items in {
        "labels": metadata.labels,
        "annotations": metadata.annotations,
        "finalizers": metadata.finalizers,
        "ownerReferences": metadata.owner_references,
        "managedFields": metadata.managed_fields,
    }.items():
        if len(items) > MAX_ENTRIES:
            message = f"has {len(items)} entries, more than the {MAX_ENTRIES} allowed"
            yield Problem(f"metadata.{name}", "too-many", message)


def _finalizers(finalizers: Sequence[str]) -> Iterator[Problem]:
    """Whose they are must show, so that people know whom to ask when one is never taken away."""
    for index, name in enumerate(finalizers):
        path = f"metadata.finalizers[{index}]"
        if name not in _OF_KUBERNETES and ("/" not in name or not is_qualified(name)):
            message = f"must be DOMAIN/NAME of whoever takes it away, not {name[:60]!r}"
            yield Problem(path, "bad-name", message)
    for index, first in repeats(finalizers):
        message = f"is metadata.finalizers[{first}] again"
        yield Problem(f"metadata.finalizers[{index}]", "duplicate-name", message, "remove it")


def _owners(owners: Sequence[OwnerReference]) -> Iterator[Problem]:
    for index, owner in enumerate(owners):
        for name, value in {
            "apiVersion": owner.api_version,
            "kind": owner.kind,
            "name": owner.name,
            "uid": owner.uid,
        }.items():
            if not value:
                path = f"metadata.ownerReferences[{index}].{name}"
                yield Problem(path, "missing-field", "must not be empty")
    if sum(bool(owner.controller) for owner in owners) > 1:
        message = "has more than one entry with controller: true"
        yield Problem("metadata.ownerReferences", "conflict", message, "one controls it, at most")
    for index, first in repeats(owner.uid for owner in owners):
        message = f"has the uid of metadata.ownerReferences[{first}]"
        yield Problem(f"metadata.ownerReferences[{index}].uid", "duplicate-name", message)


def _namespace(resource: Resource) -> Iterator[Problem]:
    kind, namespace = type(resource), resource.metadata.namespace
    if not kind.NAMESPACED and namespace:
        message = f"a {kind.KIND} belongs to the whole mesh, to no namespace"
        yield Problem("metadata.namespace", "namespace-not-allowed", message, "remove it")
    if kind.NAMESPACED and not is_dns_label(namespace):
        yield bad_label("metadata.namespace", namespace)


def bad_label(path: str, text: str) -> Problem:
    """That a name must be one DNS label."""
    message = f"{text!r} must be lower-case letters, digits and dashes, with a letter or digit at both ends"
    return Problem(path, "bad-name", message, "at most 63 characters")


def _keys(items: Mapping[str, str], at: str) -> Iterator[Problem]:
    for key in items:
        if not is_qualified(key):
            message = "a key is NAME or PREFIX/NAME of letters, digits, '-', '_' and '.'"
            yield Problem(join(at, key), "bad-name", message, "NAME has at most 63 characters")
