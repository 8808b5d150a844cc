"""What only the SQLite store can promise: durability, one server, and a reason when the file will not do."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, closing
from pathlib import Path

import pytest

from tulle.codec.encode import to_json
from tulle.model.kinds.core import Secret
from tulle.model.kinds.workload import Workload, WorkloadSpec
from tulle.model.names import ResourceKey
from tulle.model.resources import Metadata
from tulle.pki.tokens import TokenRecord, hash_secret
from tulle.store import schema
from tulle.store.contract import Batch, Delete, Put
from tulle.store.errors import (
    Compacted,
    StoreCorrupt,
    StoreForeign,
    StoreFull,
    StoreInUse,
    StoreTooNew,
)
from tulle.store.sqlite import SqliteStore

NOW = 1_800_000_000.0


def clock() -> float:
    return NOW


def workload(name: str, address: str = "10.0.0.1") -> Workload:
    metadata = Metadata(name=name, namespace="shop")
    return Workload(metadata=metadata, spec=WorkloadSpec(address=address))


async def revisions(store: SqliteStore, after: int, until: int) -> list[Batch]:
    found: list[Batch] = []
    if after == until:
        return found
    async with aclosing(store.watch(after)) as batches:
        async for batch in batches:
            found.append(batch)
            if batch.revision == until:
                break
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "tulle.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore.open(path, clock)
    yield opened
    await opened.close()


# Durability


async def test_a_store_opened_again_continues(path: Path) -> None:
    first = SqliteStore.open(path, clock)
    await first.write([Put(workload("a")), Put(workload("b"))])
    await first.write([Delete(workload("b").key)])
    before = await first.world()
    await first.close()

    second = SqliteStore.open(path, clock)
    after = await second.world()
    batch = await second.write([Put(workload("c"))])

    assert list(after) == list(before)
    assert after.revision == 3
    assert batch.revision == 4
    await second.close()


async def test_a_watch_resumes_where_it_was_after_a_restart(path: Path) -> None:
    first = SqliteStore.open(path, clock)
    written = [await first.write([Put(workload("a", f"10.0.0.{n}"))]) for n in range(1, 6)]
    seen = await revisions(first, 0, 2)
    await first.close()

    second = SqliteStore.open(path, clock)
    written.append(await second.write([Delete(workload("a").key)]))
    seen += await revisions(second, 2, 6)

    assert seen == written
    await second.close()


async def test_what_is_compacted_stays_so_after_a_restart(path: Path) -> None:
    first = SqliteStore.open(path, clock, keep=2)
    for number in range(1, 6):
        await first.write([Put(workload("a", f"10.0.0.{number}"))])
    await first.close()

    second = SqliteStore.open(path, clock)
    with pytest.raises(Compacted):
        await revisions(second, 2, 5)
    assert [batch.revision for batch in await revisions(second, 3, 5)] == [4, 5]
    await second.close()


async def test_a_long_log_is_read_in_parts_without_gaps(store: SqliteStore) -> None:
    for number in range(600):
        await store.write([Put(workload("a", f"10.0.{number // 250}.{number % 250}"))])

    seen = await revisions(store, 0, 600)

    assert [batch.revision for batch in seen] == list(range(1, 601))


async def test_large_writes_are_read_from_the_log_whole(path: Path) -> None:
    first = SqliteStore.open(path, clock)
    written = [
        await first.write([Put(workload(f"w{n}", f"10.0.0.{turn}")) for n in range(300)])
        for turn in range(1, 4)
    ]
    await first.close()

    second = SqliteStore.open(path, clock)
    assert await revisions(second, 0, 900) == written
    assert await revisions(second, 450, 900) == [written[1].after(450), written[2]]
    await second.close()


async def test_the_newest_write_is_kept_whole_and_of_the_others_none_in_part(path: Path) -> None:
    store = SqliteStore.open(path, clock, keep=3)
    written = [
        await store.write([Put(workload(f"w{n}", f"10.0.0.{turn}")) for n in range(count)])
        for turn, count in enumerate([2, 2, 5, 2, 2], start=1)
    ]
    await store.close()

    again = SqliteStore.open(path, clock, keep=3)
    with pytest.raises(Compacted):
        await revisions(again, 8, 13)
    assert await revisions(again, 9, 13) == written[3:]
    await again.close()


def of_the_first_schema(path: Path) -> None:
    """A file in which the changes of a write have its revision together: a, then another a and b."""
    empty(path)
    rows = [("log", 1, "a"), ("log", 2, "a"), ("log", 2, "b"), ("obj", 2, "a"), ("obj", 2, "b")]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        schema.migrate(connection, schema.MIGRATIONS[:1])
        for table, revision, name in rows:
            connection.execute(
                f"INSERT INTO {table} (revision, kind, namespace, name, doc) VALUES (?, ?, ?, ?, ?)",
                (revision, "Workload", "shop", name, to_json(workload(name, f"10.0.0.{revision}"))),
            )
        connection.execute("UPDATE meta SET revision = 2")


async def test_a_file_from_before_changes_had_numbers_of_their_own_goes_on(path: Path) -> None:
    of_the_first_schema(path)

    store = SqliteStore.open(path, clock)
    made = await store.write([Put(workload("c")), Put(workload("d"))])
    batches = await revisions(store, 0, 4)
    await store.close()

    told = [(batch.revision, [one.metadata.name for one in batch.changed]) for batch in batches]
    assert told == [(1, ["a"]), (2, ["a", "b"]), (4, ["c", "d"])]
    assert batches[-1] == made
    assert made.before == 2


async def test_a_cancelled_writer_leaves_store_and_watches_whole(store: SqliteStore) -> None:
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(revisions(store, 0, 2))
        writing = group.create_task(store.write([Put(workload("a"))]))
        await asyncio.sleep(0)  # lets the write reach its thread
        writing.cancel()
        # A write that was cancelled happened or did not; the next one says which.
        await store.write([Put(workload("b"))])
        await store.write([Put(workload("c"))])
        await store.write([Put(workload("d"))])

    assert [batch.revision for batch in watching.result()] == [1, 2]


async def test_the_log_is_bounded_by_its_weight_too(path: Path) -> None:
    def large(number: int) -> Put:
        return Put(
            Secret(metadata=Metadata(name="s", namespace="shop"), data={"k": f"{number}" * 10_000})
        )

    first = SqliteStore.open(path, clock, keep_bytes=50_000)
    for number in range(1, 10):
        await first.write([large(number)])
    await first.close()

    second = SqliteStore.open(path, clock, keep_bytes=50_000)
    with pytest.raises(Compacted):
        await revisions(second, 4, 9)
    assert [batch.revision for batch in await revisions(second, 5, 9)] == [6, 7, 8, 9]
    await second.write([large(10)])
    with pytest.raises(Compacted):
        await revisions(second, 5, 10)
    await second.close()


async def test_an_image_holds_what_is_still_in_the_wal(store: SqliteStore, path: Path) -> None:
    await store.write([Put(workload("a")), Put(workload("b"))])

    copy = path.with_name("copy.db")
    copy.touch(mode=0o600)
    copy.write_bytes(await store.image())

    opened = SqliteStore.open(copy, clock)
    assert list(await opened.world()) == list(await store.world())
    assert [batch.revision for batch in await revisions(opened, 0, 2)] == [2]
    await opened.close()


# Files


async def test_only_the_owner_may_read_the_files(store: SqliteStore, path: Path) -> None:
    await store.write([Put(workload("a"))])

    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}

    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert modes == dict.fromkeys(["tulle.db", "tulle.db-wal", "tulle.db.lock"], 0o600)


async def test_no_mapped_file_stands_beside_a_store_opened_again(path: Path) -> None:
    await fill(path)
    store = SqliteStore.open(path, clock)
    await store.write([Put(workload("a"))])

    assert sorted(file.name for file in path.parent.iterdir()) == [
        "tulle.db",
        "tulle.db-wal",
        "tulle.db.lock",
    ]
    await store.close()


async def test_a_second_server_is_refused_and_told_whose_it_is(
    store: SqliteStore, path: Path
) -> None:
    with pytest.raises(StoreInUse, match=r"process \d+") as caught:
        SqliteStore.open(path, clock)

    assert "--data-dir" in caught.value.hint
    await store.write([Put(workload("a"))])


async def test_another_program_cannot_write_to_a_store_in_use(
    store: SqliteStore, path: Path
) -> None:
    await store.write([Put(workload("a"))])
    with (
        closing(sqlite3.connect(path, timeout=0)) as stranger,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        stranger.execute("UPDATE meta SET revision = 7")

    assert (await store.write([Put(workload("b"))])).revision == 2


HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


def test_a_file_another_program_holds_is_told_so(path: Path) -> None:
    asyncio.run(fill(path, 1))
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", HOLDER, path], stdin=pipe, stdout=pipe) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StoreInUse, match="another program"):
            SqliteStore.open(path, clock)
        assert holder.stdin is not None
        holder.stdin.close()


async def test_a_full_disk_refuses_the_write_and_loses_nothing(store: SqliteStore) -> None:
    await store.write([Put(workload("a"))])

    def fill(connection: sqlite3.Connection) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    await store._thread.run(fill)
    large = Secret(metadata=Metadata(name="s", namespace="shop"), data={"k": "x" * 100_000})
    with pytest.raises(StoreFull, match="full"):
        await store.write([Put(large)])
    await store._thread.run(lambda db: db.execute("PRAGMA max_page_count = 1000000").fetchone())

    assert (await store.world()).revision == 1
    assert (await store.write([Put(large)])).revision == 2


def content(path: Path) -> bytes:
    return path.read_bytes()


def restore(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def empty(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    path.touch(0o600)


async def fill(path: Path, count: int = 200) -> None:
    store = SqliteStore.open(path, clock)
    await store.write([Put(workload(f"w{number}")) for number in range(count)])
    await store.close()


def corrupt(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for offset in range(4096, len(data)):
        data[offset] ^= 0x5A
    path.write_bytes(data)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:6000])


def overwrite(path: Path) -> None:
    path.write_bytes(b"\x00\x01 this is no database at all" * 400)


@pytest.mark.parametrize("damage", [corrupt, truncate, overwrite])
async def test_a_damaged_file_is_refused(path: Path, damage: Callable[[Path], None]) -> None:
    await fill(path)
    damage(path)

    with pytest.raises(StoreCorrupt) as caught:
        SqliteStore.open(path, clock)

    assert str(path) in caught.value.message
    assert "restore a backup" in caught.value.hint


async def test_a_refused_file_can_be_opened_once_it_is_mended(path: Path) -> None:
    await fill(path)
    good = content(path)
    overwrite(path)
    with pytest.raises(StoreCorrupt):
        SqliteStore.open(path, clock)
    restore(path, good)

    store = SqliteStore.open(path, clock)

    assert (await store.world()).revision == 200
    await store.close()


async def test_a_document_that_cannot_be_read_is_not_shown(path: Path) -> None:
    await fill(path, 1)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE obj SET doc = ?", (b'{"secret": "hunter2"}',))
        connection.commit()

    with pytest.raises(StoreCorrupt, match="a Workload in the store cannot be read") as caught:
        SqliteStore.open(path, clock)
    assert "hunter2" not in str(caught.value)


async def test_a_kind_of_the_future_is_refused(path: Path) -> None:
    await fill(path, 1)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE obj SET kind = 'HyperRoute'")
        connection.commit()

    with pytest.raises(StoreTooNew, match="HyperRoute"):
        SqliteStore.open(path, clock)


async def test_a_file_of_a_newer_tulle_is_refused_and_left_alone(path: Path) -> None:
    await fill(path, 1)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    before = content(path)

    with pytest.raises(StoreTooNew, match="newer Tulle"):
        SqliteStore.open(path, clock)
    assert content(path) == before


def test_a_database_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    empty(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    before = content(path)

    with pytest.raises(StoreForeign):
        SqliteStore.open(path, clock)
    assert content(path) == before


async def test_an_empty_file_is_a_new_store(path: Path) -> None:
    empty(path)

    store = SqliteStore.open(path, clock)

    assert (await store.world()).revision == 0
    await store.close()


# Secrets


def occurrences(folder: Path, text: bytes) -> Iterator[str]:
    return (file.name for file in folder.iterdir() if text in file.read_bytes())


async def test_a_token_is_stored_hashed(store: SqliteStore, path: Path) -> None:
    secret = b"0123456789abcdef0123456789abcdef"
    record = TokenRecord(
        id="t1",
        secret_hash=hash_secret(secret),
        namespace="shop",
        service_account="web",
        labels={},
        expires_at=NOW + 60,
    )
    await store.save_token(record)

    assert list(occurrences(path.parent, secret)) == []
    assert list(occurrences(path.parent, record.secret_hash.encode())) != []


async def test_a_token_used_before_a_restart_stays_used(path: Path) -> None:
    record = TokenRecord(
        id="t1",
        secret_hash=hash_secret(b"s"),
        namespace="shop",
        service_account="web",
        labels={"app": "web"},
        expires_at=NOW + 60,
    )
    first = SqliteStore.open(path, clock)
    await first.save_token(record)
    await first.close()
    second = SqliteStore.open(path, clock)
    assert await second.take_token("t1", record.secret_hash, NOW) == record
    await second.close()

    third = SqliteStore.open(path, clock)
    assert await third.take_token("t1", record.secret_hash, NOW) is None
    await third.close()


async def test_removed_keys_are_named_by_the_watch(store: SqliteStore) -> None:
    await store.write([Put(workload("a"))])
    await store.write([Delete(workload("a").key)])

    batches = await revisions(store, 1, 2)

    assert batches == [Batch(2, (), (ResourceKey("Workload", "shop", "a"),))]
