"""Resources → objects, YAML and JSON: always in the same order; what equals a default is left out where asked.

Equal resources give equal texts, so a text can be compared, hashed and kept under version control.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import msgspec
import yaml

from tulle.codec.documents import NUMBERS
from tulle.model.kinds.core import Secret
from tulle.model.resources import Resource

REDACTED = "(redacted)"
"""Stands for a Secret's value. It is not base64, so a redacted Secret cannot be applied by mistake."""


def to_object(
    resource: Resource, *, redact: bool = False, defaults: bool = False
) -> dict[str, object]:
    """The plain form users know: apiVersion, kind, metadata, the rest. `redact` hides what Secrets hold.

    With `defaults`, those that say something are written out, as Kubernetes' API does: `type: ClusterIP`, but no
    empty text, list or mapping.
    """
    kind = type(resource)
    fields = _whole_fields(resource) if defaults else _fields(resource)
    plain = {"apiVersion": kind.API_VERSION, "kind": kind.KIND, **dict(fields)}
    return redacted(plain) if redact else plain


def redacted(plain: Mapping[str, Any]) -> dict[str, object]:
    """A resource in its plain form, without what it holds if it is a Secret."""
    if plain.get("kind") != Secret.KIND:
        return dict(plain)
    hidden = {**(plain.get("data") or {}), **(plain.get("stringData") or {})}
    rest = {key: value for key, value in plain.items() if key not in {"data", "stringData"}}
    return {**rest, "data": dict.fromkeys(sorted(hidden), REDACTED)} if hidden else rest


def to_yaml(resources: Iterable[Resource], *, redact: bool = False) -> str:
    """One YAML document for each resource."""
    return yaml.dump_all(
        [to_object(resource, redact=redact) for resource in resources],
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=100,
    )


def to_json(resource: Resource) -> bytes:
    """One line of JSON, secrets included: what the store keeps."""
    return msgspec.json.encode(to_object(resource))


@cache
def json_head(kind: type[Resource]) -> bytes:
    """How `to_json` begins for a kind; the metadata follow."""
    return msgspec.json.encode({"apiVersion": kind.API_VERSION, "kind": kind.KIND})[:-1] + b","


def _fields(value: msgspec.Struct) -> Iterator[tuple[str, object]]:
    """The fields that say something, in the order of the class."""
    for name, text_name, default in _plan(type(value)):
        item = getattr(value, name)
        if item != default:
            yield text_name, _plain(item)


def _whole_fields(value: msgspec.Struct) -> Iterator[tuple[str, object]]:
    """The same with defaults that say something."""
    for name, text_name, default in _plan(type(value)):
        item = getattr(value, name)
        whole = _whole(item)
        if whole not in _SAYS_NOTHING or item != default:
            yield text_name, whole


def _whole(value: Any) -> object:
    match value:
        case msgspec.Struct():
            return dict(_whole_fields(value))
        case tuple() | list():
            return [_whole(item) for item in value]
        case _:
            return _plain(value)


_SAYS_NOTHING: tuple[object, ...] = (None, False, 0, "", [], {})


@cache
def _plan(struct: type[msgspec.Struct]) -> tuple[tuple[str, str, object], ...]:
    """Name, name in text and default of every field; one without a default is always written."""
    return tuple(
        (
            part.name,
            part.encode_name,
            part.default_factory()
            if part.default_factory is not msgspec.NODEFAULT
            else part.default,
        )
        for part in msgspec.structs.fields(struct)
    )


def _plain(value: Any) -> object:
    match value:
        case msgspec.Struct():
            return dict(_fields(value))
        case tuple() | list():
            return [_plain(item) for item in value]
        case Mapping():
            return {key: _plain(value[key]) for key in sorted(value)}
        case _:
            return value


class _Dumper(yaml.CSafeDumper):
    """Without anchors, and with texts of several lines as they are."""

    def ignore_aliases(self, data: object) -> bool:
        """No anchors: two equal parts are written twice."""
        return True


def _text(dumper: yaml.CSafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
for _tag, _regex in NUMBERS:
    _Dumper.add_implicit_resolver(_tag, _regex, list("-+0123456789."))
