"""A join token: one line, one use, one identity; its secret is nowhere but in the line."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.model.names import AccountRef
from tulle.model.problems import Problem
from tulle.pki import tokens
from tulle.pki.authorities import new_root
from tulle.pki.bundles import merge, parse
from tulle.pki.tokens import RANDOM_BYTES, Token, TokenRecord, new_token, read_token

NOW = 1_800_000_000.0
ROOT = new_root("mesh.local", NOW).root_pem
OTHER_ROOT = new_root("mesh.local", NOW).root_pem
WEB = AccountRef("shop", "web")
RANDOM = bytes(range(RANDOM_BYTES))


def made(random: bytes = RANDOM, root_pem: str = ROOT) -> tuple[str, TokenRecord]:
    return new_token(random, root_pem, WEB, {"app": "web"}, NOW + 600)


def body_of(text: str) -> dict[str, object]:
    encoded = text.removeprefix("tulle1.")
    decoded: dict[str, object] = json.loads(
        base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    )
    return decoded


def line_of(body: object) -> str:
    return "tulle1." + base64.urlsafe_b64encode(json.dumps(body).encode()).decode().rstrip("=")


@given(st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES))
def test_what_was_written_is_read_and_matches_its_record(random: bytes) -> None:
    text, record = made(random)

    token = read_token(f"  {text}\n")

    assert isinstance(token, Token)
    assert token.id == record.id
    assert tokens.same_hash(token.secret_hash, record.secret_hash)
    assert parse(token.root_pem) == parse(ROOT)
    assert "\n" not in text
    assert text.isascii()


def test_a_token_may_say_what_its_workload_is_called() -> None:
    _, named = new_token(RANDOM, ROOT, WEB, {}, NOW, name="web-0")
    _, unnamed = made()

    assert (named.name, unnamed.name) == ("web-0", "")


def test_a_token_can_pin_several_roots() -> None:
    text, _ = made(root_pem=ROOT + OTHER_ROOT)

    token = read_token(text)

    assert isinstance(token, Token)
    one, other = parse(ROOT), parse(OTHER_ROOT)
    assert not isinstance(one, Problem)
    assert not isinstance(other, Problem)
    assert token.roots == merge(other, one)


def test_the_record_holds_what_the_token_grants_and_no_secret() -> None:
    text, record = made()

    assert (record.namespace, record.service_account) == ("shop", "web")
    assert record.labels == {"app": "web"}
    assert record.expires_at == NOW + 600
    secret = str(body_of(text)["secret"])
    assert secret not in str(record)
    assert record.secret_hash not in str(record)


def test_repr_of_a_token_shows_no_secret() -> None:
    text, _ = made()

    assert str(body_of(text)["secret"]) not in repr(read_token(text))
    assert "\\x" not in repr(read_token(text))


def test_different_randomness_gives_different_tokens() -> None:
    (one, first), (other, second) = made(), made(bytes(RANDOM_BYTES))

    assert one != other
    assert first.id != second.id
    assert not tokens.same_hash(first.secret_hash, second.secret_hash)


@pytest.mark.parametrize(("random", "root"), [(b"short", ROOT), (RANDOM, "no root")])
def test_a_token_without_randomness_or_root_is_not_made(random: bytes, root: str) -> None:
    with pytest.raises(ValueError, match="random bytes and a root"):
        new_token(random, root, WEB, {}, NOW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "tulle1.",
        "tulle2." + made()[0].removeprefix("tulle1."),
        made()[0][:-40],
        made()[0] + "é",
        made()[0].replace("A", "*", 1),
        "tulle1." + "A" * 100_000,
        line_of([]),
        line_of({"id": "x", "secret": "AAAA", "roots": []}),
        line_of({"id": "x", "secret": "AAAA", "roots": ["AAAA"]}),
        line_of({**body_of(made()[0]), "secret": ""}),
        line_of({**body_of(made()[0]), "more": 1}),
    ],
)
def test_a_damaged_token_is_a_problem_that_quotes_nothing(text: str) -> None:
    found = read_token(text)

    assert isinstance(found, Problem)
    assert found.code == "token-malformed"
    assert "token create" in found.hint
    assert len(str(found)) < 250


@given(st.text())
def test_no_text_makes_reading_fail(text: str) -> None:
    read_token(text)
    read_token(f"tulle1.{text}")


@given(st.binary(max_size=200))
def test_no_bytes_make_reading_fail(data: bytes) -> None:
    read_token("tulle1." + base64.urlsafe_b64encode(data).decode())


@pytest.mark.parametrize("labels", [{}, {"app": "web"}])
def test_claims_within_the_token_are_fine(labels: dict[str, str]) -> None:
    assert tokens.check_claims(made()[1], WEB, labels) is None


@pytest.mark.parametrize(
    ("account", "labels", "path"),
    [
        (AccountRef("shop", "admin"), {}, "serviceAccount"),
        (AccountRef("bank", "web"), {}, "serviceAccount"),
        (WEB, {"app": "admin"}, "labels.app"),
        (WEB, {"app": "web", "version": "v2"}, "labels.version"),
    ],
)
def test_no_workload_can_claim_more_than_its_token(
    account: AccountRef, labels: dict[str, str], path: str
) -> None:
    found = tokens.check_claims(made()[1], account, labels)

    assert found is not None
    assert (found.code, found.path) == ("token-mismatch", path)


def test_no_token_is_made_for_the_control_planes_namespace() -> None:
    found = tokens.check_account(AccountRef("tulle-system", "anything"))

    assert found is not None
    assert found.code == "token-for-control-plane"
    assert tokens.check_account(WEB) is None
