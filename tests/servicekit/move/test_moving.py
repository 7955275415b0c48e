"""A store that is moved is there whole, or its place is as it was; rows are the same, and no number is given again."""

import sqlite3
import tracemalloc
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from servicekit import sqlite_file
from servicekit.engines import make_database, open_database
from servicekit.move.postgres_place import PostgresPlace
from servicekit.move.services import CannotMove
from servicekit.move.sqlite_place import SqlitePlace
from tests.postgres import Postgres
from tests.servicekit.move.notes import ROWS, Notes, moved

PIECE_BYTES = 512 * 1024


@pytest.fixture
def notes(tmp_path: Path, postgres: Postgres) -> Notes:
    made = Notes(tmp_path, postgres.new_database())
    made.fill()
    return made


@pytest.fixture
def folder(tmp_path: Path) -> SqlitePlace:
    return SqlitePlace(tmp_path / "data")


@pytest.fixture
def database(notes: Notes) -> PostgresPlace:
    return PostgresPlace(notes.url)


@pytest.fixture
def back(tmp_path: Path) -> Path:
    return tmp_path / "back" / "notes" / "notes.db"


def move_there_and_back(notes: Notes, folder: SqlitePlace, database: PostgresPlace, back: Path) -> None:
    moved(folder, database, notes.service)
    moved(database, SqlitePlace(back.parents[1]), notes.service)


def test_every_row_is_the_same_there_and_back(
    notes: Notes, folder: SqlitePlace, database: PostgresPlace, back: Path
) -> None:
    move_there_and_back(notes, folder, database, back)
    for table in ("notes", "answers", "names", "removals", "generation", "neighbours", "store"):
        query = f"SELECT * FROM {table} ORDER BY 1, 2" if table != "generation" else "SELECT * FROM generation"
        assert notes.sql(query, path=back) == notes.sql(query)
    assert notes.postgres_sql("SELECT body, weight, kept FROM notes WHERE id = 1") == [(b"\0\xff\\x00", 0.1, True)]


def test_numbers_go_on_above_those_that_are_gone(
    notes: Notes, folder: SqlitePlace, database: PostgresPlace, back: Path
) -> None:
    move_there_and_back(notes, folder, database, back)
    assert notes.postgres_sql("INSERT INTO removals (name) VALUES ('new') RETURNING number") == [(41,)]
    assert notes.postgres_sql("INSERT INTO notes (kept) VALUES (TRUE) RETURNING id") == [(2**63 - 4,)]
    assert notes.sql("INSERT INTO removals (name) VALUES ('new') RETURNING number", path=back) == [(41,)]
    assert notes.sql("SELECT name, seq FROM sqlite_sequence WHERE name = 'notes'", path=back) == [("notes", 2**63 - 5)]


def test_numbers_that_only_postgresql_has_given_are_not_given_again(
    notes: Notes, folder: SqlitePlace, database: PostgresPlace, back: Path
) -> None:
    notes.sql("DELETE FROM notes WHERE id > 9")
    notes.sql("UPDATE sqlite_sequence SET seq = 9 WHERE name = 'notes'")
    moved(folder, database, notes.service)
    for table, column in (("notes", "kept"), ("removals", "name")):
        value = "TRUE" if column == "kept" else "'x'"
        key = "id" if table == "notes" else "number"
        ((number,),) = notes.postgres_sql(f"INSERT INTO {table} ({column}) VALUES ({value}) RETURNING {key}")
        notes.postgres_sql(f"DELETE FROM {table} WHERE {key} = {number}")
    moved(database, SqlitePlace(back.parents[1]), notes.service)
    assert sorted(notes.sql("SELECT name, seq FROM sqlite_sequence", path=back)) == [("notes", 10), ("removals", 41)]


def test_an_empty_store_gives_its_first_numbers(
    tmp_path: Path, postgres: Postgres, folder: SqlitePlace, back: Path
) -> None:
    empty = Notes(tmp_path, postgres.new_database())
    sqlite_file.make(empty.path, empty.service.migrations)
    move_there_and_back(empty, folder, PostgresPlace(empty.url), back)
    assert empty.postgres_sql("INSERT INTO notes (kept) VALUES (TRUE) RETURNING id") == [(1,)]
    assert empty.postgres_sql("INSERT INTO removals (name) VALUES ('x') RETURNING number") == [(1,)]
    assert empty.sql("INSERT INTO notes (kept) VALUES (1) RETURNING id", path=back) == [(1,)]


