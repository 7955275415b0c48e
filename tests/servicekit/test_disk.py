"""The disk refuses: the store says so, readiness too, and whoever asked gets 503 instead of a fault."""

import errno
import os
import shutil
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from servicekit import sqlite_database as databases
from servicekit.database import Connection, DatabaseError
from servicekit.problems import exception_handlers
from servicekit.sqlite_database import SqliteDatabase, open_sqlite
from servicekit.sqlite_file import DiskRefused, StoreDamaged
from servicekit.startup_errors import CannotStart
from tests.asgi import client_of
from tests.waiting import eventually

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_notes.sql").write_text("CREATE TABLE notes (words TEXT NOT NULL);")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
async def database(folder: Path, migrations: Path) -> AsyncIterator[SqliteDatabase]:
    async with open_sqlite(folder / "notes.db", migrations, disk_free_bytes_min=1) as opened:
        yield opened


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    folder.mkdir(mode=0o700)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def write(connection: Connection, words: str = "x" * 100_000) -> None:
    connection.execute("INSERT INTO notes VALUES (?)", (words,))


def fill(connection: Connection) -> None:
    """Let the file hold what it holds and no more."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")


async def is_sound(database: SqliteDatabase) -> bool:
    try:
        return await database.is_sound()
    except DiskRefused:
        return False


async def proved_anew(database: SqliteDatabase) -> bool:
    """As after the interval."""
    database._proved_at_s = float("-inf")  # noqa: SLF001 - seconds pass
    return await is_sound(database)


async def test_a_full_file_is_not_sound_and_is_again_when_there_is_room(database: SqliteDatabase) -> None:
    assert await is_sound(database)
    await database.write(lambda connection: write(connection, "small"))
    # Free pages are room too: there are none left.
    database._writer.here.execute("VACUUM")  # noqa: SLF001 - outside of any transaction
    database._writer.here.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # noqa: SLF001
    fill(database._writer.here)  # noqa: SLF001 - the limit is of the connection that writes
    assert not await proved_anew(database)
    with pytest.raises(DiskRefused, match="full"):
        await database.write(write)
    database._writer.here.execute("PRAGMA max_page_count = 100000")  # noqa: SLF001
    assert await proved_anew(database)
    await database.write(write)


async def test_a_write_is_proved_once_in_a_while_however_often_one_asks(database: SqliteDatabase) -> None:
    def proofs(connection: Connection) -> int:
        return int(connection.execute("SELECT max(number) FROM proofs").fetchone()[0])

    for _ in range(50):
        assert await database.is_sound()
    first = await database.read(proofs)
    assert await proved_anew(database)
    assert await database.read(proofs) == first + 1
    assert databases.PROOF_INTERVAL_S >= 2


@as_root
async def test_a_full_disk_is_not_sound_and_refuses(small_disk: Path, migrations: Path) -> None:
    async with open_sqlite(small_disk / "notes.db", migrations) as database:
        assert await is_sound(database)
        with (small_disk / "ballast").open("wb", buffering=0) as ballast, pytest.raises(OSError, match="No space"):
            while True:
                ballast.write(b"x" * 4096)
        with pytest.raises(DiskRefused):
            await database.write(write)
        while await proved_anew(database):  # until what the file has in reserve is used up
            with pytest.raises(DiskRefused):
                await database.write(write)
        assert not await database.read(lambda connection: connection.execute("SELECT 1 FROM notes").fetchone())
        (small_disk / "ballast").unlink()
        assert await proved_anew(database)


async def test_a_disk_that_can_only_be_read_is_not_sound(database: SqliteDatabase) -> None:
    assert await is_sound(database)
    database._writer.here.execute("PRAGMA query_only = ON")  # noqa: SLF001 - SQLite then refuses as for such a disk
    assert not await proved_anew(database)
    with pytest.raises(DiskRefused, match="readonly"):
        await database.write(write)


@pytest.mark.parametrize("beyond, good", [(-1, True), (0, True), (2**40, False)])
async def test_free_space_has_a_minimum(folder: Path, migrations: Path, beyond: int, good: bool) -> None:
    folder.mkdir(mode=0o700)
    minimum = shutil.disk_usage(folder).free // 2 + beyond
    async with open_sqlite(folder / "notes.db", migrations, disk_free_bytes_min=minimum) as database:
        assert await database.has_room() is good
        assert database.disk_free_bytes > 0


async def test_a_file_that_was_seen_damaged_is_not_sound(database: SqliteDatabase, folder: Path) -> None:
    await database.write(write)
    database._writer.here.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # noqa: SLF001
    size_bytes = (folder / "notes.db").stat().st_size
    with (folder / "notes.db").open("r+b") as file:
        file.seek(4096)  # behind the page that the file begins with
        file.write(b"\xff" * (size_bytes - 4096))
    await database.read(lambda connection: connection.execute("PRAGMA shrink_memory"))  # what is in memory is whole
    with pytest.raises(StoreDamaged) as raised:
        await database.read(lambda connection: connection.execute("SELECT length(words) FROM notes").fetchall())
    assert isinstance(raised.value, CannotStart)  # a service that ends for it is not to be started again
    assert not await proved_anew(database)


async def test_into_a_file_that_is_not_there_any_more_nothing_goes(database: SqliteDatabase, folder: Path) -> None:
    """It would be acknowledged, and gone with the process."""
    aside = folder.rename(folder.with_name("aside"))
    for write_one in (database.write, database.write_many):
        with pytest.raises(DiskRefused, match="moved or removed"):
            await write_one(write)
    assert not await proved_anew(database)
    assert not await database.has_room()
    assert (database.disk_free_bytes, database.disk_total_bytes) == (0, 0)
    folder.mkdir()
    shutil.copy(aside / "notes.db", folder)  # a backup is restored
    assert await database.has_room()
    with pytest.raises(DiskRefused, match="start again"):
        await database.write(write)
    shutil.rmtree(folder)
    aside.rename(folder)
    assert await proved_anew(database)
    await database.write(write)


# What a request gets


@pytest.fixture
def raising() -> list[Exception]:
    return []


@pytest.fixture
async def http(raising: list[Exception]) -> AsyncIterator[httpx.AsyncClient]:
    async def fail(_: Request[Any]) -> Response:
        raise raising[0]

    async with client_of(Starlette(routes=[Route("/", fail)], exception_handlers=exception_handlers({}))) as client:
        yield client


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), OSError(errno.EROFS, "Read-only"), DiskRefused("It is full.")],
)
async def test_what_the_disk_refuses_is_503_and_worth_another_try(
    http: httpx.AsyncClient, raising: list[Exception], error: Exception
) -> None:
    raising.append(error)
    answer = await http.get("/")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "not_stored", "1")


@pytest.mark.parametrize("error", [OSError(errno.EBADF, "Bad file"), sqlite3.OperationalError("no such table: x")])
async def test_what_is_our_mistake_stays_one(
    http: httpx.AsyncClient, raising: list[Exception], error: Exception
) -> None:
    raising.append(error)
    answer = await http.get("/")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")


async def test_a_mistake_in_sql_is_not_the_disk_s(database: SqliteDatabase) -> None:
    with pytest.raises(DatabaseError) as raised:
        await database.read(lambda connection: connection.execute("SELECT * FROM nowhere"))
    assert not isinstance(raised.value, DiskRefused)


async def test_a_file_that_another_holds_is_waited_for_and_then_refused(folder: Path, migrations: Path) -> None:
    async with open_sqlite(folder / "notes.db", migrations, lock_wait_ms_max=1) as database:
        with closing(sqlite3.connect(folder / "notes.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(DiskRefused, match="locked"):
                await database.write(write)
            with pytest.raises(DiskRefused, match="locked"):
                await database.write_many(write)
        await eventually(lambda: is_sound(database))
