"""What a schema finds wrong, all of it at once, as Problems with sentences for people.

The second step of decoding. Codes: unknown-field, missing-field, wrong-type, out-of-range, bad-value,
bad-pattern, not-supported. Values of Secrets never appear in a sentence.
"""

import json
import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any

import jsonschema_rs
from jsonschema_rs import ValidationError, ValidationErrorKind

from tulle.codec.paths import join, path_of
from tulle.codec.schemas import Schema, shared_schema
from tulle.codec.tolerances import is_unsupported_value, not_supported
from tulle.model import durations, resources
from tulle.model.kinds import http_route, mesh, process, workload
from tulle.model.problems import Problem
from tulle.model.resources import Resource

_WANTED = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping of fields",
    "null": "empty",
}


def problems_of(kind: type[Resource], value: object) -> Iterator[Problem]:
    """Everything the schema of the kind has against the value."""
    try:
        errors = list(_validator(kind).iter_errors(value))
    except ValueError as reason:  # nested too deep, or of a type no JSON has
        yield Problem("", "bad-value", f"cannot be read: {reason}")
    else:
        for error in errors:
            yield from _problems(kind, error)


def closest(name: str, names: Sequence[str]) -> str:
    """The name that was probably meant, or ""; case does not count."""
    by_lower = {known.lower(): known for known in names}
    found = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else ""


@cache
def _validator(kind: type[Resource]) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(dict(shared_schema(kind)))


def _problems(kind: type[Resource], error: ValidationError) -> Iterator[Problem]:
    path = path_of(error.instance_path)
    match error.kind:
        case ValidationErrorKind.AdditionalProperties(unexpected=names):
            for name in names:
                yield _unknown(path, name, _schema_at(kind, error.schema_path[:-1]))
        case ValidationErrorKind.Required(property=name):
            yield Problem(join(path, name), "missing-field", "is required")
        case ValidationErrorKind.Type(types=types):
            yield _of_type(kind, path, types, error)
        case ValidationErrorKind.AnyOf(context=branches):
            yield from _no_branch(kind, error, branches)
        case ValidationErrorKind.Pattern():
            yield _bad_pattern(kind, path, error)
        case ValidationErrorKind.Enum(options=options):
            yield _bad_value(kind, path, error.instance, options)
        case ValidationErrorKind.Constant(expected_value=expected):
            yield _bad_value(kind, path, error.instance, [expected])
        case _:
            yield _out_of_range(path, error)


def _schema_at(kind: type[Resource], steps: Sequence[str | int]) -> Any:
    part: Any = shared_schema(kind)
    for step in steps:
        part = part[step]
    return part


def _unknown(path: str, name: str, schema: Schema) -> Problem:
    known = list(schema.get("properties", {}))
    meant = closest(name, known)
    hint = f"did you mean {meant}?" if meant else f"known here: {', '.join(known)}"
    return Problem(
        join(path, name), "unknown-field", f"there is no field {_quoted(name)} here", hint
    )


def _quoted(text: object) -> str:
    shown = json.dumps(text, ensure_ascii=False, default=str)
    return shown if len(shown) <= 60 else f"{shown[:57]}…"


def _shown(kind: type[Resource], path: str, value: object) -> str:
    """A value in a sentence: short, and of a Secret only its type."""
    match value:
        case None:
            return "empty"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _ if kind.KIND == "Secret" and not path.startswith("metadata"):
            return "text" if isinstance(value, str) else "a number or a boolean"
        case _:
            return _quoted(value)


def _of_type(
    kind: type[Resource], path: str, types: Sequence[str], error: ValidationError
) -> Problem:
    """A number where a text belongs may break the text's rule too: then quotes alone would not mend it."""
    value, shown = error.instance, _shown(kind, path, error.instance)
    pattern = str(_schema_at(kind, error.schema_path[:-1]).get("pattern", ""))
    rule = _patterns().get(pattern, "")
    if rule and isinstance(value, bool | int | float) and not re.search(pattern, str(value)):
        return Problem(path, "wrong-type", f"{rule}, not {shown}")
    return _wrong_type(path, types, shown, value)


