"""In which form resources are answered: whole, as rows of a table, or their metadata alone. Pure.

Clients ask by Accept, as in `application/json;as=Table;g=meta.k8s.io;v=v1,application/json`: the first they
name that we know is the one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from tulle.api.errors import ApiError
from tulle.api.kube.reading.tables import row_of, table_of
from tulle.codec import encode
from tulle.model.resources import Resource

Object = dict[str, object]
Include = Literal["None", "Metadata", "Object"]

META = "meta.k8s.io"
INITIAL_EVENTS_END = "k8s.io/initial-events-end"
"""The annotation of the bookmark that says: everything there was has been told."""


class Shape(Enum):
    """What becomes of a resource."""

    OBJECT = ""
    TABLE = "Table"
    METADATA = "PartialObjectMetadata"


@dataclass(frozen=True, slots=True)
class Form:
    """A shape; `include` is what rows of a table carry of their resource, `now` (Unix seconds) their age."""

    shape: Shape = Shape.OBJECT
    include: Include = "Metadata"
    version: str = "v1"
    now: float = 0.0


@dataclass(frozen=True, slots=True)
class ListMeta:
    """What a list says of itself: its revision and, of a page, how it goes on."""

    revision: int
    continues: str = ""
    remaining: int | None = None

    def to_object(self) -> Object:
        """As it is written."""
        meta: Object = {"resourceVersion": str(self.revision)}
        if self.continues:
            meta["continue"] = self.continues
        if self.remaining is not None:
            meta["remainingItemCount"] = self.remaining
        return meta


@dataclass(frozen=True, slots=True)
class MediaType:
    """One entry of an Accept header."""

    name: str
    parameters: Mapping[str, str]


def media_types(accept: str) -> list[MediaType]:
    """What a header accepts, the most wanted first."""
    found = [_media_type(part) for part in accept.split(",") if part.strip()]
    return sorted(found, key=lambda media: -_quality(media))


def form_of(accept: str, include: Include, now: float) -> Form:
    """The form a header asks for; raises ApiError (406) if there is none we know."""
    for media in media_types(accept or "*/*"):
        if media.name not in {"application/json", "application/*", "*/*"}:
            continue
        asked, version = media.parameters.get("as", ""), media.parameters.get("v", "v1")
        asked = asked.removesuffix("List") if asked.startswith(Shape.METADATA.value) else asked
        shape = next((shape for shape in Shape if shape.value == asked), None)
        known = shape is Shape.OBJECT or (
            media.parameters.get("g") == META and version in {"v1", "v1beta1"}
        )
        if shape is not None and known:
            return Form(shape, include, version, now)
    message = f"nothing can be answered as {accept[:200]!r}"
    raise ApiError(406, "not-acceptable", message, "this API speaks application/json")


def one(resource: Resource, form: Form) -> Object:
    """The answer to a get."""
    match form.shape:
        case Shape.OBJECT:
            return encode.to_object(resource, defaults=True)
        case Shape.METADATA:
            return partial_of(resource, form)
        case Shape.TABLE:
            meta = {"resourceVersion": resource.metadata.resource_version}
            return table_of(type(resource), [_row(resource, form)], meta, form.version)


def many(kind: type[Resource], resources: Sequence[Resource], meta: ListMeta, form: Form) -> Object:
    """The answer to a list."""
    if form.shape is Shape.TABLE:
        rows = [_row(resource, form) for resource in resources]
        return table_of(kind, rows, meta.to_object(), form.version)
    is_whole = form.shape is Shape.OBJECT
    return {
        "apiVersion": kind.API_VERSION if is_whole else f"{META}/{form.version}",
        "kind": f"{kind.KIND if is_whole else form.shape.value}List",
        "metadata": meta.to_object(),
        "items": [one(resource, form) for resource in resources],
    }


def event(type_: str, resource: Resource, form: Form, *, first: bool) -> Object:
    """One line of a watch. Of tables only the first brings the columns along."""
    if form.shape is not Shape.TABLE:
        return {"type": type_, "object": one(resource, form)}
    meta = {"resourceVersion": resource.metadata.resource_version}
    kind = type(resource) if first else None
    return {"type": type_, "object": table_of(kind, [_row(resource, form)], meta, form.version)}


def bookmark(kind: type[Resource], revision: int, form: Form, *, initial_end: bool) -> Object:
    """A line that says nothing but how far the watch has come."""
    annotations: Object = {INITIAL_EVENTS_END: "true"} if initial_end else {}
    metadata: Object = {"resourceVersion": str(revision), "creationTimestamp": None}
    if annotations:
        metadata["annotations"] = annotations
    if form.shape is Shape.METADATA:
        head: Object = {"apiVersion": f"{META}/{form.version}", "kind": form.shape.value}
    else:
        head = {"apiVersion": kind.API_VERSION, "kind": kind.KIND}
    plain = {**head, "metadata": metadata}
    if form.shape is not Shape.TABLE:
        return {"type": "BOOKMARK", "object": plain}
    partial = {
        "apiVersion": f"{META}/{form.version}",
        "kind": Shape.METADATA.value,
        "metadata": metadata,
    }
    table = table_of(
        None, [{"cells": [], "object": partial}], {"resourceVersion": str(revision)}, form.version
    )
    return {"type": "BOOKMARK", "object": table}


def partial_of(resource: Resource, form: Form) -> Object:
    """A resource's metadata alone."""
    return {
        "apiVersion": f"{META}/{form.version}",
        "kind": Shape.METADATA.value,
        "metadata": encode.to_object(resource, defaults=True)["metadata"],
    }


def _row(resource: Resource, form: Form) -> Object:
    return row_of(resource, _carried(resource, form), form.now)


def _carried(resource: Resource, form: Form) -> Object | None:
    match form.include:
        case "None":
            return None
        case "Object":
            return encode.to_object(resource, defaults=True)
        case "Metadata":
            return partial_of(resource, form)


def _media_type(part: str) -> MediaType:
    name, *parameters = (piece.strip() for piece in part.split(";"))
    return MediaType(name.lower(), dict(_pairs(parameters)))


def _pairs(parameters: Sequence[str]) -> Iterator[tuple[str, str]]:
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        yield key.strip().lower(), value.strip().strip('"')


def _quality(media: MediaType) -> float:
    try:
        return float(media.parameters.get("q", "1"))
    except ValueError:
        return 0.0
