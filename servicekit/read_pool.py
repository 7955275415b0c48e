"""A pool of connections that only read, each used by one statement at a time, perhaps against the clock."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from time import monotonic
from typing import ParamSpec, TypeVar

from servicekit.problems import TookTooLong
from servicekit.sqlite_connection import SqliteConnection, Statement

P = ParamSpec("P")
T = TypeVar("T")

_STEPS_BETWEEN_LOOKS = 20_000  # of SQLite's machine, at the clock: a few milliseconds


class ReadPool:
    def __init__(self, connections: Sequence[SqliteConnection], *, time_s_max: float = 0) -> None:
        """Without a `time_s_max` nothing is stopped."""
        self._free = list(connections)
        self._places = asyncio.Semaphore(len(connections))
        self._time_s_max = time_s_max

    async def run(self, statement: Statement[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `statement(connection, …)` returns, in time. Raises TookTooLong."""
        async with self._places:
            connection = self._free.pop()
            try:
                if not self._time_s_max:
                    return await connection.run(statement, *args, **kwargs)
                return await connection.run(
                    lambda sqlite: self._in_time(sqlite, lambda: statement(sqlite, *args, **kwargs))
                )
            finally:
                self._free.append(connection)

    def _in_time(self, connection: sqlite3.Connection, work: Callable[[], T]) -> T:
        """SQLite itself finds, in the middle of a statement, that the time is over."""
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
