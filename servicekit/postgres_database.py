"""PostgreSQL as the database: a schema of one service, and connections that are used by one function at a time.

A function is one hop to a thread. The statements of a write are one transaction, which is tried again where another one
was in its way (40001, 40P01). A connection that is lost is replaced when the next is needed; what it was doing is told
as not stored, for nobody knows whether it was.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from time import monotonic
from typing import NoReturn, ParamSpec, TypeVar
from urllib.parse import urldefrag

import psycopg
from psycopg import errors

from servicekit.database import Database, DatabaseError, LongReads, Outdated, Statement
from servicekit.fair_limiter import FairLimiter
from servicekit.logs import get_logger
from servicekit.migrations import Migrated
from servicekit.postgres_connection import PostgresConnection
from servicekit.postgres_schema import migrate
from servicekit.problems import NotStored, TookTooLong
from servicekit.startup_errors import CannotStart
from servicekit.throttling import LogThrottle

P = ParamSpec("P")
T = TypeVar("T")

QUICK_CONNECTIONS = 6
LONG_CONNECTIONS = 2
TRIES = 5
PROOF_INTERVAL_S = 5.0
_IN_THE_WAY = (errors.SerializationFailure, errors.DeadlockDetected, Outdated)
_OF_THE_DISK = (errors.ReadOnlySqlTransaction, errors.DiskFull, errors.IoError, errors.OutOfMemory)
log = get_logger(__name__)
_pace = LogThrottle()


class ServerAway(NotStored, DatabaseError):
    """Nobody answers, or in the middle no longer."""


class WritesRefused(NotStored, DatabaseError):
    """The server said no."""


class TakesNoWrites(WritesRefused):
    """Its disk is full, or it is a standby."""


@asynccontextmanager
async def open_postgres(url: str, migrations: Path, *, long_reads: LongReads) -> AsyncIterator["PostgresDatabase"]:
    """Open the schema that the URL's fragment names. Raises CannotStart, and ServerAway where it may go in a while."""
    address, schema = urldefrag(url)
    connect = partial(PostgresConnection, address, schema)
    with ThreadPoolExecutor(QUICK_CONNECTIONS + LONG_CONNECTIONS, "postgres") as threads:
        migrated = await _run(threads, partial(make, url, migrations))
        database = PostgresDatabase(migrated.store, threads, connect, long_reads)
        try:
            if await database.read(_waits_for_no_disk):
                log.warning("the database does not wait for its disk", setting="fsync")
            yield database
        finally:
            await database.close()


def make(url: str, migrations: Path) -> Migrated:
    """Bring the schema up to date, or into being. Raises as `open_postgres` does."""
    address, schema = urldefrag(url)
    try:
        return migrate(address, schema, migrations)
    except _OF_THE_DISK as error:
        raise WritesRefused(f"Nothing was stored: {_in_one_line(error)}.") from None
    except psycopg.OperationalError as error:
        raise ServerAway(f"PostgreSQL does not answer: {_in_one_line(error)}") from None
    except errors.InsufficientPrivilege as error:
        raise CannotStart(f"the schema {schema} cannot be made or changed: {_in_one_line(error)}") from None


