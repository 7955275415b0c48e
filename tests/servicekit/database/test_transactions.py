"""Transactions on real files: each is whole or not at all, and on disk when it returns; migrations are some of them."""

import asyncio
import sqlite3
import sys
import threading
from contextlib import ExitStack, closing
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from servicekit import sqlite_file
from servicekit.database import Connection, DatabaseError
from servicekit.sqlite_database import SqliteDatabase
from tests.servicekit.database.observations import WAIT_S, Fault, add, in_time, names, on_disk

# Transactions


async def test_what_a_write_returned_from_is_on_disk(database: SqliteDatabase, path: Path) -> None:
    await database.write(add, "ada")
    assert on_disk(path) == ["ada"]
    assert await database.read(names) == ["ada"]


async def test_arguments_and_result_pass_through(database: SqliteDatabase) -> None:
    def greet(connection: Connection, word: str, *, name: str) -> str:
        row = connection.execute("SELECT ? || ', ' || ? AS greeting", (word, name)).fetchone()
        return str(row["greeting"])

    assert await database.write(greet, "hello", name="Ada") == "hello, Ada"
    assert await database.read(greet, "hello", name="Grace") == "hello, Grace"


async def test_a_write_that_fails_leaves_nothing_and_the_next_one_works(database: SqliteDatabase, path: Path) -> None:
    def add_and_fail(connection: Connection) -> None:
        add(connection, "linus")
        raise Fault

    with pytest.raises(Fault):
        await database.write(add_and_fail)
    await database.write(add, "ada")
    assert on_disk(path) == ["ada"]


async def test_a_commit_that_fails_leaves_nothing_and_the_next_write_works(
    database: SqliteDatabase, path: Path
) -> None:
    def note_of_nobody(connection: Connection) -> None:
        add(connection, "linus")
        connection.execute("INSERT INTO notes VALUES ('nobody', 'a foreign key that fails at the commit')")

    with pytest.raises(DatabaseError):
        await database.write(note_of_nobody)
    with pytest.raises(DatabaseError):
        async with database.transaction() as connection:
            note_of_nobody(connection)
    await database.write(add, "ada")
    assert on_disk(path) == ["ada"]


async def test_a_fault_stays_what_it_was_although_sqlite_has_already_rolled_back(database: SqliteDatabase) -> None:
    def roll_back_and_fail(connection: Connection) -> None:
        connection.execute("ROLLBACK")  # as SQLite does by itself when the disk is full
        raise Fault

    with pytest.raises(Fault):
        await database.write(roll_back_and_fail)
    with pytest.raises(Fault):
        async with database.transaction() as connection:
            roll_back_and_fail(connection)
    await database.write(add, "ada")


async def test_a_transaction_commits_at_the_end_of_its_body_and_not_before(
    database: SqliteDatabase, path: Path
) -> None:
    async with database.transaction() as connection:
        add(connection, "ada")
        assert names(connection) == ["ada"]
        assert await database.read(names) == []
    assert on_disk(path) == ["ada"]


async def test_a_transaction_whose_body_fails_leaves_nothing(database: SqliteDatabase, path: Path) -> None:
    with pytest.raises(Fault):
        async with database.transaction() as connection:
            add(connection, "linus")
            raise Fault
    async with database.transaction() as connection:
        add(connection, "ada")
    assert on_disk(path) == ["ada"]


async def test_writers_take_turns_and_none_sees_half_of_another(database: SqliteDatabase) -> None:
    inside = 0

    async def add_slowly(name: str) -> None:
        nonlocal inside
        async with database.transaction() as connection:
            assert inside == 0
            inside += 1
            add(connection, f"{name} first")
            await asyncio.sleep(0)
            add(connection, f"{name} second")
            inside -= 1

    async with in_time() as both:
        for number in range(10):
            both.create_task(add_slowly(str(number)))
            both.create_task(database.write(add, f"{number} alone"))
    found = await database.read(names)
    assert len(found) == 30
    for number in range(10):
        assert found.index(f"{number} second") == found.index(f"{number} first") + 1


