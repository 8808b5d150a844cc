"""YAML text → values with lines: what is read how, and what hostile or broken text costs."""

import json

import pytest

from tulle.codec.documents import MAX_BREAKS, MAX_CHARACTERS, MAX_DEPTH, documents


def value(text: str) -> object:
    [document], problems = documents(text, "f.yaml")
    assert problems == () == document.problems
    return document.value


def broken(text: str) -> tuple[int, str]:
    """The line and the message of the only problem."""
    _, [problem] = documents(text, "f.yaml")
    assert problem.code == "bad-yaml"
    assert problem.place is not None
    return problem.place.line, problem.message


@pytest.mark.parametrize(
    ("text", "read"),
    [
        *[
            ("80", 80),
            ("-1", -1),
            ("+1", 1),
            ("0x1f", 31),
            ("0b11", 3),
            ("010", 8),
            ("1_000", 1000),
        ],
        *[("1.5", 1.5), ("1e3", 1000.0), (".5", 0.5), ("1.", 1.0), ("-0.0", -0.0)],
        *[("yes", True), ("On", True), ("true", True), ("no", False), ("off", False)],
        *[("~", None), ("null", None), ("", None)],
        *[("'80'", "80"), ('"yes"', "yes"), ("!!str 80", "80"), ("! 80", "80")],
        *[("2024-01-01", "2024-01-01"), ("10:30", "10:30"), ("08", "08"), (".inf", ".inf")],
        *[("y", "y"), ("=", "="), ("-", None), ("1.2.3", "1.2.3"), ("1__", 1), ("+", "+")],
    ],
)
def test_scalars_are_read_as_kubectl_reads_them(text: str, read: object) -> None:
    if text == "-":
        assert value("- \n") == [None]
    else:
        assert value(f"a: {text}\n") == {"a": read}
        assert type(value(f"a: {text}\n")["a"]) is type(read)  # type: ignore[index]


def test_every_field_knows_its_line() -> None:
    [document], _ = documents("# a comment\na:\n  b:\n  - c: 1\n    d: 2\n  -\n    3\n", "f")

    assert document.lines == {
        "": 2,
        "a": 2,
        "a.b": 3,
        "a.b[0]": 4,
        "a.b[0].c": 4,
        "a.b[0].d": 5,
        "a.b[1]": 7,
    }


def test_json_is_read_with_lines_and_all_its_escapes() -> None:
    text = json.dumps({"a": "\U0001f600\U0001f601/\\ud83d\t\u00e4", "b": [1, None]}, indent=1)
    text = text.replace("/", r"\/")

    assert value(text) == json.loads(text)
    assert documents(text, "f")[0][0].lines["b[1]"] == 5


def test_keys_are_texts_whatever_they_look_like() -> None:
    assert value("{80: a, on: b, null: c, 'x': d}") == {"80": "a", "on": "b", "null": "c", "x": "d"}


def test_aliases_and_merges_are_read_and_what_is_written_wins() -> None:
    text = "a: &a {x: 1, y: 2}\nb: *a\nc: {<<: *a, y: 3}\nd: {y: 4, <<: [*a, {z: 5}]}\ne: {'<<': 1}"

    assert value(text) == {
        "a": {"x": 1, "y": 2},
        "b": {"x": 1, "y": 2},
        "c": {"x": 1, "y": 3},
        "d": {"x": 1, "y": 4, "z": 5},
        "e": {"<<": 1},
    }


def test_documents_without_content_are_empty_not_wrong() -> None:
    found, problems = documents("# nothing\n---\n# here\n---\n", "f")

    assert [document.value for document in found] == [None, None]
    assert problems == ()
    assert documents("", "f") == ((), ())
    assert documents("\ufeffa: 1", "f")[0][0].value == {"a": 1}


def test_a_key_written_twice_is_a_problem_of_its_document_and_the_first_counts() -> None:
    [document], problems = documents("a: 1\nb: {c: 1}\na: {b: {c: 2}}\n", "f.yaml")

    [problem] = document.problems
    assert problems == ()
    assert document.value == {"a": 1, "b": {"c": 1}}
    assert (str(problem.place), problem.path, problem.code) == ("f.yaml:3", "a", "duplicate-key")
    assert "lines 1 and 3" in problem.message
    assert document.lines == {"": 1, "a": 1, "b": 2, "b.c": 2}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: b: c\n", 1, "mapping values"),
        ("a:\n\t- b\n", 2, "cannot start any token"),
        ("a: [1,\nb: 2\n", 2, "began on line 1"),
        ("a: [\n", 1, "node content"),
        ("a: 'x\n\n", 1, "unexpected end"),
        ("a: 1\nb: *x\n", 2, "*x names no anchor"),
        ("a: &a [*a]\n", 1, "*a names no anchor"),
        ("? [a]\n: b\n", 1, "no text"),
        ("a: 1\n<<: 3\n", 2, "no mapping"),
        ("a: 1\nb: !!python/object:os.system {}\n", 2, "tag"),
        ("a: !!int 5\n", 1, "tag"),
        ("a: !!set {}\n", 1, "tag"),
        ("a: !!binary aGk=\n", 1, "tag"),
        (f"a: {'9' * 30}\n", 1, "number"),
        (f"a: {'9' * 5000}\n", 1, "number"),
        ("a: 1\nb: 'x\x00'\n", 2, "character"),
        ("a: 1\nb: '\ud800'\n", 2, "character"),
    ],
)
def test_broken_text_is_one_problem_on_its_line(text: str, line: int, message: str) -> None:
    assert broken(text)[0] == line
    assert message in broken(text)[1]


def test_a_bracket_that_is_never_closed_is_told_as_one() -> None:
    _, [problem] = documents("a: [\n", "f.yaml")

    assert "bracket" in problem.hint


def test_a_broken_document_costs_only_itself_and_lines_go_on_counting() -> None:
    text = "a: 1\n---\nb: [\n---\nc: 3\n---\nd: e: f\n---\n---\ng:\n  h: 1\n"

    found, problems = documents(text, "f")

    assert [document.value for document in found] == [{"a": 1}, {"c": 3}, None, {"g": {"h": 1}}]
    assert [problem.place.line for problem in problems if problem.place] == [4, 7]
    assert found[-1].lines["g.h"] == 11


def test_a_text_of_nothing_but_breaks_is_given_up_in_the_end() -> None:
    _, problems = documents("a: b: c\n---\n" * 1000, "f")

    assert len(problems) == MAX_BREAKS


def test_nesting_is_bounded_also_where_aliases_nest() -> None:
    deep = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert value(deep[1:-1]) is not None
    assert "deeper" in broken(f"[{deep}]")[1]
    assert "deeper" in broken("[" * 100_000)[1]

    half = "[" * 40 + "]" * 40
    nested = "[" * 40 + "*a" + "]" * 40
    assert "deeper" in broken(f"a: &a {half}\nb: {nested}\n")[1]


def test_a_bomb_of_aliases_is_refused_before_it_unfolds() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 10):
        aliases = ", ".join([f"*a{level - 1}"] * 10)
        lines.append(f"a{level}: &a{level} [{aliases}]")

    assert "unfolds" in broken("\n".join(lines))[1]


def test_a_text_too_large_is_not_read_at_all() -> None:
    found, [problem] = documents(" " * (MAX_CHARACTERS + 1), "f")

    assert (found, problem.code) == ((), "too-large")


def test_what_a_secret_holds_is_in_no_text_form_of_a_document() -> None:
    [document], _ = documents("data: {key: hunter2}", "f")

    assert "hunter2" not in repr(document)
