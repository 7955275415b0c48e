"""The database: one SQLite file, with one thread and connection that writes, and several that read.

Quick reads and long ones have connections of their own, so that none of the first waits for one of the second
(docs/decisions/0026-reading-lanes.md). Plain `sqlite3` in our own threads, because a transaction is then one hop
however many statements it has (docs/decisions/0002-sqlite-in-one-hop.md).
"""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from time import monotonic
from typing import Concatenate, ParamSpec, TypeAlias, TypeVar

from servicekit import sqlite_file
from servicekit.lanes import FairLane
from servicekit.logs import get_logger
from servicekit.readers import USUAL_LONG_READS, LongReads, Readers, hop
from servicekit.sqlite_file import LOCK_WAIT_MS_MAX, is_damage, refusal_of
from servicekit.starting import make_private_folder

P = ParamSpec("P")
T = TypeVar("T")
Connection: TypeAlias = sqlite3.Connection
Row: TypeAlias = sqlite3.Row
DatabaseError = sqlite3.Error
Statement = Callable[Concatenate[Connection, P], T]

QUICK_READERS = 2
# They share the interpreter's lock with everything else: more of them would make none of them quicker.
LONG_READERS = 2
PROOF_INTERVAL_S = 5.0
_PROOF_BYTES = 16 * 1024
log = get_logger(__name__)


class Database:
    """Commits are durable when they return: WAL with `synchronous=FULL`, so each one waits for the disk."""

    def __init__(
        self,
        path: Path,
        migrations: Path,
        *,
        disk_free_bytes_min: int = 0,
        long_reads: LongReads = USUAL_LONG_READS,
    ) -> None:
        """Open `path` (made with its folder where missing) and bring its schema up to date.

        Raises CannotStart where that will never do, and DiskRefused where it may in a while.
        """
        make_private_folder(path.parent)  # what people wrote is nobody else's
        self._writer, readers, self.id = sqlite_file.opened(path, migrations, readers=QUICK_READERS + LONG_READERS)
        self._quick = Readers(readers[:QUICK_READERS], "sqlite-reader")
        self._long = Readers(readers[QUICK_READERS:], "sqlite-long-reader", time_s_max=long_reads.time_s_max)
        self._long_reads_at_once_max = long_reads.at_once_max
        self._lane = FairLane(LONG_READERS)
        self._folder = path.parent
        self._disk_free_bytes_min = disk_free_bytes_min
        self._is_damaged = False
        self._proving: asyncio.Task[None] | None = None
        self._proved_at_s = float("-inf")
        self._write_thread = ThreadPoolExecutor(1, "sqlite-writer")
        self._writing = asyncio.Lock()

    async def read(self, statement: Statement[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`statement(connection, …)` on a reading connection, in a thread: for what an index answers at once."""
        with self._telling_the_disk():
            return await self._quick.run(statement, *args, **kwargs)

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
            with self._telling_the_disk():
                return await hop(self._write_thread, transaction)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[sqlite3.Connection]:
        """One transaction whose statements run on the caller's thread; only waiting (lock, disk) is left to another.

        For many short statements against a warm cache: each would otherwise cost two changes of the interpreter's
        lock, and under load a change waits up to the switch interval. Rolled back if the body raises.
        """
        async with self._writing:
            with self._telling_the_disk():
                await self._begin()
                try:
                    yield self._writer
                except BaseException:
                    self._roll_back()
                    raise
                await hop(self._write_thread, self._commit)

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
            await hop(self._write_thread, self._begin_after_waiting)
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

    @contextmanager
    def _telling_the_disk(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if (refusal := refusal_of(error)) is None:
                raise
            self._is_damaged |= is_damage(error)
            log.warning("the disk refuses", folder=str(self._folder), reason=str(error))
            raise refusal from error

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
        """Free for us where the file is. Raises OSError."""
        return shutil.disk_usage(self._folder).free

    async def has_room(self) -> bool:
        """Whether no less is free than there has to be."""
        return self.disk_free_bytes >= self._disk_free_bytes_min

    # Which store each list comes from that this store's service copies

    async def known_store(self, name: str) -> str | None:
        """The id of the store that has given the list `name` so far."""
        return await self.read(_known_store, name)

    async def put_known_store(self, name: str, store: str) -> None:
        await self.write(_put_known_store, name, store)

    def close(self) -> None:
        """Wait for what runs, then close all connections."""
        self._quick.close()
        self._long.close()
        self._write_thread.shutdown()
        self._writer.close()


def _prove(connection: Connection) -> None:
    """Take room before the last proof's is given back: what is replaced in place would fit into a full file too."""
    connection.execute("INSERT INTO proofs (bytes) VALUES (randomblob(?))", (_PROOF_BYTES,))
    connection.execute("DELETE FROM proofs WHERE number < last_insert_rowid()")


def _known_store(connection: Connection, name: str) -> str | None:
    row = connection.execute("SELECT store FROM neighbours WHERE list = ?", (name,)).fetchone()
    return str(row[0]) if row else None


def _put_known_store(connection: Connection, name: str, store: str) -> None:
    connection.execute(
        "INSERT INTO neighbours (list, store) VALUES (?, ?) ON CONFLICT (list) DO UPDATE SET store = excluded.store",
        (name, store),
    )


def last_number(connection: Connection, table: str) -> int:
    """The highest number that this table with AUTOINCREMENT has given, also where its row is gone."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    return int(row[0]) if row else 0
