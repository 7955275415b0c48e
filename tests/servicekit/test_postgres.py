"""PostgreSQL under a store: the same functions, and what becomes of them on bad days."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, closing
from pathlib import Path
from urllib.parse import urldefrag

import psycopg
import pytest

from servicekit.database import Connection, Database, DatabaseError, LongReads, hold, try_hold
from servicekit.engines import open_database
from servicekit.postgres_connection import PostgresConnection, translated
from servicekit.problems import NotStored, TookTooLong, TooManyAtOnce
from servicekit.startup_errors import CannotStart
from tests.pgbouncer import running_pgbouncer
from tests.postgres import KILLED, Postgres, running_postgres
from tests.stores import opened_store
from tests.waiting import eventually

LONG_READS = LongReads(at_once_max=2, time_s_max=0.2)


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    (folder / "postgresql").mkdir(parents=True)
    script = "CREATE TABLE notes (id BIGINT PRIMARY KEY, said TEXT UNIQUE); -- what people say; and do\n"
    (folder / "postgresql" / "0001_notes.sql").write_text(script)
    return folder


@pytest.fixture
def url(postgres: Postgres) -> str:
    return f"{postgres.new_database()}#notes"


@pytest.fixture
async def database(url: str, migrations: Path) -> AsyncIterator[Database]:
    async with open_database(url, migrations, long_reads=LONG_READS) as opened:
        yield opened


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """One that the test may kill."""
    with running_postgres(**KILLED) as server:
        yield server


def say(connection: Connection, number: int, text: str) -> None:
    connection.execute("INSERT INTO notes (id, said) VALUES (:id, :said)", {"id": number, "said": text})


def said(connection: Connection) -> list[str]:
    return [row["said"] for row in connection.execute("SELECT id, said FROM notes WHERE id > ? ORDER BY id", (0,))]


def sleep(connection: Connection, seconds: float) -> None:
    connection.execute("SELECT pg_sleep(?)", (seconds,))


async def test_what_is_written_is_read_by_place_and_by_name(database: Database) -> None:
    await database.write(say, 1, "a % and a ? and a :mark")
    assert await database.read(said) == ["a % and a ? and a :mark"]
    rows = await database.read(lambda connection: connection.execute("SELECT id, said FROM notes").fetchall())
    ((number, text),) = rows
    assert (number, rows[0][1], rows[0]["id"], list(rows[0].keys())) == (1, text, 1, ["id", "said"])


@pytest.mark.parametrize(
    "statement, meant",
    [
        ("SELECT ?, :name, ':no', 'it''s ?'", "SELECT %s, %(name)s, ':no', 'it''s ?'"),
        ("SELECT x::text LIKE '%a'", "SELECT x::text LIKE '%%a'"),
        ("SELECT 5 % 3", "SELECT 5 %% 3"),
    ],
)
def test_marks_are_translated_and_literals_are_not(statement: str, meant: str) -> None:
    assert translated(statement) == meant


async def test_a_write_that_raises_changes_nothing(database: Database) -> None:
    def say_twice(connection: Connection) -> None:
        say(connection, 1, "once")
        say(connection, 2, "once")

    with pytest.raises(DatabaseError, match="duplicate key"):
        await database.write(say_twice)
    assert await database.read(said) == []


async def test_writes_in_each_others_way_are_tried_again(database: Database) -> None:
    """Each locks one row and then the other's, which PostgreSQL ends for one of the two."""
    await database.write(say, 1, "one")
    await database.write(say, 2, "two")

    def both(connection: Connection, first: int, second: int) -> None:
        connection.execute("UPDATE notes SET said = said || '.' WHERE id = ?", (first,))
        sleep(connection, 0.1)
        connection.execute("UPDATE notes SET said = said || '.' WHERE id = ?", (second,))

    await asyncio.gather(database.write(both, 1, 2), database.write(both, 2, 1))
    assert await database.read(said) == ["one..", "two.."]


async def test_a_cancelled_write_runs_to_its_end(database: Database) -> None:
    def slowly(connection: Connection) -> None:
        sleep(connection, 0.1)
        say(connection, 1, "all the same")

    writing = asyncio.create_task(database.write(slowly))
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await eventually(lambda: all_is_said(database))


async def all_is_said(database: Database) -> bool:
    return await database.read(said) == ["all the same"]


async def test_a_long_read_has_an_end_and_a_person_has_few(database: Database) -> None:
    with pytest.raises(TookTooLong):
        await database.read_long("Ada", sleep, 5)
    reads = [asyncio.create_task(database.read_long("Ada", sleep, 0.1)) for _ in range(3)]
    outcomes = await asyncio.gather(*reads, return_exceptions=True)
    assert [type(one) for one in outcomes] == [type(None), type(None), TooManyAtOnce]


async def test_instances_that_start_at_once_make_one_store(url: str, migrations: Path) -> None:
    async with AsyncExitStack() as stack:
        opening = [stack.enter_async_context(open_database(url, migrations)) for _ in range(4)]
        opened = await asyncio.gather(*opening)
        assert len({one.id for one in opened}) == 1
        await opened[0].write(say, 1, "hello")
        assert await opened[3].read(said) == ["hello"]


async def test_a_schema_of_newer_code_is_left_alone(url: str, migrations: Path) -> None:
    newer = migrations / "postgresql" / "0002_more.sql"
    newer.write_text("CREATE TABLE more (id BIGINT)")
    async with open_database(url, migrations):
        pass
    newer.unlink()
    with pytest.raises(CannotStart, match="of version 2, and this code knows none above 1"):
        async with open_database(url, migrations):
            pass


