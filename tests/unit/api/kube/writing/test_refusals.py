"""Refusals as the Status Kubernetes' clients read."""

import pytest

from tulle.api.kube.writing.refusals import (
    ConflictRefused,
    InvalidRefused,
    OwnedByOthers,
    StrictRefused,
    needed_namespace,
    of_patch,
    terminating,
)
from tulle.codec.patches.apply import Conflict
from tulle.codec.patches.errors import PatchError, PatchMisses, PatchTooLarge
from tulle.codec.patches.managers import Writer
from tulle.model.kinds.service import Service
from tulle.model.names import ResourceKey
from tulle.model.problems import Problem

KEY = ResourceKey("Service", "shop", "web")
TYPE = ("f:spec", "f:type")
EDITOR = Writer("edit", "Update", "v1", "status")


def test_one_conflict_is_one_line() -> None:
    status = OwnedByOthers(KEY, [Conflict(TYPE, Writer("ann", "Apply"))]).to_status()

    assert (status.code, status.reason) == (409, "Conflict")
    assert status.message == 'Apply failed with 1 conflict: conflict with "ann": .spec.type'


def test_several_conflicts_are_listed_below_their_owners() -> None:
    conflicts = [
        Conflict(("f:spec",), EDITOR, "2027-01-15T08:00:00Z"),
        Conflict(TYPE, EDITOR, "2027-01-15T08:00:00Z"),
    ]
    status = OwnedByOthers(KEY, conflicts).to_status()
    owner = '"edit" with subresource "status" using v1 at 2027-01-15T08:00:00Z'

    assert status.message == (
        f"Apply failed with 2 conflicts: conflicts with {owner}:\n- .spec\n- .spec.type"
    )
    assert status.details is not None
    assert [(one.reason, one.message, one.field) for one in status.details.causes] == [
        ("FieldManagerConflict", f"conflict with {owner}", ".spec"),
        ("FieldManagerConflict", f"conflict with {owner}", ".spec.type"),
    ]


def test_a_lost_race_and_a_wrong_precondition_are_conflicts() -> None:
    assert ConflictRefused(KEY).to_status().reason == "Conflict"
    assert "because" in ConflictRefused(KEY, "because").to_status().message


def test_every_problem_becomes_a_cause_of_the_resource() -> None:
    problems = [Problem("spec.a", "missing-field", "is required"), Problem("b", "x", "is wrong")]
    status = InvalidRefused(KEY, problems).to_status()

    assert status.details is not None
    assert (status.details.name, status.details.kind) == ("web", "Service")
    assert [one.field for one in status.details.causes] == ["spec.a", "b"]
    assert StrictRefused(Service, problems).to_status().reason == "BadRequest"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (PatchError("[0]", "is wrong"), 400),
        (PatchTooLarge("", "is too large"), 413),
        (PatchMisses("[0].path", "there is no /a"), 422),
    ],
)
def test_a_patch_is_refused_with_kubernetes_status(error: PatchError, status: int) -> None:
    assert of_patch(error, KEY).to_status().code == status


def test_the_default_namespace_stays() -> None:
    status = needed_namespace(ResourceKey("Namespace", "", "default")).to_status()

    assert (status.code, status.reason) == (403, "Forbidden")
    assert status.message.endswith("this namespace may not be deleted")


def test_a_namespace_that_goes_takes_nothing_new() -> None:
    status = terminating(KEY).to_status()

    assert (status.code, status.reason) == (403, "Forbidden")
    assert "because it is being terminated" in status.message
