"""Readers: connections that only read, each in a thread of its own, perhaps against the clock."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from time import monotonic
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar

from servicekit.problems import TookTooLong

P = ParamSpec("P")
T = TypeVar("T")
Statement = Callable[Concatenate[sqlite3.Connection, P], T]

_STEPS_BETWEEN_LOOKS = 20_000  # of SQLite's machine, at the clock: a few milliseconds


class LongReads(NamedTuple):
    """What bounds the reads that may take long: how many of a person's at once, and the time of each."""

    at_once_max: int = 4
    time_s_max: float = 5.0


USUAL_LONG_READS = LongReads()


class Readers:
    def __init__(self, connections: Sequence[sqlite3.Connection], name: str, *, time_s_max: float = 0) -> None:
        """`name` is that of the threads. Without a `time_s_max` nothing is stopped."""
        self._free = list(connections)
        self._threads = ThreadPoolExecutor(len(connections), name)
        self._time_s_max = time_s_max

    async def run(self, statement: Statement[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `statement(connection, …)` returns, in time. Raises TookTooLong."""

        def with_a_connection() -> T:
            connection = self._free.pop()  # there are as many threads as connections
            try:
                return self._in_time(connection, lambda: statement(connection, *args, **kwargs))
            finally:
                self._free.append(connection)

        return await hop(self._threads, with_a_connection)

    def _in_time(self, connection: sqlite3.Connection, work: Callable[[], T]) -> T:
        """SQLite itself finds, in the middle of a statement, that the time is over."""
        if not self._time_s_max:
            return work()
        deadline_s = monotonic() + self._time_s_max
        connection.set_progress_handler(lambda: monotonic() > deadline_s, _STEPS_BETWEEN_LOOKS)
        try:
            return work()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            raise TookTooLong(self._time_s_max) from None
        finally:
            connection.set_progress_handler(None, 0)

    def close(self) -> None:
        """Wait for what runs, then close the connections."""
        self._threads.shutdown()
        for connection in self._free:
            connection.close()


async def hop(thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    """Run `work` in `thread` to its end, even when the caller is cancelled: half a transaction is none of ours."""
    running = asyncio.get_running_loop().run_in_executor(thread, work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            with suppress(asyncio.CancelledError):  # the one that came first is raised in the end
                await asyncio.wait([running])
        raise
