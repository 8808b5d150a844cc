"""Whatever resource, object or text: it comes back as it was, or every problem is told. Nothing raises."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from tulle.codec import decode, encode
from tulle.codec.checks import check
from tulle.codec.schemas import describe_fields
from tulle.model.kinds import ALL
from tulle.model.problems import has_errors
from tulle.model.resources import Resource

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
WORDS = [
    "",
    "a",
    "http",
    "0",
    "80",
    "yes",
    "None",
    "10.0.0.1",
    "a b",
    "é",
    "#",
    "- x",
    "a: b",
    "|",
    "\n",
]


def values_of(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Anything the type takes, small: derived from the kinds, so a new kind needs nothing here."""
    match kind:
        case inspect.StrType():
            return texts_of(kind)
        case inspect.IntType(ge=low, le=high):
            bounds = (-(2**63) + 1 if low is None else low, 2**63 - 1 if high is None else high)
            return st.integers(*bounds)
        case inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case inspect.UnionType(types=types):
            return st.one_of([values_of(choice) for choice in types])
        case inspect.StructType(cls=cls, fields=fields):
            return structs_of(cls, fields)
    return {
        inspect.BoolType: lambda _: st.booleans(),
        inspect.NoneType: lambda _: st.none(),
        inspect.AnyType: lambda _: st.dictionaries(TEXT, st.just({}), max_size=2),
        inspect.Metadata: lambda wrapped: values_of(wrapped.type),
        inspect.VarTupleType: lists_of,
        inspect.DictType: mappings_of,
    }[type(kind)](kind)


def texts_of(kind: inspect.StrType) -> st.SearchStrategy[str]:
    shortest, longest = kind.min_length or 0, kind.max_length or 1000
    if kind.pattern is None:
        texts = st.sampled_from(WORDS) | TEXT
    else:
        # Python lets `$` stand before a last line break; no schema does.
        texts = st.from_regex(kind.pattern, fullmatch=True).filter(lambda text: "\n" not in text)
    return texts.filter(lambda text: shortest <= len(text) <= longest)


def lists_of(kind: inspect.VarTupleType) -> st.SearchStrategy[Any]:
    shortest = kind.min_length or 0
    longest = min(shortest + 1, kind.max_length or 2)
    items = st.lists(values_of(kind.item_type), min_size=shortest, max_size=longest)
    return items.map(tuple)


def mappings_of(kind: inspect.DictType) -> st.SearchStrategy[Any]:
    return st.dictionaries(values_of(kind.key_type), values_of(kind.value_type), max_size=2)


def structs_of(cls: type, fields: Sequence[inspect.Field]) -> st.SearchStrategy[Any]:
    required = {one.name: values_of(one.type) for one in fields if one.required}
    optional = {one.name: values_of(one.type) for one in fields if not one.required}
    return st.fixed_dictionaries(required, optional=optional).map(lambda given: cls(**given))


@cache
def resources_of(kind: type[Resource]) -> st.SearchStrategy[Resource]:
    return values_of(inspect.type_info(kind)).map(_with_namespace)


def _with_namespace(resource: Resource) -> Resource:
    """What decoding fills in is filled in already."""
    metadata = resource.metadata
    if type(resource).NAMESPACED and not metadata.namespace:
        metadata = msgspec.structs.replace(metadata, namespace="default")
    return msgspec.structs.replace(resource, metadata=metadata)


RESOURCES = st.sampled_from(ALL).flatmap(resources_of)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@given(RESOURCES)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_what_is_written_reads_back_or_is_refused_by_the_very_rules_of_its_kind(
    resource: Resource,
) -> None:
    decoded = decode.read(encode.to_yaml([resource]), "f")

    expected = list(check(resource))
    assert {one.path for one in decoded.problems} == {one.path for one in expected}
    if not has_errors(expected):
        assert decoded.resources == (resource,)


@given(RESOURCES)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_the_store_gets_back_what_it_wrote_and_equal_resources_are_equal_bytes(
    resource: Resource,
) -> None:
    data = encode.to_json(resource)

    again = decode.resource_from_json(type(resource), data)

    assert again == resource
    assert encode.to_json(again) == data


@cache
def _objects_near(kind: type[Resource]) -> st.SearchStrategy[Any]:
    """Objects with the fields of a kind, some of them right and some of them anything."""
    names = sorted({field.path.rpartition(".")[2].strip("[]") for field in describe_fields(kind)})
    inner = st.recursive(
        JSON,
        lambda part: (
            st.dictionaries(st.sampled_from(names), part, max_size=4) | st.lists(part, max_size=2)
        ),
        max_leaves=12,
    )
    head = {"apiVersion": st.just(kind.API_VERSION), "kind": st.just(kind.KIND)}
    metadata = st.fixed_dictionaries({"name": st.just("a")}) | inner
    return st.fixed_dictionaries(
        head, optional={"metadata": metadata, "spec": inner, "status": inner}
    )


@given(st.sampled_from(ALL).flatmap(_objects_near) | JSON)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_any_object_is_a_resource_or_problems_never_an_exception(value: object) -> None:
    read = decode.from_object(value)

    assert isinstance(read, Resource) or (read and has_errors(read))


@given(st.sampled_from(ALL).flatmap(_objects_near))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_every_problem_of_a_file_has_a_line_that_exists(value: Mapping[str, object]) -> None:
    text = yaml.safe_dump(value)

    for problem in decode.read(text, "f").problems:
        assert problem.place is not None
        assert 1 <= problem.place.line <= text.count("\n") + 1


SNIPPETS = st.sampled_from(
    [
        *[
            "apiVersion: v1\n",
            "kind: Service\n",
            "kind: List\n",
            "metadata: {name: a}\n",
            "spec:\n",
        ],
        *["  ports: [{port: 80}]\n", "items:\n", "- ", "---\n", "...\n", "&a ", "*a", "<<: *a\n"],
        *[
            "{",
            "}",
            "[",
            "]",
            ": ",
            "'",
            '"',
            "|\n",
            ">",
            "\t",
            "%YAML 1.2\n",
            "!!x ",
            "? ",
            "\ufeff",
        ],
    ]
)


@given(st.lists(SNIPPETS | TEXT, max_size=20).map("".join) | st.text(max_size=50))
def test_any_text_is_read_or_told_about_never_an_exception(text: str) -> None:
    decoded = decode.read(text, "f")

    for problem in decoded.problems:
        assert problem.place is not None
        assert problem.code
        assert problem.message
