"""Kubernetes' Status: its words, its details, and our problems beside them."""

import pytest

from tulle.api.statuses import failure
from tulle.model.names import ResourceKey
from tulle.model.problems import Problem

KEY = ResourceKey("HTTPRoute", "shop", "a")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (400, "BadRequest"),
        (401, "Unauthorized"),
        (403, "Forbidden"),
        (404, "NotFound"),
        (409, "Conflict"),
        (410, "Expired"),
        (422, "Invalid"),
        (504, "Timeout"),
        (418, "I'maTeapot"),
    ],
)
def test_codes_have_kubernetes_reasons(code: int, reason: str) -> None:
    assert failure(code, "no").reason == reason
    assert failure(code, "no", reason="AlreadyExists").reason == "AlreadyExists"


def test_what_is_missing_is_named_as_kubernetes_names_it() -> None:
    details = failure(404, "gone", [Problem("", "not-found", "gone", resource=KEY)]).details

    assert details is not None
    assert (details.name, details.kind) == ("a", "httproutes")
    assert details.group == "gateway.networking.k8s.io"


def test_every_field_of_a_refused_body_is_a_cause() -> None:
    problems = [
        Problem("spec.a", "missing-field", "is required", resource=KEY),
        Problem("spec.b", "duplicate-name", "is there twice", "rename one", resource=KEY),
        Problem("spec.c", "wrong-type", "must be text", resource=KEY),
        Problem("spec.d", "odd", "is odd", resource=KEY),
    ]
    details = failure(422, "no", problems).details

    assert details is not None
    assert details.kind == "HTTPRoute"
    assert [(cause.field, cause.reason) for cause in details.causes] == [
        ("spec.a", "FieldValueRequired"),
        ("spec.b", "FieldValueDuplicate"),
        ("spec.c", "FieldValueTypeInvalid"),
        ("spec.d", "FieldValueInvalid"),
    ]
    assert details.causes[1].message == "is there twice [duplicate-name]; rename one"


def test_without_a_resource_there_is_nothing_to_name() -> None:
    assert failure(400, "no", [Problem("", "odd", "is odd")]).details is None
    assert (
        failure(
            404, "no", [Problem("", "x", "y", resource=ResourceKey("Nonsense", "", ""))]
        ).details
        is None
    )
