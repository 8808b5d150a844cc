"""Who may pass a TCP door, by the head of the request alone."""

from typing import Literal

import pytest
from multidict import CIMultiDict

from tulle.api.doors.guards import check_head
from tulle.api.doors.keys import PREFIX, AdminToken
from tulle.api.errors import ApiError

TOKEN = AdminToken(PREFIX + "x" * 43)
Scheme = Literal["http", "https"]


def code_of(scheme: Scheme = "https", **headers: str) -> str:
    """Why a request is refused, "" if it passes."""
    given = {"Host": "127.0.0.1:15013", "Authorization": f"Bearer {TOKEN.text}", **headers}
    try:
        check_head(CIMultiDict(given), TOKEN, scheme)
    except ApiError as error:
        return f"{error.status} {error.problems[0].code}"
    return ""


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_who_has_the_token_passes(scheme: Scheme) -> None:
    assert code_of(scheme) == ""
    assert code_of(scheme, Authorization=f"bearer {TOKEN.text}") == ""


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("", "401 token-missing"),
        (f"Basic {TOKEN.text}", "401 token-missing"),
        ("Bearer", "401 token-wrong"),
        ("Bearer x", "401 token-wrong"),
        (f"Bearer {TOKEN.text}x", "401 token-wrong"),
    ],
)
def test_who_has_another_or_none_does_not(given: str, code: str) -> None:
    assert code_of(Authorization=given) == code


def test_pages_of_others_do_not_pass_even_with_the_token() -> None:
    for scheme in ("http", "https"):
        assert code_of(scheme, Origin="https://evil.example") == "403 origin-not-allowed"  # type: ignore[arg-type]
        assert code_of(scheme, Origin="null") == "403 origin-not-allowed"  # type: ignore[arg-type]
    assert code_of("https", Origin="http://127.0.0.1:15013") == "403 origin-not-allowed"
    assert code_of("https", Origin="https://127.0.0.1:15013") == ""


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:15013", "", "127.0.0.1.evil", "[::1"]
)
def test_a_name_that_was_made_to_point_at_loopback_does_not_pass(host: str) -> None:
    assert code_of("http", Host=host) == "403 host-not-loopback"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]:9", "LOCALHOST:15013"])
def test_loopback_passes_by_every_name(host: str) -> None:
    assert code_of("http", Host=host) == ""


def test_over_tls_the_certificate_says_who_is_spoken_to() -> None:
    assert code_of("https", Host="mesh.example:15013") == ""
