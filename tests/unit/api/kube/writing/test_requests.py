"""The query of a change."""

import pytest

from tulle.api.errors import ApiError
from tulle.api.kube.writing.requests import NOBODY, Validation, flag, is_dry_run, write_query

KUBECTL = "kubectl/v1.37.1 (linux/amd64) kubernetes/1234"


def test_without_a_word_a_write_is_strict_and_for_real() -> None:
    query = write_query({}, [], KUBECTL)

    assert (query.manager, query.names_manager) == ("kubectl", False)
    assert (query.dry_run, query.validation, query.force) == (False, Validation.STRICT, None)


def test_what_kubectl_asks_for_is_read() -> None:
    asked = {
        "fieldManager": "kubectl-create",
        "fieldValidation": "Warn",
        "dryRun": "All",
        "force": "true",
    }
    query = write_query(asked, ["All"], KUBECTL)

    assert (query.manager, query.names_manager) == ("kubectl-create", True)
    assert (query.dry_run, query.validation, query.force) == (True, Validation.WARN, True)


@pytest.mark.parametrize(
    ("agent", "manager"),
    [("curl/8", "curl"), ("", NOBODY), ("/x", NOBODY), ("a" * 200, "a" * 128), ("a\x00b/1", "ab")],
)
def test_a_client_without_a_name_is_named_after_its_program(agent: str, manager: str) -> None:
    assert write_query({}, [], agent).manager == manager


@pytest.mark.parametrize(
    "query",
    [
        {"unheard": "of"},
        {"fieldManager": "x" * 129},
        {"fieldManager": "a\nb"},
        {"fieldValidation": "strict"},
        {"force": "maybe"},
    ],
)
def test_what_cannot_be_followed_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(ApiError) as caught:
        write_query(query, [], KUBECTL)
    assert caught.value.status == 400


def test_flags_and_dry_runs_are_said_in_one_way() -> None:
    assert flag({"a": "true"}, "a")
    assert flag({"a": "0"}, "a") is False
    assert flag({}, "a") is None
    assert not is_dry_run([])
    with pytest.raises(ApiError):
        is_dry_run(["All", "None"])
