"""YAML text → plain values, with the line every field stands on. The first step of decoding.

JSON is read as the YAML it is. Text is foreign and may be hostile: its size, its depth and what aliases
unfold to are bounded, tags that make objects are refused, and a broken document costs only itself. Scalars
follow YAML 1.1 as kubectl reads it (`yes` is a boolean), without dates and base 60: `10:30` stays a text.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import yaml

from tulle.codec.paths import join
from tulle.model.problems import Place, Problem

MAX_CHARACTERS = 16 * 1024 * 1024
MAX_NODES = 1_000_000
MAX_DEPTH = 64
MAX_BREAKS = 20
"""Broken documents of one text that are looked for; those behind them wait until these are mended."""

_TOO_DEEP = "exceeded maximum nesting depth"
_TAG = "tag:yaml.org,2002:"
_MARKER = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_SURROGATES = re.compile(
    r"(?<!\\)((?:\\\\)*)\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE
)

# What the YAML library says, and what a person can do about it.
_HINTS = {
    "found character that cannot start any token": "indent with spaces, not tabs; quote texts that begin with @ or `",
    "mapping values are not allowed in this context": "check the indentation, or quote a text that holds ': '",
    "could not find expected ':'": "a line before this one lacks its colon, or its indentation is off",
    "did not find expected key": "check the indentation of this line and the ones before",
    "did not find expected node content": "a value is missing, or a bracket is not closed with ] or }",
    "did not find expected '-' indicator": "check the indentation: all entries of a list begin in one column",
    "did not find expected ',' or ']'": "close the list with ]",
    "did not find expected ',' or '}'": "close the mapping with }",
    "found unexpected end of stream": "close the quote",
    "found unexpected document indicator": "close the quote",
    "found invalid Unicode character escape code": "write the character itself",
}


@dataclass(frozen=True, slots=True)
class Document:
    """One document: its value (dicts, lists, scalars) and the line of every field path, "" for the top.

    `problems` are those of its form that leave a value to read on with: keys written twice.
    """

    value: object = field(repr=False)  # may hold a Secret's data
    lines: Mapping[str, int] = field(repr=False)
    problems: tuple[Problem, ...] = ()


class _BrokenError(Exception):
    """What we refuse though the YAML library would not; ends the document."""

    def __init__(self, message: str, line: int, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.line, self.hint = message, line, hint


class _Loader(yaml.CSafeLoader):
    """The library's parser and its rules for scalars, without dates, base 60 and `=`."""


_INT = re.compile(r"^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+)$")
_FLOAT = re.compile(r"^[-+]?(?:(?:0|[1-9][0-9_]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$")
_KEPT = {_TAG + "bool", _TAG + "null", _TAG + "merge"}

_Loader.yaml_implicit_resolvers = {
    first: [(tag, regex) for tag, regex in rules if tag in _KEPT]
    for first, rules in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
NUMBERS = ((_TAG + "int", _INT), (_TAG + "float", _FLOAT))
"""What we read as numbers, by tag. Writers quote texts that look like one: 12e4567 may be a version."""
for _tag, _regex in NUMBERS:
    _Loader.add_implicit_resolver(_tag, _regex, list("-+0123456789."))


def documents(text: str, file: str) -> tuple[tuple[Document, ...], tuple[Problem, ...]]:
    """Every document that can be read, and a problem for each place where one cannot."""
    if len(text) > MAX_CHARACTERS:
        message = f"has {len(text)} characters, more than the {MAX_CHARACTERS} allowed"
        return (), (Problem("", "too-large", message, "split the file", place=Place(file)),)
    found: list[Document] = []
    breaks: list[Problem] = []
    start: int | None = 0
    text = _readable(text)
    while start is not None and len(breaks) < MAX_BREAKS:
        stream = _Stream(text[start:], text.count("\n", 0, start), file)
        found.extend(stream.documents())
        if stream.broken is None:
            break
        problem, line = stream.broken
        breaks.append(problem)
        start = _next_document(text, start, line)
    return tuple(found), tuple(breaks)


def _readable(text: str) -> str:
    """Without a byte order mark; JSON's pairs of surrogate escapes, unknown to YAML, become characters."""
    text = text.removeprefix("\ufeff")
    if text.lstrip()[:1] in {"{", "["}:
        text = _SURROGATES.sub(lambda m: m[1] + _joined(m[2], m[3]), text)
    return text


def _joined(high: str, low: str) -> str:
    return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00)