def test_what_is_derived_is_made_anew(notes: Notes, folder: SqlitePlace, database: PostgresPlace, back: Path) -> None:
    move_there_and_back(notes, folder, database, back)
    kept = [row[0] for table, row in ROWS if table == "notes"]
    assert notes.postgres_sql("SELECT id FROM unindexed ORDER BY id") == [(number,) for number in kept]
    assert notes.postgres_sql("SELECT length FROM notes WHERE id = 1") == [(5,)]
    assert notes.sql("SELECT indexed_id FROM progress", path=back) == [(0,)]


async def test_the_service_opens_it_on_either_engine_as_the_store_that_it_was(
    notes: Notes, folder: SqlitePlace, database: PostgresPlace, back: Path
) -> None:
    move_there_and_back(notes, folder, database, back)
    ids = set()
    for where in (notes.path, back, f"{notes.url}#notes"):
        async with open_database(where, notes.service.migrations) as opened:
            ids.add(opened.id)
            assert await opened.known_store("profiles") == "another store"
            assert await opened.is_sound()
    assert len(ids) == 1
    assert list(back.parent.glob("*.moving*")) == []
    assert back.parent.stat().st_mode & 0o77 == 0


def test_a_target_that_is_another_store_stays_as_it_is(
    notes: Notes, folder: SqlitePlace, database: PostgresPlace, tmp_path: Path
) -> None:
    other = Notes(tmp_path / "other", notes.url)
    other.fill()
    moved(folder, database, notes.service)
    elsewhere = SqlitePlace(tmp_path / "other" / "data")
    for source, target in ((elsewhere, database), (database, elsewhere)):
        with pytest.raises(CannotMove, match="the target of notes is not empty: it is another store"):
            moved(source, target, notes.service)
    assert other.sql("SELECT id FROM store") != notes.sql("SELECT id FROM store")
    assert notes.postgres_sql("SELECT id FROM store") == notes.sql("SELECT id FROM store")


def test_a_schema_that_is_not_ours_is_not_taken(notes: Notes, folder: SqlitePlace, database: PostgresPlace) -> None:
    notes.postgres_sql("CREATE SCHEMA notes CREATE TABLE shopping (item TEXT)")
    with pytest.raises(CannotMove, match="the schema notes is not of Parley"):
        moved(folder, database, notes.service)


def test_a_schema_that_was_made_without_tables_is_taken(
    notes: Notes, folder: SqlitePlace, database: PostgresPlace
) -> None:
    notes.postgres_sql("CREATE SCHEMA notes")
    assert moved(folder, database, notes.service)["notes"] == 5


def test_what_was_moved_before_is_compared(notes: Notes, folder: SqlitePlace, database: PostgresPlace) -> None:
    first = moved(folder, database, notes.service)
    assert moved(folder, database, notes.service) == first == {**first, "notes": 5, "names": 8}
    notes.postgres_sql("UPDATE notes SET weight = 0.30000000000000004 WHERE id = 7")
    with pytest.raises(
        CannotMove, match=r"notes is not the same on both sides: 5 rows .* one of the two was used since"
    ):
        moved(folder, database, notes.service)


async def test_a_store_that_is_in_use_is_not_moved(notes: Notes, folder: SqlitePlace, database: PostgresPlace) -> None:
    async with open_database(notes.path, notes.service.migrations):
        with pytest.raises(CannotMove, match=r"notes\.db is in use: stop the notes service first"):
            moved(folder, database, notes.service)
    moved(folder, database, notes.service)
    async with open_database(f"{notes.url}#notes", notes.service.migrations) as opened:
        await opened.known_store("profiles")
        with pytest.raises(CannotMove, match="the schema notes is in use: stop the notes service first"):
            moved(database, SqlitePlace(notes.path.parents[2] / "back"), notes.service)