async def test_reading_does_not_wait_for_a_writer(database: SqliteDatabase) -> None:
    going_on = threading.Event()

    def add_slowly(connection: Connection) -> None:
        add(connection, "ada")
        assert going_on.wait(WAIT_S)

    async with in_time() as both:
        writing = both.create_task(database.write(add_slowly))
        await asyncio.sleep(0)
        assert await database.read(names) == []
        assert not writing.done()
        going_on.set()
    assert await database.read(names) == ["ada"]


async def test_the_reader_cannot_write(database: SqliteDatabase) -> None:
    with pytest.raises(DatabaseError, match="readonly"):
        await database.read(add, "linus")


async def test_every_connection_is_durable_and_keeps_foreign_keys(database: SqliteDatabase) -> None:
    def pragmas(connection: Connection) -> list[object]:
        wanted = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted]

    full = 2
    assert await database.read(pragmas) == ["wal", full, 1, 10_000]
    waits_for_nothing = 0  # in a transaction, whose beginning has waited
    assert await database.write(pragmas) == ["wal", full, 1, waits_for_nothing]
    async with database.transaction() as connection:
        assert pragmas(connection) == ["wal", full, 1, waits_for_nothing]


async def test_it_is_sound_while_its_file_takes_what_is_written(database: SqliteDatabase) -> None:
    assert await database.is_sound()


# Migrations


def versions_in(path: Path) -> tuple[int, list[str]]:
    with closing(sqlite3.connect(path)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        return version, names(connection)


async def test_migrations_are_applied_once_and_in_order(path: Path, migrations: Path) -> None:
    (migrations / "0010_last.sql").write_text("INSERT INTO people VALUES ('last');")
    (migrations / "0002_first.sql").write_text("INSERT INTO people VALUES ('first');")
    (migrations / "notes.sql").write_text("this is not SQL;")
    for _ in range(2):
        sqlite_file.make(path, migrations)
        assert versions_in(path) == (10, ["first", "last"])
    (migrations / "0011_new.sql").write_text("INSERT INTO people VALUES ('new');")
    sqlite_file.make(path, migrations)
    assert versions_in(path) == (11, ["first", "last", "new"])


async def test_a_migration_may_have_triggers_comments_and_no_last_semicolon(path: Path, migrations: Path) -> None:
    (migrations / "0002_trigger.sql").write_text(
        "-- whoever comes; brings a friend\n"
        "CREATE TRIGGER friends AFTER INSERT ON people WHEN new.name NOT LIKE '%;friend' BEGIN\n"
        "  INSERT INTO people VALUES (new.name || ';friend');\n"
        "  DELETE FROM people WHERE name = 'nobody';\n"
        "END;\n"
        "INSERT INTO people VALUES ('ada')"
    )
    sqlite_file.make(path, migrations)
    assert versions_in(path) == (2, ["ada", "ada;friend"])


async def test_a_migration_that_fails_changes_nothing(path: Path, migrations: Path) -> None:
    sqlite_file.make(path, migrations)
    (migrations / "0002_broken.sql").write_text("INSERT INTO people VALUES ('linus'); SELECT nonsense;")
    with pytest.raises(sqlite3.OperationalError):
        sqlite_file.make(path, migrations)
    assert versions_in(path) == (1, [])


OPENER = """
import sys
from pathlib import Path
from servicekit import sqlite_file

for line in sys.stdin:
    sqlite_file.make(Path(line.strip()), Path(sys.argv[1]))
    print("opened", flush=True)
"""


def test_processes_that_open_a_new_file_at_once_take_turns(tmp_path: Path, migrations: Path) -> None:
    (migrations / "0002_once.sql").write_text("INSERT INTO people VALUES ('once');")
    command = [sys.executable, "-c", OPENER, str(migrations)]
    with ExitStack() as processes:
        openers = [processes.enter_context(Popen(command, stdin=PIPE, stdout=PIPE, text=True)) for _ in range(3)]
        for number in range(30):
            path = tmp_path / f"{number}.db"
            for opener in openers:
                assert opener.stdin is not None
                opener.stdin.write(f"{path}\n")
                opener.stdin.flush()
            for opener in openers:
                assert opener.stdout is not None
                assert opener.stdout.readline() == "opened\n"
            assert versions_in(path) == (2, ["once"])
