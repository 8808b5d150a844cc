"""What a schema finds wrong, said for people."""

import json
import re

import pytest

from tulle.codec.schemas import shared_schema
from tulle.codec.sentences import _patterns, closest, problems_of
from tulle.model.kinds import ALL
from tulle.model.kinds.access_policy import AccessPolicy
from tulle.model.kinds.core import ConfigMap, Secret
from tulle.model.kinds.http_route import HTTPRoute
from tulle.model.kinds.process import Process
from tulle.model.kinds.service import Service
from tulle.model.kinds.tls_policy import TlsPolicy
from tulle.model.problems import Problem
from tulle.model.resources import Resource


def said(kind: type[Resource], **fields: object) -> list[Problem]:
    head = {"apiVersion": kind.API_VERSION, "kind": kind.KIND, "metadata": {"name": "a"}}
    return list(problems_of(kind, {**head, **fields}))


def port(**fields: object) -> list[Problem]:
    return said(Service, spec={"ports": [fields]})


def test_an_unknown_field_is_answered_with_the_one_that_was_meant() -> None:
    [problem] = port(port=80, targetport=1)

    assert (problem.path, problem.code) == ("spec.ports[0].targetport", "unknown-field")
    assert problem.hint == "did you mean targetPort?"


def test_an_unknown_field_nobody_could_mean_is_answered_with_the_known_ones() -> None:
    [problem] = said(TlsPolicy, spec={"mode": "STRICT", "zzz": 1})

    assert problem.hint == "known here: mode, targetRefs"


def test_a_missing_field_is_named_by_its_own_path() -> None:
    [problem] = port(name="http")

    assert (problem.path, problem.code) == ("spec.ports[0].port", "missing-field")


@pytest.mark.parametrize(
    ("value", "message", "hint"),
    [
        ("80", 'must be a whole number, not "80"', "write it without quotes"),
        ("http", 'must be a whole number, not "http"', ""),
        (True, "must be a whole number, not true", ""),
        (None, "must be a whole number, not empty", ""),
        ([80], "must be a whole number, not a list", ""),
        ({}, "must be a whole number, not a mapping", ""),
    ],
)
def test_a_wrong_type_says_what_is_there_and_what_should_be(
    value: object, message: str, hint: str
) -> None:
    assert port(port=value) == [Problem("spec.ports[0].port", "wrong-type", message, hint)]


def test_a_number_where_text_belongs_wants_quotes_if_quotes_would_mend_it() -> None:
    [labels] = said(Process, metadata={"name": "a", "labels": {"version": 1}}, spec={})
    [timeout] = said(HTTPRoute, spec={"rules": [{"timeouts": {"request": 5}}]})

    assert (labels.message, labels.hint) == ("must be text, not 1", "write it in quotes")
    assert (timeout.message, timeout.hint) == (
        "must be a duration such as 250ms, 10s or 1h30m, not 5",
        "",
    )


def test_something_single_where_a_list_belongs_wants_a_dash() -> None:
    [problem] = said(Service, spec={"ports": {"port": 80}})

    assert (problem.message, problem.hint) == (
        "must be a list, not a mapping",
        "begin each entry with a dash",
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"port": 0}, "must be 1 or more, not 0"),
        ({"port": 65536}, "must be 65535 or less, not 65536"),
        ({"port": 80, "name": "a" * 64}, "must have at most 63 characters, not 64"),
    ],
)
def test_what_is_out_of_range_is_told_the_bound(fields: dict[str, object], message: str) -> None:
    [problem] = port(**fields)

    assert (problem.code, problem.message) == ("out-of-range", message)


def test_lists_have_bounds_too() -> None:
    [empty] = said(Process, spec={"health": {"exec": {"command": []}}})
    [long] = said(HTTPRoute, spec={"rules": [{}] * 17})

    assert (empty.path, empty.message) == ("spec.health.exec.command", "must not be empty")
    assert long.message == "must have at most 16 entries, not 17"


def test_a_bad_value_names_the_good_ones_and_the_one_meant() -> None:
    [problem] = said(TlsPolicy, spec={"mode": "strict"})

    assert (problem.code, problem.message) == (
        "bad-value",
        'must be PERMISSIVE or STRICT, not "strict"',
    )
    assert problem.hint == "did you mean STRICT?"


def test_a_standard_value_we_do_not_do_is_not_supported() -> None:
    [problem] = said(AccessPolicy, spec={"action": "DENY"})

    assert problem.code == "not-supported"


def test_the_one_value_there_can_be_is_named() -> None:
    [problem] = said(TlsPolicy, apiVersion="v2", spec={"mode": "STRICT"})

    assert (problem.path, problem.message) == ("apiVersion", 'must be tulle.dev/v1, not "v2"')


def test_a_bad_pattern_says_the_rule_in_words() -> None:
    [problem] = said(Service, metadata={"name": "A"})

    assert problem.code == "bad-pattern"
    assert problem.message.startswith("must be lower-case letters, digits, '-' and '.'")


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.KIND)
def test_every_pattern_of_every_kind_has_words(kind: type[Resource]) -> None:
    schema = json.dumps(shared_schema(kind))
    patterns = {json.loads(text) for text in re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', schema)}

    assert patterns <= set(_patterns())


def test_where_several_types_are_allowed_the_right_one_speaks() -> None:
    ports = [0, "A", True, "http", 80]

    problems = said(AccessPolicy, spec={"rules": [{"to": [{"ports": ports}]}]})

    assert [(one.path.rpartition("[")[2], one.code) for one in problems] == [
        ("0]", "out-of-range"),
        ("1]", "bad-pattern"),
        ("2]", "wrong-type"),
    ]
    assert problems[2].message == "must be a whole number or text, not true"


def test_problems_inside_an_optional_part_are_found_there() -> None:
    spec = {"health": {"http": {"pth": "/", "port": True}, "interval": "soon"}}

    assert {(one.path, one.code) for one in said(Process, spec=spec)} == {
        ("spec.health.http.pth", "unknown-field"),
        ("spec.health.http.port", "wrong-type"),
        ("spec.health.interval", "bad-pattern"),
    }


def test_no_sentence_shows_what_a_secret_holds() -> None:
    problems = said(Secret, data={"a": 4711}, stringData={"b": ["hunter2"]}, type=5)

    assert len(problems) == 3
    assert not any(value in str(problems) for value in ("4711", "hunter2", "not 5"))


def test_long_values_are_cut() -> None:
    [problem] = said(TlsPolicy, spec={"mode": "x" * 5000})

    assert len(problem.message) < 120


@pytest.mark.parametrize("value", [{1: 2}, {"a": {1, 2}}, {"a": object()}])
def test_what_is_no_json_is_a_problem_not_an_exception(value: dict[str, object]) -> None:
    [problem, *_] = said(ConfigMap, data=value)

    assert problem.code in {"bad-value", "wrong-type"}


def test_nesting_beyond_reason_is_a_problem_not_an_exception() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]

    [problem] = said(ConfigMap, data={"a": deep})

    assert problem.code == "bad-value"


def test_the_closest_name_ignores_case_and_is_empty_when_nothing_is_close() -> None:
    assert closest("HTTPROUTE", ["HTTPRoute", "TCPRoute"]) == "HTTPRoute"
    assert closest("zzz", ["HTTPRoute", "TCPRoute"]) == ""
