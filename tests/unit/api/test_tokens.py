"""Tokens: a secret for one workload, kept as a hash."""

import pytest
from tests.unit.api.servers import NOW, now

from tulle.api.errors import ProblemsError
from tulle.api.tokens import Mint, NewToken
from tulle.model.names import AccountRef
from tulle.pki.authorities import new_root
from tulle.pki.tokens import Token, read_token
from tulle.store.memory import MemoryStore

ROOT = new_root("mesh.local", NOW).root_pem


@pytest.fixture
async def store() -> MemoryStore:
    return MemoryStore(now)


async def minted(store: MemoryStore, ttl_s: float = 60.0) -> Token:
    mint = Mint(store, lambda: ROOT, now)
    token = read_token(await mint.new(AccountRef("shop", "a"), {"app": "a"}, ttl_s))
    assert isinstance(token, Token)
    return token


async def test_it_works_once_for_its_account_and_labels(store: MemoryStore) -> None:
    token = await minted(store)
    record = await store.take_token(token.id, token.secret_hash, NOW)

    assert record is not None
    assert (record.namespace, record.service_account) == ("shop", "a")
    assert record.labels == {"app": "a"}
    assert await store.take_token(token.id, token.secret_hash, NOW) is None


async def test_it_may_say_what_the_workload_is_called(store: MemoryStore) -> None:
    text = await Mint(store, lambda: ROOT, now).new(AccountRef("shop", "a"), {}, name="a-0")
    token = read_token(text)
    assert isinstance(token, Token)
    record = await store.take_token(token.id, token.secret_hash, NOW)

    assert record is not None
    assert record.name == "a-0"


async def test_it_carries_the_roots_and_ends_in_time(store: MemoryStore) -> None:
    token = await minted(store)

    assert token.root_pem == ROOT
    assert await store.take_token(token.id, token.secret_hash, NOW + 61) is None


async def test_no_two_are_alike(store: MemoryStore) -> None:
    one, other = await minted(store), await minted(store)

    assert one.id != other.id
    assert one.secret != other.secret


async def test_the_control_planes_namespace_gets_none(store: MemoryStore) -> None:
    with pytest.raises(ProblemsError, match="token-for-control-plane"):
        await Mint(store, lambda: ROOT, now).new(AccountRef("tulle-system", "x"), {})


@pytest.mark.parametrize(
    ("account", "labels", "name", "ttl_s", "found"),
    [
        (AccountRef("shop", "a"), {"a b": "c"}, "", 60.0, [("labels[a b]", "bad-name")]),
        (AccountRef("shop", "a"), {"app": "c d"}, "", 60.0, [("labels.app", "bad-pattern")]),
        (AccountRef("Shop", "a"), {}, "", 60.0, [("namespace", "bad-name")]),
        (AccountRef("shop", "A b"), {}, "", 60.0, [("serviceAccount", "bad-name")]),
        (AccountRef("shop", "a"), {}, "a.b", 60.0, [("name", "bad-name")]),
        (AccountRef("shop", "a"), {}, "", 0.0, [("ttlSeconds", "out-of-range")]),
        (AccountRef("shop", "a"), {}, "", 1e9, [("ttlSeconds", "out-of-range")]),
        (
            AccountRef("shop", "A"),
            {"a b": "c"},
            "",
            -1.0,
            [
                ("labels[a b]", "bad-name"),
                ("serviceAccount", "bad-name"),
                ("ttlSeconds", "out-of-range"),
            ],
        ),
    ],
)
async def test_what_no_workload_can_be_gets_none_and_every_reason(
    store: MemoryStore,
    account: AccountRef,
    labels: dict[str, str],
    name: str,
    ttl_s: float,
    found: list[tuple[str, str]],
) -> None:
    with pytest.raises(ProblemsError) as caught:
        await Mint(store, lambda: ROOT, now).new(account, labels, ttl_s, name=name)

    problems = caught.value.problems
    assert sorted((problem.path, problem.code) for problem in problems) == found
    assert not any("regex" in problem.message for problem in problems)


def test_it_does_not_show_in_logs() -> None:
    assert "tulle1" not in repr(NewToken(token="tulle1.secret"))