async def test_a_server_that_dies_and_comes_back_costs_what_was_under_way(
    own_postgres: Postgres, migrations: Path
) -> None:
    async with open_database(f"{own_postgres.new_database()}#notes", migrations) as database:
        await database.write(say, 1, "before")
        under_way = asyncio.create_task(database.read(sleep, 30))
        await eventually(lambda: sleeps(own_postgres))
        own_postgres.kill()
        with pytest.raises(NotStored):
            await under_way
        for _ in range(3):
            with pytest.raises(NotStored):
                await database.write(say, 2, "meanwhile")
        with pytest.raises(NotStored):
            await database.is_sound()
        own_postgres.start()
        await database.write(say, 3, "after")
        assert await database.read(said) == ["before", "after"]


# As a full disk says it, of one table that has to grow; the proof finds room in another.
_FULL = """\
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN RAISE EXCEPTION ''could not extend file'' USING ERRCODE = ''disk_full''; END';
CREATE TRIGGER no_room BEFORE INSERT ON notes.notes EXECUTE FUNCTION no_room();
"""


async def test_a_server_that_has_just_refused_a_write_is_not_sound_whatever_the_proof_finds(
    url: str, migrations: Path
) -> None:
    async with open_database(url, migrations) as database:
        assert await database.is_sound()
        with psycopg.connect(url.partition("#")[0], autocommit=True) as session:
            session.execute(_FULL)
        with pytest.raises(NotStored, match="could not extend file"):
            await database.write(say, 1, "much")
        assert not await database.is_sound()
        await eventually(database.is_sound)


def sleeps(server: Postgres) -> bool:
    with psycopg.connect(server.url("postgres")) as session:
        query = "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()"
        return session.execute(query).fetchone() is not None


async def test_a_kept_connection_that_the_server_has_ended_is_replaced(
    own_postgres: Postgres, migrations: Path
) -> None:
    async with open_database(f"{own_postgres.new_database()}#notes", migrations) as database:
        await database.write(say, 1, "before")
        own_postgres.kill()
        own_postgres.start()
        assert await database.read(said) == ["before"]


async def test_where_no_server_is_a_start_may_go_in_a_while(migrations: Path, tmp_path: Path) -> None:
    with pytest.raises(NotStored, match="PostgreSQL does not answer"):
        async with open_database(f"postgresql://nobody@/none?host={tmp_path}#notes", migrations):
            pass


async def test_where_no_connection_is_left_it_is_refused_until_one_is(migrations: Path) -> None:
    with running_postgres(max_connections="5", superuser_reserved_connections="0") as server:
        url = server.new_database()
        async with open_database(f"{url}#notes", migrations) as database:
            with ExitStack() as others:
                with pytest.raises(psycopg.OperationalError, match="too many clients"):
                    while True:
                        others.enter_context(closing(psycopg.connect(url)))
                both = [database.read(sleep, 0.3) for _ in range(2)]  # of which one has the kept connection
                outcomes = await asyncio.gather(*both, return_exceptions=True)
                assert sorted(isinstance(one, NotStored) for one in outcomes) == [False, True]
            await eventually(lambda: is_written(database, 2))
        await eventually(lambda: session_count(url) == 1)  # that which looks: none is left behind


async def is_written(database: Database, number: int) -> bool:
    try:
        await database.write(say, number, f"note {number}")
    except NotStored:
        return False
    return True


def session_count(url: str) -> int:
    with psycopg.connect(url) as session:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        row = session.execute(query).fetchone()
        assert row is not None
        return int(row[0])


async def test_what_somebody_holds_for_long_is_refused_and_the_connection_goes_on(url: str, migrations: Path) -> None:
    async with open_database(url, migrations):
        with closing(PostgresConnection(*urldefrag(url), lock_s_max=0.1)) as waiting, opened_store(url) as holding:
            holding.execute("BEGIN")
            hold(holding, "the pen")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                hold(waiting, "the pen")
            assert not try_hold(waiting, "the pen")
            holding.execute("COMMIT")
            assert try_hold(waiting, "the pen")


async def test_a_commit_waits_for_the_disk_whatever_the_server_is_set_to(url: str, migrations: Path) -> None:
    async with open_database(url, migrations):
        for is_set, asked in (("off", "on"), ("local", "local"), ("on", "on"), ("remote_apply", "remote_apply")):
            with psycopg.connect(urldefrag(url)[0], autocommit=True) as session:
                session.execute(f"ALTER ROLE parley SET synchronous_commit = {is_set}".encode())
            with opened_store(url) as store:
                assert store.execute("SHOW synchronous_commit").fetchone() == (asked,)
        with psycopg.connect(urldefrag(url)[0], autocommit=True) as session:
            session.execute("ALTER ROLE parley RESET synchronous_commit")


async def test_behind_pgbouncer_that_dies_and_comes_back(own_postgres: Postgres, migrations: Path) -> None:
    url = own_postgres.new_database()
    async with running_pgbouncer(own_postgres) as bouncer:
        opening = [open_database(f"{bouncer.url(url)}#notes", migrations, long_reads=LONG_READS) for _ in range(2)]
        async with opening[0] as one, opening[1] as other:
            for number in range(1, 20):  # so often that statements are prepared
                await (one, other)[number % 2].write(say, number, f"note {number}")
            with pytest.raises(TookTooLong):
                await one.read_long("Ada", sleep, 5)
            bouncer.kill()
            with pytest.raises(NotStored):
                await one.write(say, 20, "meanwhile")
            await bouncer.start()
            await eventually(lambda: is_written(one, 21))
            own_postgres.kill()
            with pytest.raises(NotStored):
                await other.write(say, 22, "meanwhile")
            own_postgres.start()
            await eventually(lambda: is_written(other, 23))
            assert await one.read(said) == [f"note {number}" for number in (*range(1, 20), 21, 23)]
