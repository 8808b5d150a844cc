"""Rules for Namespace, Secret and ConfigMap. No sentence here shows a Secret's value."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping

from tulle.codec.checks.forms import is_dns_label
from tulle.codec.checks.metadata import bad_label
from tulle.codec.paths import join
from tulle.model.kinds.core import ConfigMap, Namespace, Secret
from tulle.model.problems import Problem

_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_NEEDED = {"kubernetes.io/tls": ("tls.crt", "tls.key")}
MAX_DATA = 1024 * 1024
"""Characters of all values together, as in Kubernetes."""


def check_namespace(namespace: Namespace) -> Iterator[Problem]:
    """Its name is part of names of the DNS and of identities."""
    if not is_dns_label(namespace.metadata.name):
        yield bad_label("metadata.name", namespace.metadata.name)


def check_secret(secret: Secret) -> Iterator[Problem]:
    """Data are base64, and a type has the keys it promises."""
    yield from _keys(secret.data, "data")
    yield from _keys(secret.string_data, "stringData")
    yield from _base64(secret.data, "data")
    yield from _size(secret.data, secret.string_data)
    for key in _NEEDED.get(secret.type, ()):
        if key not in secret.data and key not in secret.string_data:
            yield Problem(join("data", key), "missing-field", f"is required for type {secret.type}")


def check_config_map(config_map: ConfigMap) -> Iterator[Problem]:
    """Binary data are base64, and no key is in both maps."""
    yield from _keys(config_map.data, "data")
    yield from _keys(config_map.binary_data, "binaryData")
    yield from _base64(config_map.binary_data, "binaryData")
    yield from _size(config_map.data, config_map.binary_data)
    for key in sorted(config_map.data.keys() & config_map.binary_data.keys()):
        message = "is in data and in binaryData"
        yield Problem(join("binaryData", key), "duplicate-name", message, "keep one of them")


def _keys(items: Mapping[str, str], at: str) -> Iterator[Problem]:
    for key in items:
        if not _KEY.fullmatch(key):
            message = "a key is letters, digits, '-', '_' and '.', at most 253 of them"
            yield Problem(join(at, key), "bad-name", message)


def _base64(items: Mapping[str, str], at: str) -> Iterator[Problem]:
    for key, value in items.items():
        try:
            base64.b64decode("".join(value.splitlines()), validate=True)
        except (binascii.Error, ValueError):
            hint = "plain text belongs into stringData" if at == "data" else ""
            yield Problem(join(at, key), "not-base64", "is not base64", hint)


def _size(*maps: Mapping[str, str]) -> Iterator[Problem]:
    size = sum(len(value) for items in maps for value in items.values())
    if size > MAX_DATA:
        message = f"all values together have {size} characters, more than the {MAX_DATA} allowed"
        yield Problem("data", "too-large", message)
