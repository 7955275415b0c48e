"""Transactions that wait or are cancelled: the loop goes on, and none is half done; long reads are in nobody's way."""

import asyncio
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from servicekit.database import Connection, DatabaseError, LongReads
from servicekit.problems import TookTooLong, TooManyAtOnce
from servicekit.sqlite_connection import SqliteConnection
from servicekit.sqlite_database import LONG_READERS, QUICK_READERS, SqliteDatabase, open_sqlite
from tests.servicekit.database.observations import (
    WAIT_S,
    add,
    in_time,
    names,
    on_disk,
    ticks,
    write_lock,
)

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


async def test_who_is_cancelled_in_each_turn_of_the_loop_asks_no_more_of_the_thread_with_each() -> None:
    """As anyio cancels what a request had begun: it would never come to its end."""
    begun, going_on = threading.Event(), threading.Event()

    def wait(_: Connection) -> None:
        begun.set()
        assert going_on.wait(WAIT_S)

    async with SqliteConnection(lambda: sqlite3.connect(":memory:", check_same_thread=False)) as connection:
        running = asyncio.create_task(connection.run(wait))
        await asyncio.to_thread(begun.wait, WAIT_S)
        for _ in range(100):
            running.cancel()
            await asyncio.sleep(0)
        assert connection._tx.qsize() == 1  # noqa: SLF001 - what waits for the thread
        going_on.set()
        await asyncio.wait([running])
    assert running.cancelled()


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


async def test_a_few_rows_are_read_while_every_thread_is_busy_and_a_write_is_open(database: SqliteDatabase) -> None:
    await database.write(add, "ada")
    held = [Held() for _ in range(QUICK_READERS + LONG_READERS)]
    async with in_time() as tasks:
        for number, one in enumerate(held):
            read = database.read(one) if number < QUICK_READERS else database.read_long(f"person {number}", one)
            tasks.create_task(read)
            await begun(one)
        async with database.transaction() as connection:
            add(connection, "grace")
            assert await database.read_few(names) == ["ada"]
        assert await database.read_few(names) == ["ada", "grace"]
        for one in held:
            one.let_go()


async def test_reading_a_few_rows_cannot_write_and_faults_stay_what_they_were(database: SqliteDatabase) -> None:
    with pytest.raises(DatabaseError, match="readonly"):
        await database.read_few(add, "ada")
    with pytest.raises(DatabaseError, match="no such table"):
        await database.read_few(lambda connection: connection.execute("SELECT * FROM nowhere"))
    assert await database.read_few(names) == []


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
