"""An SQLite connection with a thread of its own, which runs whole functions: one hop, however many statements.

The home of aiosqlite. Its own way, a hop for each statement, took 1.5 times as long, and 12 times under load
(docs/decisions/0002-sqlite-in-one-hop.md).
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Concatenate, ParamSpec, Self, TypeVar

import aiosqlite

P = ParamSpec("P")
T = TypeVar("T")
Statement = Callable[Concatenate[sqlite3.Connection, P], T]

# At the level of debugging it writes down each call with its arguments: what people wrote.
logging.getLogger("aiosqlite").setLevel(logging.WARNING)


class SqliteConnection(aiosqlite.Connection):
    """Open it by `async with`."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        """`connect` is called in the thread."""
        super().__init__(connect, iter_chunk_size=0)  # no cursor is handed out
        self._thread.daemon = True  # one that was never closed must not hold up the end of the process

    async def __aenter__(self) -> Self:
        try:
            await self
        except BaseException:
            if self._thread.is_alive():
                self._thread.join()  # it ends by itself, and tells this loop, which must not be gone by then
            raise
        return self

    @property
    def here(self) -> sqlite3.Connection:
        """For statements on the caller's own thread, while the other one rests."""
        return self._conn

    async def run(self, statement: Statement[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`statement(connection, …)`, to its end even when the caller is cancelled: half of it is none of ours."""
        # The thread remembers its last call and what that returned until the next one, so it is given empty hands.
        calls, results = [partial(statement, self._conn, *args, **kwargs)], list[T]()
        try:
            await self._execute(_call, calls, results)  # type: ignore[no-untyped-call]
            return results.pop()
        except asyncio.CancelledError:
            await self._until_idle()
            results.clear()
            raise

    async def _until_idle(self) -> None:
        """Return when the thread has done what was asked of it before, however often this is cancelled."""
        # It does nothing but wait for its turn.
        behind = asyncio.ensure_future(self._execute(int))  # type: ignore[no-untyped-call]
        while not behind.done():
            with suppress(asyncio.CancelledError):  # the one that came first is raised in the end
                await asyncio.wait([behind])
        behind.exception()  # ValueError where the connection is being closed: nothing for asyncio to report


def _call(calls: list[Callable[[], T]], results: list[T]) -> None:
    results.append(calls.pop()())
