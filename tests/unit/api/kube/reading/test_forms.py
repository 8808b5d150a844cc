"""In which form resources are answered."""

import pytest
from tests.unit.reconcile.meshes import service

from tulle.api.errors import ApiError
from tulle.api.kube.reading.forms import (
    INITIAL_EVENTS_END,
    Form,
    ListMeta,
    Shape,
    bookmark,
    event,
    form_of,
    many,
    media_types,
    one,
)
from tulle.model.kinds.service import Service

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
KUBECTL = f"{TABLE},{TABLE.replace('v1;', 'v1beta1;')},application/json"


@pytest.mark.parametrize(
    ("accept", "shape"),
    [
        ("", Shape.OBJECT),
        ("*/*", Shape.OBJECT),
        ("application/json, */*", Shape.OBJECT),
        (KUBECTL, Shape.TABLE),
        ("application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", Shape.METADATA),
        ("application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", Shape.METADATA),
        ("application/vnd.kubernetes.protobuf,application/json", Shape.OBJECT),
        (f"{TABLE};q=0.1,application/json;q=0.9", Shape.OBJECT),
        ("application/json;as=Table;v=v9;g=meta.k8s.io,application/json", Shape.OBJECT),
        ("application/json;as=Poem;v=v1;g=meta.k8s.io,application/json", Shape.OBJECT),
    ],
)
def test_the_first_form_a_client_names_and_we_know_is_the_one(accept: str, shape: Shape) -> None:
    assert form_of(accept, "Metadata", 0).shape is shape


@pytest.mark.parametrize(
    "accept", ["application/vnd.kubernetes.protobuf", "text/html", TABLE.replace("v1;", "v7;")]
)
def test_what_nobody_here_speaks_is_not_acceptable(accept: str) -> None:
    with pytest.raises(ApiError) as error:
        form_of(accept, "Metadata", 0)
    assert error.value.status == 406


def test_parameters_may_be_quoted_and_qualities_nonsense() -> None:
    (media,) = media_types('application/json; as="Table" ;q=x')

    assert media.parameters == {"as": "Table", "q": "x"}


def test_a_list_says_its_kind_its_revision_and_how_it_goes_on() -> None:
    found = many(Service, [service("a")], ListMeta(7, "token", 3), Form())

    assert (found["kind"], found["apiVersion"]) == ("ServiceList", "v1")
    assert found["metadata"] == {
        "resourceVersion": "7",
        "continue": "token",
        "remainingItemCount": 3,
    }
    assert many(Service, [], ListMeta(7), Form())["items"] == []


def test_metadata_alone_says_nothing_of_the_rest() -> None:
    form = Form(Shape.METADATA)

    found = one(service("a"), form)
    assert set(found) == {"apiVersion", "kind", "metadata"}
    assert found["kind"] == "PartialObjectMetadata"
    assert many(Service, [], ListMeta(7), form)["kind"] == "PartialObjectMetadataList"


@pytest.mark.parametrize(
    ("include", "carried"),
    [("None", None), ("Metadata", "PartialObjectMetadata"), ("Object", "Service")],
)
def test_rows_carry_what_was_asked_for(include: str, carried: str | None) -> None:
    form = Form(Shape.TABLE, include)  # type: ignore[arg-type]
    table = many(Service, [service("a")], ListMeta(7), form)

    (row,) = table["rows"]  # type: ignore[misc,attr-defined]
    assert row.get("object", {}).get("kind") == carried
    assert table["metadata"] == {"resourceVersion": "7"}


def test_of_a_watched_table_the_first_event_alone_has_columns() -> None:
    first, later = (
        event("ADDED", service("a"), Form(Shape.TABLE), first=is_first)["object"]
        for is_first in (True, False)
    )

    assert first["columnDefinitions"]  # type: ignore[index]
    assert later["columnDefinitions"] == []  # type: ignore[index]
    assert event("ADDED", service("a"), Form(), first=True)["object"]["kind"] == "Service"  # type: ignore[index]


@pytest.mark.parametrize("shape", Shape)
def test_a_bookmark_says_how_far_the_watch_has_come(shape: Shape) -> None:
    line = bookmark(Service, 9, Form(shape), initial_end=True)
    found: dict[str, object] = line["object"]  # type: ignore[assignment]

    assert line["type"] == "BOOKMARK"
    assert found["metadata"]["resourceVersion"] == "9"  # type: ignore[index]
    assert INITIAL_EVENTS_END in str(found)
    assert INITIAL_EVENTS_END not in str(bookmark(Service, 9, Form(shape), initial_end=False))
