import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.store.backups.meshes import CHEAP

from tulle.store.backups import archive
from tulle.store.backups.archive import MAGIC, Contents, Head, Lock, pack, read_head, unpack
from tulle.store.errors import (
    BackupDamaged,
    BackupError,
    BackupTooNew,
    PassphraseNeeded,
    PassphraseWrong,
)

KEYS = {"root.pem": b"-----BEGIN PRIVATE KEY-----\nthe key of all\n"}
HEAD = Head(tulle="1.2.3", created_at="2027-01-15T08:00:00Z", revision=7, trust_domain="shop")
PHRASE = "correct horse battery staple"


def sealed(contents: Contents, passphrase: str = PHRASE) -> bytes:
    head = Head(tulle="1", created_at="now", revision=7, lock=CHEAP)
    return pack(contents, head, CHEAP.key(passphrase))


@given(st.binary(max_size=2000), st.dictionaries(st.text(max_size=9), st.binary(max_size=99)))
def test_what_was_packed_is_unpacked(image: bytes, keys: dict[str, bytes]) -> None:
    contents = Contents(image, keys)

    data = sealed(contents)

    assert unpack(data, PHRASE) == contents
    assert read_head(data).keys == tuple(sorted(keys))


def test_the_head_can_be_read_without_the_passphrase() -> None:
    head = read_head(pack(Contents(b"image"), HEAD, None))

    assert (head.revision, head.trust_domain, head.tulle) == (7, "shop", "1.2.3")
    assert (head.lock, head.keys) == (None, ())


def test_neither_keys_nor_store_can_be_seen_in_a_sealed_backup() -> None:
    data = sealed(Contents(b"hunter2 " * 10, KEYS))

    assert b"PRIVATE KEY" not in data
    assert b"hunter2" not in data


def test_keys_are_never_packed_in_the_open() -> None:
    with pytest.raises(PassphraseNeeded):
        pack(Contents(b"image", KEYS), HEAD, None)


def test_two_backups_of_one_store_are_sealed_differently() -> None:
    assert sealed(Contents(b"image", KEYS)) != sealed(Contents(b"image", KEYS))


@pytest.mark.parametrize("passphrase", ["", "correct horse battery stapl", PHRASE.upper()])
def test_another_passphrase_opens_nothing(passphrase: str) -> None:
    with pytest.raises(PassphraseWrong):
        unpack(sealed(Contents(b"image", KEYS)), passphrase)


def test_a_sealed_backup_asks_for_its_passphrase() -> None:
    with pytest.raises(PassphraseNeeded, match="sealed"):
        unpack(sealed(Contents(b"image", KEYS)), None)


@given(st.integers(min_value=0), st.integers(1, 255))
def test_a_changed_byte_is_noticed_wherever_it_is(where: int, change: int) -> None:
    data = bytearray(sealed(Contents(b"image", KEYS)))
    data[where % len(data)] ^= change

    with pytest.raises(BackupDamaged):
        unpack(bytes(data), PHRASE)


@given(st.integers(0, 400))
def test_a_backup_that_was_cut_off_is_noticed(length: int) -> None:
    data = pack(Contents(b"image" * 100), HEAD, None)

    with pytest.raises(BackupDamaged):
        unpack(data[: min(length, len(data) - 1)], None)


@given(st.binary(max_size=300))
def test_nonsense_is_refused_as_such(data: bytes) -> None:
    with pytest.raises(BackupError):
        unpack(data, None)


def with_checksum(whole: bytes) -> bytes:
    return whole + hashlib.sha256(whole).digest()


def test_a_head_changed_by_somebody_who_mends_the_checksum_is_noticed() -> None:
    data = sealed(Contents(b"image", KEYS))

    forged = with_checksum(data[:-32].replace(b'"revision":7', b'"revision":8'))

    assert read_head(forged).revision == 8
    with pytest.raises(PassphraseWrong):
        unpack(forged, PHRASE)


def test_a_later_format_is_refused_with_the_way_out() -> None:
    data = pack(Contents(b"image"), HEAD, None)
    later = with_checksum(data[:-32].replace(b'"format":1', b'"format":2'))

    with pytest.raises(BackupTooNew) as caught:
        unpack(later, None)
    assert "upgrade" in caught.value.hint


def test_what_a_later_version_says_besides_is_passed_over() -> None:
    data = pack(Contents(b"image"), HEAD, None)
    more = with_checksum(data[:-32].replace(b'{"format":1', b'{"more":true,"format":1'))

    assert unpack(more, None) == Contents(b"image")


@pytest.mark.parametrize(
    "lock", [Lock(salt=b"", n=2**30), Lock(salt=b"", r=99), Lock(salt=b"", n=0)]
)
def test_a_lock_of_absurd_costs_is_refused(lock: Lock) -> None:
    with pytest.raises(BackupDamaged):
        lock.key(PHRASE)


def test_a_body_that_would_fill_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pack(Contents(bytes(100_000)), HEAD, None)
    monkeypatch.setattr(archive, "MOST_BYTES", 50_000)

    assert len(data) < 50_000
    with pytest.raises(BackupDamaged, match="too large"):
        unpack(data, None)


def test_a_head_that_is_no_head_is_refused() -> None:
    with pytest.raises(BackupDamaged, match="head"):
        read_head(with_checksum(MAGIC + b"[1]\nbody"))


def test_contents_do_not_show_themselves() -> None:
    assert "hunter2" not in repr(Contents(b"hunter2", {"a": b"hunter2"}))
