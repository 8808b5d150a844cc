"""Text or objects → resources, or everything that is wrong with them.

The way of one document: YAML with lines (`documents`), apiVersion and kind, foreign fields (`tolerances`),
schema (`sentences`), conversion, then the rules of its kind (`checks`). Nothing raises: what a user wrote
wrong is a Problem with its place. A resource with an error is not in the result, all others are.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, TypeVar, cast

import msgspec

from tulle.codec import checks
from tulle.codec.documents import Document, documents
from tulle.codec.encode import json_head
from tulle.codec.paths import parent
from tulle.codec.sentences import closest, problems_of
from tulle.codec.tolerances import KINDS_NOT_SUPPORTED, clean, not_supported
from tulle.model.kinds import BY_KIND
from tulle.model.names import ResourceKey
from tulle.model.problems import Place, Problem, has_errors
from tulle.model.resources import Resource

DEFAULT_NAMESPACE = "default"

R = TypeVar("R", bound=Resource)

_LIST_ITEM = re.compile(r"items\[(\d+)\]\.?(.*)")


@dataclass(frozen=True, slots=True)
class Located:
    """A resource and where it stands; `lines` maps field paths to lines from 1, "" being its top."""

    resource: Resource
    file: str
    lines: Mapping[str, int] = field(repr=False)

    def place(self, path: str = "") -> Place:
        """Where a field stands, or the nearest of its parents that is written down."""
        return _place(self.file, self.lines, path)


@dataclass(frozen=True, slots=True)
class Decoded:
    """What could be read, in the order it was written, and every problem, warnings included, line by line."""

    items: tuple[Located, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def resources(self) -> tuple[Resource, ...]:
        """The resources without their places."""
        return tuple(item.resource for item in self.items)


def read(text: str, file: str) -> Decoded:
    """The resources of one text: YAML with any number of documents, or JSON."""
    return read_files([(file, text)])


def read_files(files: Iterable[tuple[str, str]]) -> Decoded:
    """The resources of several texts, given as (name, text). Of two with one name the first counts."""
    items: list[Located] = []
    problems: list[Problem] = []
    for file, text in files:
        found, broken = documents(text, file)
        of_file = list(broken)
        for document in found:
            for part in _parts(document):
                _collect(_decode(part, file), items, of_file)
        problems.extend(sorted(of_file, key=_line))
    return _unique(Decoded(tuple(items), tuple(problems)))


def from_objects(objects: Iterable[object]) -> Decoded:
    """The same for objects that come from no file, as the API gets them; their problems have no place."""
    items: list[Located] = []
    problems: list[Problem] = []
    for value in objects:
        for part in _parts(Document(value, {})):
            _collect(_decode(part, ""), items, problems)
    return _unique(Decoded(tuple(items), tuple(problems)))


def from_object(
    value: object, file: str = "", lines: Mapping[str, int] | None = None
) -> Resource | tuple[Problem, ...]:
    """One resource out of an object, or all its problems; warnings are lost, `from_objects` keeps them."""
    item, problems = _decode(Document(value, lines or {}), file)
    return problems if item is None else item.resource


def resource_from_json(kind: type[R], data: bytes) -> R:
    """What `encode.to_json` wrote, as fast as it goes: no checks, for the store. Raises msgspec.DecodeError."""
    head = json_head(kind)
    if data.startswith(head):
        return cast(R, _decoder(kind).decode(b"{" + data[len(head) :]))
    fields = msgspec.json.decode(data, type=dict[str, Any])
    own = {name: item for name, item in fields.items() if name not in {"apiVersion", "kind"}}
    return msgspec.convert(own, kind)


@cache
def _decoder(kind: type[Resource]) -> msgspec.json.Decoder[Resource]:
    return msgspec.json.Decoder(kind)


def _collect(
    decoded: tuple[Located | None, tuple[Problem, ...]],
    items: list[Located],
    problems: list[Problem],
) -> None:
    item, found = decoded
    problems.extend(found)
    if item is not None:
        items.append(item)


def _parts(document: Document) -> Iterator[Document]:
    """The resources of a document: none if it is empty, its items if it is a List."""
    value = document.value
    if value is None:
        return
    listed = _listed(value)
    if listed is None or not isinstance(value, dict):
        yield document
    elif not isinstance(value["items"], list):
        yield Document(value["items"], document.lines, document.problems)
    else:
        items = [_with_head(item, listed, value) for item in value["items"]]
        yield from _list_items(items, document)


def _listed(value: object) -> str | None:
    """The kind of a list's items, "" for a mixed one; None for what is no list."""
    if not isinstance(value, dict) or "items" not in value:
        return None
    name, is_list, rest = str(value.get("kind")).rpartition("List")
    return name if is_list and not rest and (name in BY_KIND or not name) else None


def _with_head(item: object, kind: str, value: Mapping[str, object]) -> object:
    """Items of a ServiceList are Services without saying so: that is how API servers write them."""
    if not kind or not isinstance(item, dict):
        return item
    return {"apiVersion": value.get("apiVersion"), "kind": kind, **item}


def _list_items(items: list[object], document: Document) -> Iterator[Document]:
    lines: dict[int, dict[str, int]] = {}
    for path, line in document.lines.items():
        if found := _LIST_ITEM.fullmatch(path):
            lines.setdefault(int(found[1]), {})[found[2]] = line
    problems: dict[int, list[Problem]] = {}
    for problem in document.problems:
        found = _LIST_ITEM.fullmatch(problem.path)
        index, path = (int(found[1]), found[2]) if found else (0, problem.path)
        problems.setdefault(index, []).append(replace(problem, path=path))
    for index, item in enumerate(items):
        yield Document(item, lines.get(index, {}), tuple(problems.get(index, ())))


