"""The database on real files: a transaction is whole or not at all, and on disk when it returns."""

import asyncio
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from servicekit import sqlite_file
from servicekit.database import Connection, DatabaseError, LongReads
from servicekit.problems import TookTooLong, TooManyAtOnce
from servicekit.sqlite_database import LONG_READERS, SqliteDatabase, open_sqlite

WAIT_S = 5.0
SCHEMA = """
CREATE TABLE people (name TEXT PRIMARY KEY) STRICT;
CREATE TABLE notes (
    author TEXT NOT NULL REFERENCES people (name) DEFERRABLE INITIALLY DEFERRED,
    words TEXT NOT NULL
) STRICT;
"""


class Fault(Exception):
    """Something goes wrong in the middle of a transaction."""


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_start.sql").write_text(SCHEMA)
    return folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "people.db"


@pytest.fixture
async def database(path: Path, migrations: Path) -> AsyncIterator[SqliteDatabase]:
    async with open_sqlite(path, migrations) as opened:
        yield opened


def add(connection: Connection, name: str) -> None:
    connection.execute("INSERT INTO people (name) VALUES (?)", (name,))


def names(connection: Connection) -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM people ORDER BY rowid")]


def on_disk(path: Path) -> list[str]:
    """What someone else sees."""
    with closing(sqlite3.connect(path)) as connection:
        return names(connection)


