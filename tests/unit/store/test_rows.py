import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from tulle.model.kinds.service import Service
from tulle.model.resources import Metadata
from tulle.store import rows, schema
from tulle.store.contract import Batch
from tulle.store.errors import StoreUnusable
from tulle.store.tail import LogSizes


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as opened:
        schema.migrate(opened)
        yield opened


def written(connection: sqlite3.Connection, count: int) -> LogSizes:
    sizes = LogSizes((), keep=100, keep_bytes=10**6)
    for revision in range(1, count + 1):
        service = Service(metadata=Metadata(name=f"s{revision}", namespace="shop"))
        rows.commit(connection, Batch(revision, changed=(service,)), sizes)
    return sizes


def test_the_sizes_read_are_those_that_were_written(connection: sqlite3.Connection) -> None:
    written(connection, 3)

    found = rows.log_sizes(connection)

    assert [revision for revision, _ in found] == [1, 2, 3]
    documents = connection.execute("SELECT doc FROM obj ORDER BY revision").fetchall()
    assert [size for _, size in found] == [len(doc) for (doc,) in documents]


def test_a_revision_out_of_turn_is_refused_and_leaves_nothing(
    connection: sqlite3.Connection,
) -> None:
    sizes = written(connection, 1)
    stranger = Service(metadata=Metadata(name="x", namespace="shop"))

    with pytest.raises(StoreUnusable, match="another program"):
        rows.commit(connection, Batch(5, changed=(stranger,)), sizes)

    assert rows.meta(connection) == (1, 0)
    assert [r.metadata.name for r in rows.load(connection)] == ["s1"]


def test_a_transaction_that_fails_is_undone(connection: sqlite3.Connection) -> None:
    def fail() -> None:
        with rows.transaction(connection, "BEGIN"):
            connection.execute("UPDATE meta SET revision = 9")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert rows.meta(connection) == (0, 0)
