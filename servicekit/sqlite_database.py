"""SQLite as the database: one file, with one thread and connection that writes, and several that read.

Quick reads and long ones have connections of their own, so that none of the first waits for one of the second
(docs/decisions/0026-reading-lanes.md).
"""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from functools import partial
from pathlib import Path
from time import monotonic
from typing import ParamSpec, TypeVar

from servicekit import sqlite_file
from servicekit.database import USUAL_LONG_READS, Database, DatabaseError, LongReads
from servicekit.fair_limiter import FairLimiter
from servicekit.logs import get_logger
from servicekit.read_pool import ReadPool
from servicekit.sqlite_connection import SqliteConnection, Statement
from servicekit.sqlite_file import LOCK_WAIT_MS_MAX, DiskRefused, FileInPlace, is_damage, refusal_of
from servicekit.startup_errors import make_private_folder
from servicekit.throttling import LogThrottle

P = ParamSpec("P")
T = TypeVar("T")
QUICK_READERS = 2
# They share the interpreter's lock with everything else: more of them would make none of them quicker.
LONG_READERS = 2
PROOF_INTERVAL_S = 5.0
_PROOF_BYTES = 16 * 1024
log = get_logger(__name__)


@asynccontextmanager
async def open_sqlite(
    path: Path,
    migrations: Path,
    *,
    disk_free_bytes_min: int = 0,
    long_reads: LongReads = USUAL_LONG_READS,
    lock_wait_ms_max: int = LOCK_WAIT_MS_MAX,
) -> AsyncIterator["SqliteDatabase"]:
    """Open `path` (made with its folder where missing), with its schema brought up to date.

    A transaction waits for `lock_wait_ms_max` to begin where another process writes.
    Raises CannotStart where that will never do, and DiskRefused where it may in a while.
    """
    make_private_folder(path.parent)  # what people wrote is nobody else's
    async with AsyncExitStack() as connections:
        with sqlite_file.opening(path):
            writer = await connections.enter_async_context(SqliteConnection(partial(sqlite_file.connect, path)))
            migrated = await writer.run(sqlite_file.migrate, path, migrations)
            writer.here.execute("PRAGMA busy_timeout = 0")  # except in `_begin_after_waiting`
            connect_reader = partial(sqlite_file.connect_reader, path)
            readers = [
                await connections.enter_async_context(SqliteConnection(connect_reader))
                for _ in range(QUICK_READERS + LONG_READERS)
            ]
            here = connections.enter_context(closing(sqlite_file.connect_reader(path)))
        database = SqliteDatabase(
            writer=writer,
            readers=readers,
            here=here,
            store_id=migrated.store,
            path=path,
            disk_free_bytes_min=disk_free_bytes_min,
            long_reads=long_reads,
            lock_wait_ms_max=lock_wait_ms_max,
        )
        try:
            yield database
        finally:
            await database.close()


