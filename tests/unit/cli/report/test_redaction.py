import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.cli.report.redaction import SHORTEST, Redactor
from tulle.ops.logs import REDACTED

NOTHING = Redactor()
SECRETS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")),
    min_size=SHORTEST,
    max_size=40,
)


@given(SECRETS, st.text(max_size=30), st.text(max_size=30))
def test_a_known_secret_is_gone_in_every_form(secret: str, before: str, after: str) -> None:
    forms = [secret, base64.b64encode(secret.encode()).decode(), json.dumps(secret)[1:-1]]

    text = Redactor.of([secret.encode()]).text("\n".join(f"{before} {f} {after}" for f in forms))

    for form in forms:
        # What remains of our own words may hold a secret made of them.
        assert form not in text.replace(REDACTED, "")


def test_of_secrets_within_others_nothing_is_left_behind() -> None:
    redactor = Redactor.of([b"hunter2", b"xx-hunter2-yy"])

    assert redactor.text("a xx-hunter2-yy b hunter2 c") == f"a {REDACTED} b {REDACTED} c"


def test_what_is_too_short_to_be_looked_for_is_left() -> None:
    assert Redactor.of([b"a", b""]).text("a banana") == "a banana"


def test_the_lines_of_a_known_key_are_gone_one_by_one() -> None:
    key = b"-----BEGIN X-----\nMIGHAgEAMBMGByqGSM49AgEG\n-----END X-----\n"

    assert "MIGHAgEAMBMG" not in Redactor.of([key]).text("log: MIGHAgEAMBMGByqGSM49AgEG\n")


@pytest.mark.parametrize(
    "text",
    [
        "the token tulle1.abcdefgh-secretpart was used",
        "-----BEGIN EC PRIVATE KEY-----\nhunter2\n-----END EC PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\\nhunter2\\n-----END PRIVATE KEY-----",
        "Authorization: Bearer hunter2",
        "tulle-api-hunter2hunter2",
        "PASSWORD=hunter2",
        "db_password: hunter2",
        'export API_TOKEN="hunter2 and more"',
        '{"clientSecret": "hunter2"}',
        '{"password":"hunter2\\" still"}',
        "postgres://user:hunter2@db/x",
        "?access_token=hunter2&x=1",
        "Set-Cookie: hunter2; Path=/",
    ],
)
def test_what_looks_like_a_secret_is_gone(text: str) -> None:
    found = NOTHING.text(text)

    assert "hunter2" not in found
    assert "secretpart" not in found
    assert REDACTED in found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "GET /reviews 200",
        "tokens: 3",
        '{"secrets": []}',
        '"secrets": null',
        "Secret shop/db is used by nobody",
        "http://127.0.0.1:19080/",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    ],
)
def test_what_is_none_stays(text: str) -> None:
    assert NOTHING.text(text) == text


@given(st.text())
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = NOTHING.text(text)

    assert NOTHING.text(once) == once


def test_what_is_known_is_not_shown() -> None:
    assert "hunter2" not in repr(Redactor.of([b"hunter2"]))
