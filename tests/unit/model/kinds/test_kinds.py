"""What every kind keeps: a name of its own, a frozen form, defaults that convert, words for every field."""

import inspect as python_inspect
from collections.abc import Iterator
from typing import get_type_hints

import msgspec
import pytest
from msgspec import inspect

from tulle.model.kinds import ALL, BY_KIND, BY_NAME
from tulle.model.kinds.access_policy import AccessPolicy
from tulle.model.kinds.core import Secret
from tulle.model.kinds.http_route import HTTPRoute, HTTPRouteRule
from tulle.model.kinds.mesh import Mesh
from tulle.model.kinds.process import Process
from tulle.model.kinds.service import Service
from tulle.model.kinds.tcp_route import TCPRoute
from tulle.model.kinds.tls_policy import TlsPolicy
from tulle.model.kinds.workload import Workload
from tulle.model.resources import Metadata, Resource, Value


def each_kind(argument: str = "kind") -> pytest.MarkDecorator:
    return pytest.mark.parametrize(argument, ALL, ids=lambda kind: kind.KIND)


@each_kind()
def test_a_kind_says_what_it_is_called(kind: type[Resource]) -> None:
    assert kind.__name__ == kind.KIND
    assert kind.API_VERSION.rpartition("/")[2] == "v1"
    assert kind.PLURAL.lower() == kind.PLURAL
    assert kind.PLURAL.endswith("s")
    assert BY_KIND[kind.KIND] is kind


def test_no_two_kinds_share_a_name_users_type() -> None:
    names = [name for kind in ALL for name in (kind.KIND.lower(), kind.PLURAL, *kind.SHORT_NAMES)]

    assert len(names) == len(set(names)) == len(BY_NAME)
    assert BY_NAME["svc"] is BY_NAME["services"] is BY_NAME["service"] is Service


def structs_of(kind: inspect.Type) -> Iterator[inspect.StructType]:
    """Every struct a kind is made of."""
    match kind:
        case inspect.Metadata(type=inner):
            yield from structs_of(inner)
        case inspect.VarTupleType(item_type=item):
            yield from structs_of(item)
        case inspect.UnionType(types=types):
            for choice in types:
                yield from structs_of(choice)
        case inspect.StructType(fields=fields):
            yield kind
            for field in fields:
                yield from structs_of(field.type)
        case _:
            pass


@each_kind()
def test_every_part_is_frozen_strict_and_explained(kind: type[Resource]) -> None:
    for part in structs_of(inspect.type_info(kind)):
        assert issubclass(part.cls, Value)
        assert part.cls.__struct_config__.frozen
        assert part.forbid_unknown_fields
        assert python_inspect.getdoc(part.cls)


@each_kind()
def test_fields_are_written_in_camel_case(kind: type[Resource]) -> None:
    for part in structs_of(inspect.type_info(kind)):
        for field in part.fields:
            assert "_" not in field.encode_name
            assert field.encode_name[0].islower()


@each_kind()
def test_every_default_is_a_value_its_own_field_would_take(kind: type[Resource]) -> None:
    for part in structs_of(inspect.type_info(kind)):
        hints = get_type_hints(part.cls, include_extras=True)
        for field in part.fields:
            default = default_of(field)
            # "" stands for "not given" where a pattern asks for more: decoding takes such fields away.
            if not field.required and default != "":
                written = msgspec.to_builtins(default)
                assert msgspec.convert(written, hints[field.name]) == default


def default_of(field: inspect.Field) -> object:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        (AccessPolicy, {"action": "DENY"}),
        (AccessPolicy, {"rules": [{"to": [{"ports": []}]}]}),
        (AccessPolicy, {"rules": [{"to": [{"ports": [0]}]}]}),
        (HTTPRoute, {"rules": []}),
        (HTTPRoute, {"rules": [{}] * 17}),
        (HTTPRoute, {"rules": [{"backendRefs": [{"name": "a", "weight": -1}]}]}),
        (HTTPRoute, {"rules": [{"backendRefs": [{"name": "a", "weight": 1_000_001}]}]}),
        (HTTPRoute, {"rules": [{"timeouts": {"request": "1.5s"}}]}),
        (TCPRoute, {"rules": []}),
        (TCPRoute, {"rules": [{"backendRefs": [{"name": "a"}]}] * 2}),
        (TlsPolicy, {}),
        (TlsPolicy, {"mode": "DISABLE"}),
        (Mesh, {"trustDomain": "Mesh"}),
        (Process, {"replicas": 101}),
        (Process, {"env": [{"name": "1A"}]}),
        (Workload, {}),
    ],
)
def test_what_a_kind_cannot_be_does_not_convert(kind: type[Resource], spec: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"metadata": {"name": "a"}, "spec": spec}, kind)


def test_a_route_without_rules_sends_everything_on_as_gateway_api_says() -> None:
    route = msgspec.convert({"metadata": {"name": "a"}}, HTTPRoute)

    assert route.spec.rules == (HTTPRouteRule(),)
    [match] = route.spec.rules[0].matches
    assert (match.path.type, match.path.value) == ("PathPrefix", "/")


def test_a_secret_shows_no_value() -> None:
    secret = Secret(
        metadata=Metadata(name="a", namespace="b"),
        data={"key": "aHVudGVyMg=="},
        string_data={"password": "hunter2"},
    )

    assert repr(secret) == str(secret) == "Secret(b/a, redacted)"
    assert "hunter2" not in repr([secret])