class SqliteDatabase(Database):
    """Commits are durable when they return: WAL with `synchronous=FULL`, so each one waits for the disk.

    Made by `open_sqlite`.
    """

    engine = "sqlite"

    def __init__(
        self,
        *,
        writer: SqliteConnection,
        readers: Sequence[SqliteConnection],
        here: sqlite3.Connection,
        store_id: str,
        path: Path,
        disk_free_bytes_min: int,
        long_reads: LongReads,
        lock_wait_ms_max: int,
    ) -> None:
        super().__init__(store_id)
        self._writer = writer
        self._here = here
        self._quick = ReadPool(readers[:QUICK_READERS])
        self._long = ReadPool(readers[QUICK_READERS:], time_s_max=long_reads.time_s_max)
        self._long_reads_at_once_max = long_reads.at_once_max
        self._lane = FairLimiter(LONG_READERS)
        self._folder = path.parent
        self._file = FileInPlace(path)
        self._disk_free_bytes_min = disk_free_bytes_min
        self._lock_wait_ms_max = lock_wait_ms_max
        self._is_damaged = False
        self._proving: asyncio.Task[None] | None = None
        self._proved_at_s = float("-inf")
        self._writing = asyncio.Lock()
        self._pace = LogThrottle()

    async def read(self, statement: Statement[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`statement(connection, …)` on a reading connection, in a thread: for what an index answers at once."""
        with self._telling_the_disk():
            return await self._quick.run(statement, *args, **kwargs)

    async def read_few(self, statement: Statement[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same on the caller's thread, as in `transaction`: a thread would change the interpreter's lock a row."""
        with self._telling_the_disk():
            return statement(self._here, *args, **kwargs)

    async def read_long(self, person: str, statement: Statement[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same for what may take long, in a fair order between those who ask.

        Raises TooManyAtOnce for who asks for too much at the same time, and TookTooLong.
        """
        async with self._lane.limited(person, self._long_reads_at_once_max):
            with self._telling_the_disk():
                return await self._long.run(statement, *args, **kwargs)

    async def read_in_turn(self, person: str, statement: Statement[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same, but who asks for much waits for it instead of being refused. Raises TookTooLong."""
        async with self._lane.in_turn(person):
            with self._telling_the_disk():
                return await self._long.run(statement, *args, **kwargs)

    async def write(self, statement: Statement[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`statement(connection, …)` as one transaction, in the writing thread; rolled back if it raises."""
        async with self._writing:
            with self._telling_the_disk():
                self._file.check()
                return await self._writer.run(
                    self._transaction, lambda connection: statement(connection, *args, **kwargs)
                )

    def _transaction(self, connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
        self._begin_after_waiting(connection)
        try:
            result = work(connection)
        except BaseException:
            _roll_back(connection)
            raise
        _commit(connection)
        return result

    async def write_many(self, statement: Statement[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        async with self.transaction() as connection:
            return statement(connection, *args, **kwargs)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[sqlite3.Connection]:
        """One transaction whose statements run on the caller's thread; only waiting (lock, disk) is left to another.

        For many short statements against a warm cache: each would otherwise cost two changes of the interpreter's
        lock, and under load a change waits up to the switch interval. Rolled back if the body raises.
        """
        async with self._writing:
            with self._telling_the_disk():
                self._file.check()
                await self._begin()
                try:
                    yield self._writer.here
                except BaseException:
                    _roll_back(self._writer.here)
                    raise
                await self._writer.run(_commit)

    async def _begin(self) -> None:
        connection = self._writer.here
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:  # another process writes: wait for it elsewhere
            await self._begin_elsewhere()

    async def _begin_elsewhere(self) -> None:
        try:
            await self._writer.run(self._begin_after_waiting)
        except BaseException:  # cancelled, say: the next transaction must find a connection without one
            _roll_back(self._writer.here)
            raise

    def _begin_after_waiting(self, connection: sqlite3.Connection) -> None:
        """In a thread: the loop waits for no lock."""
        connection.execute(f"PRAGMA busy_timeout = {self._lock_wait_ms_max}")
        try:
            connection.execute("BEGIN IMMEDIATE")
        finally:
            connection.execute("PRAGMA busy_timeout = 0")

    @contextmanager
    def _telling_the_disk(self) -> Iterator[None]:
        try:
            yield
        except DiskRefused as refusal:
            self._tell(refusal)
            raise
        except sqlite3.Error as error:
            if (refused := refusal_of(error)) is None:
                raise DatabaseError(str(error)) from error
            self._is_damaged |= is_damage(error)
            self._tell(error)
            raise refused from error

    def _tell(self, error: Exception) -> None:
        if (left_out := self._pace.left_out(str(error), monotonic())) is not None:
            log.warning("the disk refuses", folder=str(self._folder), reason=str(error), left_out=left_out)

    async def is_sound(self) -> bool:
        """Whether the file takes a durable write, proved at most PROOF_INTERVAL_S ago, and was never seen damaged.

        Raises DiskRefused.
        """
        if self._proving is None or (self._proving.done() and monotonic() - self._proved_at_s >= PROOF_INTERVAL_S):
            self._proving = asyncio.create_task(self._prove())
        await asyncio.shield(self._proving)
        return not self._is_damaged

    async def _prove(self) -> None:
        try:
            await self.write(_prove)
        finally:
            self._proved_at_s = monotonic()

    @property
    def disk_free_bytes(self) -> int:
        """Free for us where the file is: nothing where its folder is gone."""
        return self._room()[1]

    @property
    def disk_total_bytes(self) -> int:
        return self._room()[0]

    def _room(self) -> tuple[int, int]:
        """All of the disk, and what is free."""
        try:
            usage = shutil.disk_usage(self._folder)
        except FileNotFoundError:
            return 0, 0
        return usage.total, usage.free

    async def has_room(self) -> bool:
        """Whether no less is free than there has to be."""
        return self.disk_free_bytes >= self._disk_free_bytes_min

    async def close(self) -> None:
        """Wait for what is being written."""
        if self._proving is not None:
            await asyncio.wait([self._proving])
        async with self._writing:
            pass


def _commit(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("COMMIT")
    except sqlite3.Error:  # disk full, say: the next transaction must find a connection without one
        _roll_back(connection)
        raise


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _prove(connection: sqlite3.Connection) -> None:
    """Take room before the last proof's is given back: what is replaced in place would fit into a full file too."""
    connection.execute("INSERT INTO proofs (bytes) VALUES (randomblob(?))", (_PROOF_BYTES,))
    connection.execute("DELETE FROM proofs WHERE number < last_insert_rowid()")