def _next_document(text: str, start: int, broken_line: int) -> int | None:
    """Where reading goes on after a break: the first `---` at or after the broken line, never `start` again."""
    ends = (end.end() for end in re.finditer(r"\n", text))
    broken = next(islice(ends, broken_line - 2, None), 0) if broken_line > 1 else 0
    marker = _MARKER.search(text, max(broken, start + 1))
    return marker.start() if marker else None


class _Stream:
    """Documents from one run of the parser, until it ends or breaks; lines count from `offset`."""

    def __init__(self, text: str, offset: int, file: str) -> None:
        self.broken: tuple[Problem, int] | None = None
        self._text, self._offset, self._file = text, offset, file
        self._lines: dict[str, int] = {}
        self._problems: list[Problem] = []
        self._anchors: dict[str, object] = {}
        self._nodes = 0

    def documents(self) -> Iterator[Document]:
        """Each document as it ends; a break, and its line, is kept in `broken`."""
        try:
            self._loader = _Loader(self._text)
            while self._loader.check_event():
                if isinstance(self._next(), yaml.DocumentStartEvent):
                    yield self._document()
        except _BrokenError as broken:
            self._report(broken.message, broken.line, broken.hint)
        except yaml.MarkedYAMLError as error:
            self._report(*_said(error, self._offset))
        except (yaml.YAMLError, UnicodeEncodeError) as error:
            where = self._text[: _position(error)].count("\n")
            message = f"has a character no text may hold: {_reason(error)}"
            self._report(message, self._offset + 1 + where)

    def _report(self, message: str, line: int, hint: str = "") -> None:
        line = min(line, self._offset + self._text.rstrip("\n").count("\n") + 1)
        problem = Problem("", "bad-yaml", message, hint, place=Place(self._file, line))
        self.broken = problem, line

    def _document(self) -> Document:
        self._lines, self._problems, self._anchors = {}, [], {}
        event = self._next()
        value = self._value(event, "", self._line(event), 1)
        return Document(value, self._lines, tuple(self._problems))

    def _next(self) -> Any:
        return self._loader.get_event()

    def _line(self, event: Any) -> int:
        return self._offset + int(event.start_mark.line) + 1

    def _value(self, event: Any, path: str, line: int, depth: int) -> object:
        """The value that begins with `event`; `line` is where a person would look for it."""
        self._lines[path] = line
        self._count(1, depth, event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        if isinstance(event, yaml.ScalarEvent):
            value: object = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._check_tag(event, "seq")
            value = self._list(path, depth)
        else:
            self._check_tag(event, "map")
            value = self._mapping(path, depth)
        if event.anchor:
            self._anchors[event.anchor] = value
        return value

    def _count(self, nodes: int, depth: int, event: Any) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise _BrokenError(f"unfolds to more than {MAX_NODES} values", self._line(event))
        if depth > MAX_DEPTH:
            raise _BrokenError(f"nests deeper than {MAX_DEPTH} levels", self._line(event))

    def _check_tag(self, event: Any, kind: str) -> None:
        if event.tag and event.tag not in {"!", _TAG + kind}:
            message = f"has the tag {event.tag!r}; only plain values are read"
            raise _BrokenError(message, self._line(event), "remove the tag")

    def _alias(self, event: Any, depth: int) -> object:
        if event.anchor not in self._anchors:
            raise _BrokenError(
                f"the alias *{event.anchor} names no anchor that ended before it", self._line(event)
            )
        value = self._anchors[event.anchor]
        nodes, height = _size(value)
        self._count(nodes, depth + height, event)
        return value

    def _list(self, path: str, depth: int) -> list[object]:
        items: list[object] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._value(event, join(path, len(items)), self._line(event), depth + 1))
        return items

    def _mapping(self, path: str, depth: int) -> dict[str, object]:
        items: dict[str, object] = {}
        seen: dict[str, int] = {}
        merged: list[dict[str, object]] = []
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key, line = self._key(event), self._line(event)
            if key == "<<" and event.implicit[0]:
                merged.extend(self._merged(line, depth))
            elif key in seen:
                self._duplicate(path, key, line, seen[key])
                self._skip(depth)
            else:
                seen[key] = line
                items[key] = self._value(self._next(), join(path, key), line, depth + 1)
        for more in merged:
            items = {**more, **items}
        return items

    def _key(self, event: Any) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise _BrokenError("has a key that is no text", self._line(event), "write NAME: VALUE")
        return str(event.value)

    def _duplicate(self, path: str, key: str, line: int, first: int) -> None:
        self._problems.append(
            Problem(
                join(path, key),
                "duplicate-key",
                f"is written twice, on lines {first} and {line}",
                "keep one of them",
                place=Place(self._file, line),
            )
        )

    def _skip(self, depth: int) -> None:
        kept, self._lines = self._lines, {}
        event = self._next()
        self._value(event, "", self._line(event), depth + 1)
        self._lines = kept

    def _merged(self, line: int, depth: int) -> Iterator[dict[str, object]]:
        kept, self._lines = self._lines, {}
        value = self._value(self._next(), "", line, depth + 1)
        self._lines = kept
        for part in value if isinstance(value, list) else [value]:
            if not isinstance(part, dict):
                raise _BrokenError("<< merges something that is no mapping", line)
            yield part

    def _scalar(self, event: Any) -> object:
        if event.tag:
            self._check_tag(event, "str")
            return event.value
        tag = self._loader.resolve(yaml.ScalarNode, event.value, event.implicit)  # type: ignore[no-untyped-call]
        try:
            match tag.removeprefix(_TAG):
                case "null":
                    return None
                case "bool":
                    return event.value.lower() in {"yes", "true", "on"}
                case "int":
                    return _whole(event.value)
                case "float":
                    return float(event.value.replace("_", ""))
                case _:
                    return event.value
        except ValueError:
            raise _BrokenError("has a number that cannot be read", self._line(event)) from None


