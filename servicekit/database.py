"""The database: one SQLite file, with one thread and connection that writes, and one that reads.

Plain `sqlite3` in our own threads, because a transaction is then one hop however many statements it has
(docs/decisions/0002-sqlite-in-one-hop.md).
"""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Concatenate, ParamSpec, TypeAlias, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
Connection: TypeAlias = sqlite3.Connection
Row: TypeAlias = sqlite3.Row
DatabaseError = sqlite3.Error
Statement = Callable[Concatenate[Connection, P], T]

LOCK_WAIT_MS_MAX = 10_000
_OUR_MISTAKES = frozenset(
    {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_RANGE}
)


def is_refused_by_disk(error: DatabaseError) -> bool:
    """Whether it is full, broken, or locked for too long, and not our own mistake: nothing has changed then."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE) & 0xFF not in _OUR_MISTAKES


class Database:
    """Commits are durable when they return: WAL with `synchronous=FULL`, so each one waits for the disk."""

    def __init__(self, path: Path, migrations: Path) -> None:
        """Open `path` (made with its folder where missing) and bring its schema up to date."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # what people wrote is nobody else's
        self._writer = _connect(path)
        _migrate(self._writer, migrations)
        self._reader = _connect(path)
        self._reader.execute("PRAGMA query_only = ON")
        self._write_thread = ThreadPoolExecutor(1, "sqlite-writer")
        self._read_thread = ThreadPoolExecutor(1, "sqlite-reader")
        self._writing = asyncio.Lock()

    async def read(self, statement: Statement[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`statement(connection, …)` on the reading connection, in its thread."""
        return await _hop(self._read_thread, lambda: statement(self._reader, *args, **kwargs))

    async def write(self, statement: Statement[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`statement(connection, …)` as one transaction, in the writing thread; rolled back if it raises."""

        def transaction() -> T:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                result = statement(self._writer, *args, **kwargs)
            except BaseException:
                self._roll_back()
                raise
            self._commit()
            return result

        async with self._writing:
            return await _hop(self._write_thread, transaction)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[sqlite3.Connection]:
        """One transaction whose statements run on the caller's thread; only waiting (lock, disk) is left to another.

        For many short statements against a warm cache: each would otherwise cost two changes of the interpreter's
        lock, and under load a change waits up to the switch interval. Rolled back if the body raises.
        """
        async with self._writing:
            await self._begin()
            try:
                yield self._writer
            except BaseException:
                self._roll_back()
                raise
            await _hop(self._write_thread, self._commit)

    async def _begin(self) -> None:
        try:
            self._writer.execute("PRAGMA busy_timeout = 0")
            self._writer.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:  # another process writes: wait for it elsewhere
            await self._begin_elsewhere()
        finally:
            self._writer.execute(f"PRAGMA busy_timeout = {LOCK_WAIT_MS_MAX}")

    async def _begin_elsewhere(self) -> None:
        try:
            await _hop(self._write_thread, self._begin_after_waiting)
        except BaseException:  # cancelled, say: the next transaction must find a connection without one
            self._roll_back()
            raise

    def _begin_after_waiting(self) -> None:
        self._writer.execute(f"PRAGMA busy_timeout = {LOCK_WAIT_MS_MAX}")
        self._writer.execute("BEGIN IMMEDIATE")

    def _commit(self) -> None:
        try:
            self._writer.execute("COMMIT")
        except sqlite3.Error:  # disk full, say: the next transaction must find a connection without one
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK")

    async def is_alive(self) -> bool:
        """Whether the file answers."""
        return await self.read(lambda connection: connection.execute("SELECT 1").fetchone() is not None)

    def close(self) -> None:
        """Wait for what runs, then close both connections."""
        for thread, connection in ((self._read_thread, self._reader), (self._write_thread, self._writer)):
            thread.shutdown()
            connection.close()


async def _hop(thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    """Run `work` in `thread` to its end, even when the caller is cancelled: half a transaction is none of ours."""
    running = asyncio.get_running_loop().run_in_executor(thread, work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            with suppress(asyncio.CancelledError):  # the one that came first is raised in the end
                await asyncio.wait([running])
        raise


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path,
        timeout=LOCK_WAIT_MS_MAX / 1000,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    connection.row_factory = sqlite3.Row
    _switch_to_wal(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """SQLite's own waiting does not cover this switch: another process that opens a new file at once is in its way."""
    deadline_s = monotonic() + LOCK_WAIT_MS_MAX / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if monotonic() > deadline_s:
                raise
            sleep(0.005)


def _migrate(connection: sqlite3.Connection, migrations: Path) -> None:
    """Apply the scripts `NNNN_*.sql` whose number is above the file's `user_version`, each in a transaction."""
    connection.execute("BEGIN EXCLUSIVE")  # instances that start together take turns
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for script in sorted(migrations.glob("[0-9][0-9][0-9][0-9]_*.sql")):
        number = int(script.name[:4])
        if number <= version:
            continue
        for statement in _statements(script.read_text(encoding="utf-8")):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")
    connection.execute("COMMIT")


def _statements(script: str) -> list[str]:
    """The statements of a script; complete by SQLite's own judgement, so that triggers stay whole."""
    statements, pending = [], ""
    for part in re.split(r"(?<=;)", script):
        pending += part
        if sqlite3.complete_statement(pending):
            statements.append(pending.strip())
            pending = ""
    return [*statements, pending] if pending.strip() else statements  # the last one may lack its semicolon