class PostgresDatabase(Database):
    """Made by `open_postgres`."""

    engine = "postgresql"

    def __init__(
        self,
        store_id: str,
        threads: ThreadPoolExecutor,
        connect: Callable[..., PostgresConnection],
        long_reads: LongReads,
    ) -> None:
        super().__init__(store_id)
        self._threads = threads
        self._quick = _Pool(threads, connect, QUICK_CONNECTIONS)
        self._long = _Pool(threads, partial(connect, statement_s_max=long_reads.time_s_max), LONG_CONNECTIONS)
        self._long_reads = long_reads
        self._lane = FairLimiter(LONG_CONNECTIONS)
        self._proving: asyncio.Task[None] | None = None
        self._proved_at_s = float("-inf")
        self._refused_at_s = float("-inf")

    async def read(self, statement: Statement[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._quick.run(lambda connection: statement(connection, *args, **kwargs))

    async def read_few(self, statement: Statement[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.read(statement, *args, **kwargs)

    async def read_long(self, person: str, statement: Statement[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        async with self._lane.limited(person, self._long_reads.at_once_max):
            return await self._read_long(lambda connection: statement(connection, *args, **kwargs))

    async def read_in_turn(self, person: str, statement: Statement[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        async with self._lane.in_turn(person):
            return await self._read_long(lambda connection: statement(connection, *args, **kwargs))

    async def _read_long(self, work: Callable[[PostgresConnection], T]) -> T:
        try:
            return await self._long.run(work)
        except errors.QueryCanceled:
            raise TookTooLong(self._long_reads.time_s_max) from None

    async def write(self, statement: Statement[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await self._quick.run(
                lambda connection: _transaction(connection, lambda: statement(connection, *args, **kwargs))
            )
        except TakesNoWrites:
            self._refused_at_s = monotonic()
            raise

    async def write_many(self, statement: Statement[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.write(statement, *args, **kwargs)

    async def is_sound(self) -> bool:
        """The proof alone would not do: on a full disk it may find room where what people write finds none."""
        if monotonic() - self._refused_at_s < PROOF_INTERVAL_S:
            return False
        if self._proving is None or (self._proving.done() and monotonic() - self._proved_at_s >= PROOF_INTERVAL_S):
            self._proving = asyncio.create_task(self._prove())
        await asyncio.shield(self._proving)
        return True

    async def _prove(self) -> None:
        try:
            await self.write(_prove)
        finally:
            self._proved_at_s = monotonic()

    async def has_room(self) -> bool:
        return True  # its disk is not ours to know

    @property
    def disk_free_bytes(self) -> int | None:
        return None

    @property
    def disk_total_bytes(self) -> int | None:
        return None

    async def close(self) -> None:
        if self._proving is not None:
            await asyncio.wait([self._proving])
        await self._quick.close()
        await self._long.close()


class _Pool:
    """Connections, made when they are needed and kept, each used by one function at a time."""

    def __init__(self, threads: ThreadPoolExecutor, connect: Callable[[], PostgresConnection], size: int) -> None:
        self._threads = threads
        self._connect = connect
        self._places = asyncio.Semaphore(size)
        self._size = size
        self._free: list[PostgresConnection] = []

    async def run(self, work: Callable[[PostgresConnection], T]) -> T:
        """What `work(connection)` returns, to its end even when the caller is cancelled."""
        async with self._places:
            running = asyncio.ensure_future(_run(self._threads, partial(self._work, work)))
            try:
                return await asyncio.shield(running)
            except asyncio.CancelledError:
                while not running.done():
                    with suppress(asyncio.CancelledError):  # the one that came first is raised in the end
                        await asyncio.wait([running])
                if not running.cancelled():
                    running.exception()  # looked at, so that asyncio does not report it
                raise

    def _work(self, work: Callable[[PostgresConnection], T]) -> T:
        """In a thread. A kept connection may turn out to be dead: what has not begun on it begins on another."""
        while (kept := self._usable()) is not None:
            try:
                return self._work_on(kept, work)
            except ServerAway:
                if kept.has_answered:
                    raise
        try:
            fresh = self._connect()
        except psycopg.OperationalError as error:
            _tell_away(error)
        return self._work_on(fresh, work)

    def _work_on(self, connection: PostgresConnection, work: Callable[[PostgresConnection], T]) -> T:
        connection.has_answered = False
        try:
            return work(connection)
        except errors.QueryCanceled:
            raise
        except errors.LockNotAvailable as error:
            raise WritesRefused("Somebody else holds what was to be changed; nothing was stored.") from error
        except _OF_THE_DISK as error:
            _warn("the database refuses", error)
            raise TakesNoWrites(f"Nothing was stored: {_in_one_line(error)}.") from error
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            _tell_away(error)
        except psycopg.Error as error:
            raise DatabaseError(_in_one_line(error)) from error
        finally:
            if connection.is_usable:
                self._free.append(connection)
            else:
                connection.close()

    def _usable(self) -> PostgresConnection | None:
        while self._free:
            connection = self._free.pop()
            if connection.is_usable:
                return connection
            connection.close()
        return None

    async def close(self) -> None:
        for _ in range(self._size):  # until nobody uses one
            await self._places.acquire()
        for connection in self._free:
            connection.close()


def _transaction(connection: PostgresConnection, work: Callable[[], T]) -> T:
    for left in range(TRIES - 1, -1, -1):
        try:
            with connection.transaction():
                return work()
        except _IN_THE_WAY:
            if not left:
                raise
    raise AssertionError


def _tell_away(error: Exception) -> NoReturn:
    _warn("the database does not answer", error)
    raise ServerAway("The database does not answer; nothing is known to be stored.") from error


def _warn(event: str, error: Exception) -> None:
    if (left_out := _pace.left_out(event, monotonic())) is not None:
        log.warning(event, reason=_in_one_line(error), left_out=left_out)


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _waits_for_no_disk(connection: PostgresConnection) -> bool:
    return connection.execute("SHOW fsync").fetchone() == ("off",)


def _prove(connection: PostgresConnection) -> None:
    connection.execute("INSERT INTO proofs (bytes) VALUES (?)", (secrets.token_bytes(16),))
    connection.execute("DELETE FROM proofs WHERE number < (SELECT max(number) FROM proofs)")


async def _run(threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(threads, work)
