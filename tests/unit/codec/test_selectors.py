"""Kubernetes' selectors: its whole grammar, its meaning, and sentences for what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.codec.selectors import (
    MAX_LENGTH,
    Operator,
    Requirement,
    Selector,
    parse_fields,
    parse_labels,
)
from tulle.model.kinds.core import ConfigMap
from tulle.model.problems import Problem
from tulle.model.resources import Metadata

LABELS = {"app": "web", "tier": "front", "rank": "4", "example.com/part": "a", "empty": ""}


def holds(text: str, labels: dict[str, str]) -> bool:
    parsed = parse_labels(text)
    assert not isinstance(parsed, Problem), parsed
    return all(requirement.holds(labels) for requirement in parsed)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "app",
        "app=web",
        "app==web",
        "app = web , tier = front",
        "app!=db",
        "missing!=db",
        "app in (web, db)",
        "app in (web)",
        "app notin (db,cache)",
        "missing notin (db)",
        "!missing",
        "! missing,app",
        "example.com/part=a",
        "empty=",
        "empty in ()",
        "empty in (a,)",
        "rank>3",
        "rank < 5",
        "rank>-1",
        "app=web,tier in (front,back),!legacy",
    ],
)
def test_what_is_asked_for_is_found(text: str) -> None:
    assert holds(text, LABELS)


@pytest.mark.parametrize(
    "text",
    [
        "missing",
        "app=db",
        "app=",
        "app!=web",
        "app in (db)",
        "missing in (db)",
        "app notin (web,db)",
        "!app",
        "rank>4",
        "rank<4",
        "app>3",
        "missing<3",
        "app=web,tier=back",
    ],
)
def test_what_is_not_asked_for_is_not(text: str) -> None:
    assert not holds(text, LABELS)


def test_in_and_notin_are_names_where_a_name_stands() -> None:
    assert holds("in=notin", {"in": "notin"})
    assert holds("notin in (in)", {"notin": "in"})


@pytest.mark.parametrize(
    "text",
    [
        ",",
        "app,",
        ",app",
        "app=web,,tier",
        "app=web tier",
        "app in web",
        "app in (web",
        "app in (web db)",
        "app within (web)",
        "=web",
        "!",
        "!!app",
        "!app=web",
        "app=we b",
        "app=-web",
        f"app={'x' * 64}",
        "a/b/c",
        "rank>x",
        "rank>",
        "app=(web)",
        "ключ=web",
        "x" * (MAX_LENGTH + 1),
    ],
)
def test_what_is_no_selector_is_refused_with_a_reason(text: str) -> None:
    found = parse_labels(text)

    assert isinstance(found, Problem)
    assert (found.path, found.code) == ("labelSelector", "selector-malformed")
    assert found.hint


@given(st.text(alphabet="ab,=!<>() \t\\innot.-/"))
def test_no_text_breaks_either_parser(text: str) -> None:
    for parse in (parse_labels, parse_fields):
        assert isinstance(parse(text), tuple | Problem)


names = st.sampled_from(["a", "b", "x.y/z"])
values = st.sampled_from(["", "1", "b", "c-d"])


@given(
    st.dictionaries(names, values),
    names,
    st.sampled_from(["in", "notin"]),
    st.sets(values, min_size=1),
)
def test_in_and_notin_are_each_others_opposite(
    labels: dict[str, str], key: str, operator: str, chosen: set[str]
) -> None:
    text = f"{key} {operator} ({','.join(sorted(chosen))})"

    wanted = labels.get(key) in chosen
    assert holds(text, labels) == (wanted if operator == "in" else not wanted)


def test_fields_are_name_and_namespace() -> None:
    parsed = parse_fields("metadata.name=a,metadata.namespace!=other")
    assert isinstance(parsed, tuple)
    selector = Selector(fields=parsed)

    assert selector.name == "a"
    assert selector.wants(ConfigMap(metadata=Metadata(name="a", namespace="shop")))
    assert not selector.wants(ConfigMap(metadata=Metadata(name="a", namespace="other")))
    assert not selector.wants(ConfigMap(metadata=Metadata(name="b", namespace="shop")))
    assert Selector().name is None


def test_values_of_fields_may_be_escaped() -> None:
    assert parse_fields(r"metadata.name==a\,b\=c\\") == (
        Requirement("metadata.name", Operator.IN, frozenset({"a,b=c\\"})),
    )


@pytest.mark.parametrize(
    "text", ["spec.type=x", "metadata.name", "metadata.name>1", "metadata.name in (a)", "=a"]
)
def test_fields_nobody_can_choose_by_are_refused(text: str) -> None:
    found = parse_fields(text)

    assert isinstance(found, Problem)
    assert found.path == "fieldSelector"