def _whole(text: str) -> int:
    """A whole number as YAML 1.1 writes it, of at most 64 bits."""
    digits = text.replace("_", "").lower()
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    octal = len(digits) > 1 and digits.isdigit() and digits.startswith("0")
    number = sign * (int(digits, 8) if octal else int(digits, 0))
    if abs(number) >= 2**63:
        raise ValueError(number)
    return number


def _size(value: object) -> tuple[int, int]:
    """How many values it holds, and how deep."""
    if isinstance(value, dict):
        parts = [_size(part) for part in value.values()]
    elif isinstance(value, list):
        parts = [_size(part) for part in value]
    else:
        return 1, 0
    return 1 + sum(nodes for nodes, _ in parts), 1 + max((height for _, height in parts), default=0)


def _said(error: yaml.MarkedYAMLError, offset: int) -> tuple[str, int, str]:
    """Message, line and hint of the library's error."""
    mark = error.problem_mark or error.context_mark
    line = offset + (int(mark.line) + 1 if mark else 1)
    problem = error.problem or "cannot be read"
    message = f"is not YAML: {problem}"
    if problem == _TOO_DEEP:  # the scanner's bound, far above ours
        return f"nests deeper than {MAX_DEPTH} levels", line, ""
    if error.context and error.context_mark and error.context_mark.line + 1 + offset != line:
        message += f", {error.context} that began on line {offset + error.context_mark.line + 1}"
    return message, line, _HINTS.get(problem, "")


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0]


def _position(error: Exception) -> int:
    """Where in the text, roughly: the library counts bytes."""
    if isinstance(error, UnicodeEncodeError):
        return error.start
    return int(getattr(error, "position", 0))