def _decode(document: Document, file: str) -> tuple[Located | None, tuple[Problem, ...]]:
    """One resource with its place, or None; and its problems with theirs."""
    resource, found = _resource(document.value)
    key = resource.key if resource is not None else _key_of(document.value)
    problems = tuple(
        _placed(problem, file, document.lines, key) for problem in (*document.problems, *found)
    )
    if resource is None or has_errors(problems):
        return None, problems
    return Located(resource, file, document.lines), problems


def _line(problem: Problem) -> int:
    return problem.place.line if problem.place else 0


def _placed(
    problem: Problem, file: str, lines: Mapping[str, int], key: ResourceKey | None
) -> Problem:
    place = problem.place or (_place(file, lines, problem.path) if file else None)
    return replace(problem, resource=key, place=place)


def _place(file: str, lines: Mapping[str, int], path: str) -> Place:
    while path not in lines and path:
        path = parent(path)
    return Place(file, lines.get(path, 0))


def _resource(value: object) -> tuple[Resource | None, list[Problem]]:
    """The resource an object is, or None; and all that is wrong with it."""
    kind = _kind(value)
    if isinstance(kind, Problem):
        return None, [kind]
    cleaned = clean(kind, value)
    problems = [*cleaned.problems, *problems_of(kind, cleaned.value)]
    if has_errors(problems) or not isinstance(cleaned.value, dict):
        return None, problems
    try:
        resource = _converted(kind, cleaned.value)
        msgspec.json.encode(resource)
    except msgspec.ValidationError as error:
        return None, [*problems, _refused(error)]
    except UnicodeEncodeError:
        message = "holds half a character (a lone surrogate), which no file can"
        return None, [*problems, Problem("", "bad-value", message)]
    return resource, [*problems, *checks.check(resource)]


def _kind(value: object) -> type[Resource] | Problem:
    """The class of an object's kind, found by `kind` and `apiVersion` together."""
    if not isinstance(value, dict):
        shown = "a list" if isinstance(value, list) else "a single value"
        message = f"must be a mapping with apiVersion, kind and metadata, not {shown}"
        return Problem("", "not-a-resource", message)
    name, version = value.get("kind"), value.get("apiVersion")
    if not isinstance(name, str) or not name:
        hint = f"one of {', '.join(BY_KIND)}"
        return Problem("kind", "missing-field", "a resource says what kind it is", hint)
    kind = BY_KIND.get(name)
    if kind is None:
        return _unknown_kind(name)
    if version == kind.API_VERSION:
        return kind
    hint = f"write apiVersion: {kind.API_VERSION}"
    if version is None:
        return Problem("apiVersion", "missing-field", f"is required for {name}", hint)
    message = f"there is no {name} of apiVersion {str(version)[:60]!r}"
    return Problem("apiVersion", "unknown-api-version", message, hint)


def _unknown_kind(name: str) -> Problem:
    if name in KINDS_NOT_SUPPORTED:
        return not_supported("kind", name)
    meant = closest(name, list(BY_KIND))
    hint = f"did you mean {meant}?" if meant else f"known kinds: {', '.join(BY_KIND)}"
    return Problem("kind", "unknown-kind", f"there is no kind {name[:60]!r}", hint)


def _converted(kind: type[Resource], value: dict[str, Any]) -> Resource:
    fields = {name: item for name, item in value.items() if name not in {"apiVersion", "kind"}}
    if kind.NAMESPACED and not fields["metadata"].get("namespace"):
        fields["metadata"] = {**fields["metadata"], "namespace": DEFAULT_NAMESPACE}
    return msgspec.convert(fields, kind)


def _refused(error: msgspec.ValidationError) -> Problem:
    """What the schema allows and the class does not: a whole number written as 5.0."""
    message, _, path = str(error).partition(" - at `$")
    said = "must be a whole number, written without a point" if "float" in message else message
    return Problem(path.strip(".`"), "wrong-type", said.replace("`", ""))


def _key_of(value: object) -> ResourceKey | None:
    """The key of an object that is no resource yet, as far as it can be told."""
    metadata = value.get("metadata") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(metadata, dict):
        return None
    name, namespace = metadata.get("name"), metadata.get("namespace") or DEFAULT_NAMESPACE
    if not isinstance(name, str) or not isinstance(namespace, str):
        return None
    kind = BY_KIND.get(str(value.get("kind")))
    namespaced = kind is None or kind.NAMESPACED
    return ResourceKey(str(value.get("kind", "")), namespace if namespaced else "", name)


def _unique(decoded: Decoded) -> Decoded:
    """Every key once; of the others a problem that names both places."""
    first: dict[ResourceKey, Located] = {}
    problems = list(decoded.problems)
    for item in decoded.items:
        known = first.setdefault(item.resource.key, item)
        if known is not item:
            problems.append(_duplicate(item, known))
    return Decoded(tuple(first.values()), tuple(problems))


def _duplicate(item: Located, first: Located) -> Problem:
    place = item.place("metadata.name") if item.file else None
    other = f", first at {first.place('metadata.name')}" if first.file else ""
    return Problem(
        "metadata.name",
        "duplicate-name",
        f"is defined twice{other}",
        "rename or remove one of them",
        item.resource.key,
        place,
    )
