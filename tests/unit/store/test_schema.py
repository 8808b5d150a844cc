"""A file becomes today's step by step, each step whole."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tulle.store import schema
from tulle.store.errors import StoreForeign, StoreTooNew


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as connection:
        yield connection


def tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}


def version(connection: sqlite3.Connection) -> int:
    number: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return number


def test_an_empty_file_gets_every_table(connection: sqlite3.Connection) -> None:
    schema.check(connection)
    schema.migrate(connection)

    assert {"meta", "obj", "log", "tokens"} <= tables(connection)
    assert version(connection) == len(schema.MIGRATIONS)
    assert connection.execute("SELECT revision, compacted FROM meta").fetchall() == [(0, 0)]


def test_migrating_again_changes_nothing(connection: sqlite3.Connection) -> None:
    schema.migrate(connection)
    connection.execute("UPDATE meta SET revision = 5")
    schema.migrate(connection)

    assert connection.execute("SELECT revision FROM meta").fetchone() == (5,)


def test_only_the_missing_steps_run(connection: sqlite3.Connection) -> None:
    schema.migrate(connection)
    schema.migrate(connection, (*schema.MIGRATIONS, "CREATE TABLE extra (x);"))

    assert "extra" in tables(connection)
    assert version(connection) == len(schema.MIGRATIONS) + 1


def test_a_step_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    broken = (*schema.MIGRATIONS, "CREATE TABLE half (x); INSERT INTO nowhere VALUES (1);")
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as connection:
        schema.migrate(connection)
        with pytest.raises(sqlite3.OperationalError):
            schema.migrate(connection, broken)

    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        assert "half" not in tables(connection)
        assert version(connection) == len(schema.MIGRATIONS)


def test_a_database_of_another_program_is_refused(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA application_id = 252006674")

    with pytest.raises(StoreForeign, match=r"x\.db is a database of another program"):
        schema.check(connection)


def test_a_file_from_the_future_is_refused(connection: sqlite3.Connection) -> None:
    schema.migrate(connection)
    connection.execute("PRAGMA user_version = 99")

    with pytest.raises(StoreTooNew, match=r"x\.db was written by a newer Tulle \(schema 99"):
        schema.check(connection)