@contextmanager
def write_lock(path: Path) -> Iterator[sqlite3.Connection]:
    """Someone else is writing, until the end of the body or their own ROLLBACK."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


@asynccontextmanager
async def in_time() -> AsyncIterator[asyncio.TaskGroup]:
    async with asyncio.timeout(WAIT_S), asyncio.TaskGroup() as tasks:
        yield tasks


async def ticks(count: int = 5) -> None:
    """Some turns of the loop, each in a moment: it is not blocked, and what could have gone on has had the time."""
    loop = asyncio.get_running_loop()
    for _ in range(count):
        started_s = loop.time()
        await asyncio.sleep(0.002)
        assert loop.time() - started_s < 1


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
    assert await database.write(pragmas) == ["wal", full, 1, 10_000]
    async with database.transaction() as connection:
        assert pragmas(connection) == ["wal", full, 1, 10_000]


async def test_it_is_sound_while_its_file_takes_what_is_written(database: SqliteDatabase) -> None:
    assert await database.is_sound()


# Someone else writes


async def test_a_transaction_waits_for_another_process_without_blocking_the_loop(
    database: SqliteDatabase, path: Path
) -> None:
    async def add_in_transaction() -> None:
        async with database.transaction() as connection:
            add(connection, "ada")

    with write_lock(path) as someone_else:
        async with in_time() as both:
            transaction = both.create_task(add_in_transaction())
            write = both.create_task(database.write(add, "grace"))
            await ticks()
            assert await database.read(names) == []
            assert not transaction.done()
            assert not write.done()
            someone_else.execute("ROLLBACK")
    assert on_disk(path) == ["ada", "grace"]


async def test_who_is_cancelled_while_waiting_leaves_nothing_open(database: SqliteDatabase, path: Path) -> None:
    async def add_in_transaction() -> None:
        async with database.transaction() as connection:
            add(connection, "linus")

    with write_lock(path) as someone_else:
        async with in_time() as tasks:
            waiting = tasks.create_task(add_in_transaction())
            await ticks()
            for _ in range(3):  # an impatient caller
                waiting.cancel()
                await asyncio.sleep(0)
            assert not waiting.done()
            next_one = tasks.create_task(database.write(add, "ada"))
            await ticks()
            someone_else.execute("ROLLBACK")
            await asyncio.wait([waiting, next_one])
    assert waiting.cancelled()
    async with database.transaction() as connection:
        add(connection, "grace")
    assert on_disk(path) == ["ada", "grace"]


# Cancelled


async def test_a_cancelled_write_that_has_begun_is_whole(database: SqliteDatabase, path: Path) -> None:
    begun, going_on = threading.Event(), threading.Event()

    def add_both(connection: Connection) -> None:
        add(connection, "ada")
        begun.set()
        assert going_on.wait(WAIT_S)
        add(connection, "grace")

    async with in_time() as tasks:
        writing = tasks.create_task(database.write(add_both))
        await asyncio.to_thread(begun.wait, WAIT_S)
        writing.cancel()
        await ticks()
        assert not writing.done()
        going_on.set()
        await asyncio.wait([writing])
    assert writing.cancelled()
    assert on_disk(path) == ["ada", "grace"]


async def test_a_cancelled_write_that_waits_for_its_turn_never_begins(database: SqliteDatabase, path: Path) -> None:
    async with database.transaction() as connection:
        waiting = asyncio.create_task(database.write(add, "linus"))
        await asyncio.sleep(0)
        waiting.cancel()
        add(connection, "ada")
    with suppress(asyncio.CancelledError):
        await waiting
    assert waiting.cancelled()
    assert on_disk(path) == ["ada"]


async def test_a_transaction_cancelled_in_its_body_leaves_nothing(database: SqliteDatabase, path: Path) -> None:
    inside = asyncio.Event()

    async def add_and_stay() -> None:
        async with database.transaction() as connection:
            add(connection, "linus")
            inside.set()
            await asyncio.Event().wait()

    async with in_time() as tasks:
        staying = tasks.create_task(add_and_stay())
        await inside.wait()
        staying.cancel()
    await database.write(add, "ada")
    assert on_disk(path) == ["ada"]


async def test_a_transaction_cancelled_at_any_moment_is_whole_or_not_at_all(
    database: SqliteDatabase, path: Path
) -> None:
    async def add_both(number: int) -> None:
        async with database.transaction() as connection:
            add(connection, f"{number} first")
            await asyncio.sleep(0)
            add(connection, f"{number} second")

    for number in range(40):
        task = asyncio.create_task(add_both(number))
        for _ in range(number % 8):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    found = on_disk(path)
    first = [name.removesuffix(" first") for name in found if name.endswith("first")]
    second = [name.removesuffix(" second") for name in found if name.endswith("second")]
    assert first == second


async def test_closing_waits_for_what_runs(path: Path, migrations: Path) -> None:
    begun = threading.Event()

    def add_slowly(connection: Connection) -> None:
        begun.set()
        add(connection, "ada")

    async with open_sqlite(path, migrations) as database:
        writing = asyncio.create_task(database.write(add_slowly))
        await asyncio.to_thread(begun.wait, WAIT_S)
    await writing
    assert on_disk(path) == ["ada"]
    with pytest.raises(ValueError, match="no active connection"):
        await database.write(add, "linus")


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


# Reads that take long

ENDLESS = "WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted) SELECT max(n) FROM counted"


def for_ever(connection: Connection) -> None:
    connection.execute(ENDLESS).fetchone()


class Held:
    """A statement that goes on until it is let go, and knows when it has begun."""

    def __init__(self) -> None:
        self.has_begun = threading.Event()
        self._may_end = threading.Event()

    def let_go(self) -> None:
        self._may_end.set()

    def __call__(self, connection: Connection) -> int:
        self.has_begun.set()
        assert self._may_end.wait(WAIT_S)
        (one,) = connection.execute("SELECT 1").fetchone()
        return int(one)


async def begun(held: Held) -> None:
    await asyncio.to_thread(held.has_begun.wait, WAIT_S)


async def test_a_quick_read_waits_for_none_that_take_long(database: SqliteDatabase) -> None:
    held = [Held() for _ in range(LONG_READERS)]
    async with in_time() as tasks:
        for number, one in enumerate(held):
            tasks.create_task(database.read_long(f"person {number}", one))
            await begun(one)
        waiting = tasks.create_task(database.read_long("Grace", names))
        assert await database.read(names) == []
        assert not waiting.done()
        for one in held:
            one.let_go()


async def test_two_quick_reads_go_on_at_once(database: SqliteDatabase) -> None:
    held = Held()
    async with in_time() as tasks:
        tasks.create_task(database.read(held))
        await begun(held)
        assert await database.read(names) == []
        held.let_go()


async def test_a_read_over_the_time_limit_is_stopped_and_its_connection_serves_the_next(
    path: Path, migrations: Path
) -> None:
    async with open_sqlite(path, migrations, long_reads=LongReads(time_s_max=0.05)) as database, in_time():
        for _ in range(LONG_READERS + 1):
            with pytest.raises(TookTooLong):
                await database.read_long("Ada", for_ever)
        for _ in range(LONG_READERS + 1):
            assert await database.read_long("Ada", names) == []
        with pytest.raises(TookTooLong):
            await database.read_in_turn("Ada", for_ever)


async def test_another_fault_of_a_long_read_stays_what_it_was(database: SqliteDatabase) -> None:
    with pytest.raises(DatabaseError, match="no such table"):
        await database.read_long("Ada", lambda connection: connection.execute("SELECT * FROM nowhere"))


async def test_a_person_has_so_many_long_reads_at_once_and_no_more(path: Path, migrations: Path) -> None:
    held = Held()
    async with open_sqlite(path, migrations, long_reads=LongReads(at_once_max=2)) as database, in_time() as tasks:
        tasks.create_task(database.read_long("Ada", held))
        await begun(held)
        second = tasks.create_task(database.read_long("Ada", names))
        await ticks(1)
        with pytest.raises(TooManyAtOnce):
            await database.read_long("Ada", names)
        patient = tasks.create_task(database.read_in_turn("Ada", names))
        assert await database.read_long("Grace", names) == []  # of whom nothing is under way
        held.let_go()
        assert (await second, await patient) == ([], [])
        assert await database.read_long("Ada", names) == []


async def test_a_long_read_cannot_write(database: SqliteDatabase) -> None:
    with pytest.raises(DatabaseError, match="readonly"):
        await database.read_long("Ada", add, "ada")