def test_nobody_opens_what_is_being_moved(notes: Notes, folder: SqlitePlace) -> None:
    with (
        folder.opened(notes.service),
        closing(sqlite3.connect(notes.path, timeout=0)) as connection,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        connection.execute("SELECT * FROM notes")


def test_nobody_writes_to_a_schema_that_is_being_moved(
    notes: Notes, folder: SqlitePlace, database: PostgresPlace
) -> None:
    moved(folder, database, notes.service)
    with database.opened(notes.service), notes.session() as session:
        session.execute("SET lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            session.execute("INSERT INTO notes (kept) VALUES (TRUE)")


def test_what_came_into_being_meanwhile_is_not_replaced(notes: Notes, database: PostgresPlace, back: Path) -> None:
    with pytest.raises(CannotMove, match="was made meanwhile"), SqlitePlace(back.parents[1]).making(notes.service):
        back.write_bytes(b"somebody's")
    assert back.read_bytes() == b"somebody's"
    make_database(f"{notes.url}#notes", notes.service.migrations)
    with pytest.raises(CannotMove, match="was made meanwhile"), database.making(notes.service):
        pass


@pytest.mark.parametrize("version, said", [(0, "wants 1: run `python -m notes_service migrate`"), (2, "none above 1")])
def test_a_schema_of_other_code_is_not_moved(
    notes: Notes, folder: SqlitePlace, database: PostgresPlace, version: int, said: str
) -> None:
    moved(folder, database, notes.service)
    notes.sql(f"PRAGMA user_version = {version}")
    notes.postgres_sql(f"UPDATE schema_version SET number = {version}")
    for place in (folder, database):
        with pytest.raises(CannotMove, match=said), place.opened(notes.service):
            pass


def test_rows_without_a_table_in_the_target_hold_up_all_services(
    notes: Notes, folder: SqlitePlace, database: PostgresPlace, tmp_path: Path
) -> None:
    more = Notes(tmp_path, notes.url, "more")
    more.fill()
    more.sql("INSERT INTO whole_notes VALUES (1, x'00')")
    with pytest.raises(CannotMove, match="more: whole_notes has 1 rows, and the other side no such table"):
        moved(folder, database, notes.service, more.service)
    assert not notes.is_in_postgres()
    more.sql("DELETE FROM whole_notes")
    moved(folder, database, notes.service, more.service)
    assert more.is_in_postgres()


@pytest.mark.parametrize(
    "row, said",
    [
        ((50, "a \0 in it", 1.0, 0, None), r"a text in notes.said holds a NUL, .* WHERE id = 50"),
        ((50, "x", 1.0, "many", None), "invalid input syntax for type boolean"),
        ((50, b"bytes", 1.0, 0, None), "notes is not the same on both sides"),
        ((50, "x", 1.0, 0, "text"), "notes is not the same on both sides"),
    ],
)
def test_what_postgresql_would_not_keep_as_it_is_leaves_everything_as_it_was(
    notes: Notes, folder: SqlitePlace, database: PostgresPlace, row: tuple[object, ...], said: str
) -> None:
    notes.sql("INSERT INTO notes VALUES (?, ?, ?, ?, ?)", *row)
    with pytest.raises(CannotMove, match=said):
        moved(folder, database, notes.service)
    assert not notes.is_in_postgres()


def test_a_service_without_a_schema_for_the_engine_is_not_moved(
    notes: Notes, folder: SqlitePlace, database: PostgresPlace
) -> None:
    (notes.service.migrations / "postgresql" / "0001_notes.sql").unlink()
    with pytest.raises(CannotMove, match="the notes service has no schema for postgresql yet"):
        moved(folder, database, notes.service)


def test_a_few_rows_at_a_time_are_in_memory(
    notes: Notes, folder: SqlitePlace, database: PostgresPlace, back: Path
) -> None:
    pieces = 96
    with closing(sqlite_file.connect(notes.path)) as connection:
        connection.executemany(
            "INSERT INTO answers VALUES (9, ?, randomblob(?))", [(n, PIECE_BYTES) for n in range(pieces)]
        )
    tracemalloc.start()
    try:
        move_there_and_back(notes, folder, database, back)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < pieces * PIECE_BYTES / 3
