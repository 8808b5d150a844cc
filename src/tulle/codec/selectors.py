"""Selectors as text: which resources somebody wants, by their labels or by a field.

The grammar is Kubernetes': `app=web,tier!=db`, `env in (a, b)`, `env notin (a)`, `app`, `!app`, `rank>3` for
labels; `metadata.name=a`, `==` and `!=` for fields. Requirements are joined by commas and all must hold.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from tulle.codec.checks.forms import is_qualified
from tulle.model.problems import Problem
from tulle.model.resources import Resource

MAX_LENGTH = 16_384
"""Of a selector's text."""

FIELDS = ("metadata.name", "metadata.namespace")
"""The fields a selector may name, of every kind."""


class Operator(Enum):
    """What a requirement asks of the value of a label."""

    IN = "in"
    NOT_IN = "notin"
    EXISTS = "exists"
    ABSENT = "!"
    GREATER = ">"
    LESS = "<"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition. NOT_IN holds for what has no such label at all, as Kubernetes has it."""

    key: str
    operator: Operator
    values: frozenset[str] = frozenset()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet it."""
        value = labels.get(self.key)
        match self.operator:
            case Operator.EXISTS:
                return value is not None
            case Operator.ABSENT:
                return value is None
            case Operator.IN:
                return value in self.values
            case Operator.NOT_IN:
                return value not in self.values
            case Operator.GREATER | Operator.LESS:
                return self._compares(value)

    def _compares(self, value: str | None) -> bool:
        (bound,) = map(int, self.values)
        if value is None or not _INTEGER.fullmatch(value):
            return False
        return int(value) > bound if self.operator is Operator.GREATER else int(value) < bound


@dataclass(frozen=True, slots=True)
class Selector:
    """All of its requirements must hold; without any, everything is wanted."""

    labels: tuple[Requirement, ...] = ()
    fields: tuple[Requirement, ...] = ()

    def wants(self, resource: Resource) -> bool:
        """Whether a resource is among those asked for."""
        metadata = resource.metadata
        fields = {"metadata.name": metadata.name, "metadata.namespace": metadata.namespace}
        return all(r.holds(metadata.labels) for r in self.labels) and all(
            r.holds(fields) for r in self.fields
        )

    @property
    def name(self) -> str | None:
        """The one name it asks for, if it does."""
        for requirement in self.fields:
            if requirement.key == "metadata.name" and requirement.operator is Operator.IN:
                return next(iter(requirement.values))
        return None


_INTEGER = re.compile(r"-?[0-9]{1,18}")
_TOKEN = re.compile(r"\s*(?:(==|!=|[=!<>(),])|([^\s=!<>(),]+))")
_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_COMPARED = {"=": Operator.IN, "==": Operator.IN, "!=": Operator.NOT_IN}
_ORDERED = {">": Operator.GREATER, "<": Operator.LESS}
_LISTED = {"in": Operator.IN, "notin": Operator.NOT_IN}
_END = ""


class _Malformed(Exception):  # noqa: N818 - never leaves this file
    """Why a text is no selector."""


def parse_labels(text: str) -> tuple[Requirement, ...] | Problem:
    """The requirements of a label selector, or why it is none; an empty one asks for nothing."""
    try:
        words = _Words(text)
        return tuple(_requirements(words)) if text.strip() else ()
    except _Malformed as reason:
        return _problem("labelSelector", text, str(reason), "app=web,tier in (a, b),!legacy")


def parse_fields(text: str) -> tuple[Requirement, ...] | Problem:
    """The requirements of a field selector, or why it is none we can answer."""
    try:
        return tuple(_field(term) for term in _terms(text) if term)
    except _Malformed as reason:
        return _problem("fieldSelector", text, str(reason), "metadata.name=web")


class _Words:
    """The words of a label selector, one after the other."""

    def __init__(self, text: str) -> None:
        self._words = list(_split(text))
        self._at = 0

    @property
    def next(self) -> str:
        return self._words[self._at] if self._at < len(self._words) else _END

    def take(self) -> str:
        word = self.next
        self._at += 1
        return word

    def expect(self, wanted: str) -> None:
        if (found := self.take()) != wanted:
            raise _Malformed(f"{wanted!r} is missing {_before(found)}")


def _split(text: str) -> Iterator[str]:
    if len(text) > MAX_LENGTH:
        raise _Malformed(f"it has more than {MAX_LENGTH} characters")
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        assert found is not None  # every character belongs to one of its branches
        yield found[1] or found[2]
        at = found.end()


def _requirements(words: _Words) -> Iterator[Requirement]:
    while True:
        yield _requirement(words)
        if words.next == _END:
            return
        words.expect(",")


def _requirement(words: _Words) -> Requirement:
    if words.next == "!":
        words.take()
        return Requirement(_key(words.take()), Operator.ABSENT)
    key = _key(words.take())
    operator = words.next
    if operator in {_END, ","}:
        return Requirement(key, Operator.EXISTS)
    words.take()
    if operator in _COMPARED:
        value = "" if words.next in {_END, ","} else words.take()
        return Requirement(key, _COMPARED[operator], frozenset({_value(value)}))
    if operator in _ORDERED:
        return Requirement(key, _ORDERED[operator], frozenset({_number(words.take())}))
    if operator in _LISTED:
        return Requirement(key, _LISTED[operator], frozenset(_values(words)))
    raise _Malformed(f"{operator[:60]!r} is no operator")


def _values(words: _Words) -> Iterator[str]:
    words.expect("(")
    while True:
        yield _value("" if words.next in {",", ")"} else words.take())
        if words.next == ")":
            words.take()
            return
        words.expect(",")


def _key(word: str) -> str:
    if not is_qualified(word):
        raise _Malformed(f"{word[:60]!r} is no name of a label" if word else "it ends too early")
    return word


def _value(word: str) -> str:
    if len(word) > 63 or not _VALUE.fullmatch(word):
        raise _Malformed(f"{word[:64]!r} is no value of a label")
    return word


def _number(word: str) -> str:
    if not _INTEGER.fullmatch(word):
        raise _Malformed(f"{word[:60]!r} is no whole number")
    return word


def _before(word: str) -> str:
    return f"before {word[:60]!r}" if word else "at the end"


def _terms(text: str) -> Sequence[str]:
    """The parts between commas; a backslash takes the meaning of the character after it."""
    if len(text) > MAX_LENGTH:
        raise _Malformed(f"it has more than {MAX_LENGTH} characters")
    return re.findall(r"(?:\\.|[^,\\])+", text, re.DOTALL)


def _field(term: str) -> Requirement:
    found = re.fullmatch(r"([^=!\\]+?)(==|!=|=)((?:\\.|[^=\\])*)", term, re.DOTALL)
    if found is None:
        raise _Malformed(f"{term[:60]!r} is not FIELD=VALUE")
    key, operator, value = found[1].strip(), found[2], re.sub(r"\\(.)", r"\1", found[3])
    if key not in FIELDS:
        raise _Malformed(f"no resource can be chosen by {key[:60]!r}, only by {', '.join(FIELDS)}")
    return Requirement(key, _COMPARED[operator], frozenset({value}))


def _problem(name: str, text: str, why: str, example: str) -> Problem:
    message = f"{name} {text[:200]!r} cannot be followed: {why}"
    return Problem(name, "selector-malformed", message, f"write it like {example}")