def _wrong_type(path: str, types: Sequence[str], shown: str, value: object) -> Problem:
    wanted = " or ".join(_WANTED.get(name, name) for name in types)
    hint = ""
    if "string" in types and isinstance(value, bool | int | float):
        hint = "write it in quotes"
    elif "integer" in types and isinstance(value, str) and re.fullmatch(r"\d+", value):
        hint = "write it without quotes"
    elif "array" in types and isinstance(value, dict | str):
        hint = "begin each entry with a dash"
    return Problem(path, "wrong-type", f"must be {wanted}, not {shown}", hint)


def _no_branch(
    kind: type[Resource], error: ValidationError, branches: Sequence[Sequence[ValidationError]]
) -> Iterator[Problem]:
    """A value may be one of several things: speak about the one whose type it has, or name them all."""
    path, shown = (
        path_of(error.instance_path),
        _shown(kind, path_of(error.instance_path), error.instance),
    )
    choices = _schema_at(kind, error.schema_path)
    real = [i for i, choice in enumerate(choices) if choice.get("type") != "null"]
    fitting = [i for i in real if not any(_is_other_type(e, error) for e in branches[i])]
    if fitting or len(real) == 1:
        for inner in branches[(fitting or real)[0]]:
            yield from _problems(kind, inner)
    else:
        types = [choices[i].get("type", "string") for i in real]
        yield _wrong_type(path, types, shown, error.instance)


def _is_other_type(inner: ValidationError, outer: ValidationError) -> bool:
    return isinstance(inner.kind, ValidationErrorKind.Type) and (
        inner.instance_path == outer.instance_path
    )


def _bad_value(
    kind: type[Resource], path: str, value: object, options: Sequence[object]
) -> Problem:
    if is_unsupported_value(kind, path, value):
        return not_supported(path, str(value))
    names = [str(option) for option in options]
    wanted = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
    meant = closest(value, names) if isinstance(value, str) and len(names) > 1 else ""
    return Problem(
        path,
        "bad-value",
        f"must be {wanted}, not {_shown(kind, path, value)}",
        f"did you mean {meant}?" if meant else "",
    )


def _bad_pattern(kind: type[Resource], path: str, error: ValidationError) -> Problem:
    pattern = str(_schema_at(kind, error.schema_path))
    rule = _patterns().get(pattern, f"must match {pattern}")
    return Problem(path, "bad-pattern", f"{rule}, not {_shown(kind, path, error.instance)}")


@cache
def _patterns() -> Mapping[str, str]:
    """Every pattern of every kind, said in words."""
    of = {
        durations.Duration: "must be a duration such as 250ms, 10s or 1h30m",
        http_route.HeaderName: "must be a header's name: letters, digits and dashes",
        resources.Label: "must be letters, digits, '-', '_' and '.', with a letter or digit at both ends",
        resources.Name: "must be lower-case letters, digits, '-' and '.', with a letter or digit at both ends",
        resources.PortName: "must be lower-case letters, digits and '-', with a letter or digit at both ends",
        _annotation(
            process.EnvironmentVariable, "name"
        ): "must be letters, digits and '_', not beginning with a digit",
        _annotation(
            mesh.MeshSpec, "trust_domain"
        ): "must be lower-case letters, digits, '.', '-' and '_'",
        _annotation(workload.ProbePort, "path"): "must begin with '/'",
    }
    return {typing.get_args(annotated)[1].pattern: text for annotated, text in of.items()}


def _annotation(struct: type, field: str) -> Any:
    return typing.get_type_hints(struct, include_extras=True)[field]


def _out_of_range(path: str, error: ValidationError) -> Problem:
    limit = getattr(error.kind, "limit", "")
    size = len(error.instance) if isinstance(error.instance, str | list | dict) else error.instance
    match error.kind:
        case ValidationErrorKind.MinItems() | ValidationErrorKind.MinLength() if limit == 1:
            message = "must not be empty"
        case ValidationErrorKind.MinItems() | ValidationErrorKind.MinLength():
            message = f"must have at least {limit} {_unit(error)}, not {size}"
        case ValidationErrorKind.MaxItems() | ValidationErrorKind.MaxLength():
            message = f"must have at most {limit} {_unit(error)}, not {size}"
        case ValidationErrorKind.Minimum():
            message = f"must be {limit} or more, not {size}"
        case ValidationErrorKind.Maximum():
            message = f"must be {limit} or less, not {size}"
        case _:
            return Problem(path, "bad-value", f"breaks the schema's rule {error.kind.name!r}")
    return Problem(path, "out-of-range", message)


def _unit(error: ValidationError) -> str:
    return "characters" if isinstance(error.instance, str) else "entries"
