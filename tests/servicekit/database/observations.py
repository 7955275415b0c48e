"""What is in a database, what is on disk, and what happens to it meanwhile."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

from servicekit.database import Connection

WAIT_S = 5.0


class Fault(Exception):
    """Something goes wrong in the middle of a transaction."""


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
