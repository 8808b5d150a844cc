"""What names, namespaces, labels and annotations of every kind must keep."""

from collections.abc import Iterator, Mapping

from tulle.codec.checks.forms import is_dns_label, is_dns_name, is_qualified
from tulle.codec.paths import join
from tulle.model.problems import Problem
from tulle.model.resources import Resource

MAX_ANNOTATIONS = 256 * 1024
"""Characters of all annotations together, as in Kubernetes."""


def check(resource: Resource) -> Iterator[Problem]:
    """The rules for metadata."""
    metadata = resource.metadata
    if not is_dns_name(metadata.name):
        message = f"every part between the dots of {metadata.name!r} must begin and end with a letter or digit"
        hint = "and have at most 63 characters"
        yield Problem("metadata.name", "bad-name", message, hint)
    yield from _namespace(resource)
    yield from _keys(metadata.labels, "metadata.labels")
    yield from _keys(metadata.annotations, "metadata.annotations")
    size = sum(len(key) + len(value) for key, value in metadata.annotations.items())
    if size > MAX_ANNOTATIONS:
        message = f"together have {size} characters, more than the {MAX_ANNOTATIONS} allowed"
        yield Problem("metadata.annotations", "too-large", message)


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
