"""Following: a service's copy of what another one lists, kept current.

The other service numbers its entries and lists them after a number. The copy is pulled at the start, when Redis tells
of news, and every so often, so that lost news only makes it late.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

import httpx
import msgspec

from servicekit.database import DatabaseError
from servicekit.logs import get_logger

PAGE_MAX = 500
EntryT = TypeVar("EntryT")
PageT = TypeVar("PageT")
log = get_logger(__name__)


class Follower(Generic[EntryT]):
    """`list_after(number)` gives the next entries, at most PAGE_MAX, or raises ConnectionError; `take` keeps them.

    `position` is the number of the last one kept. After a kill the same entries may come again.
    """

    def __init__(
        self,
        *,
        name: str,
        list_after: Callable[[int], Awaitable[Sequence[EntryT]]],
        position: Callable[[], Awaitable[int]],
        take: Callable[[Sequence[EntryT]], Awaitable[None]],
        interval_s: float = 30.0,
    ) -> None:
        self._name = name
        self._list_after = list_after
        self._position = position
        self._take = take
        self._interval_s = interval_s
        self._pulling: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    def tell_of_news(self) -> None:
        """There are entries to pull."""
        self._news.set()

    async def run(self) -> None:
        """Keep the copy current until cancelled."""
        try:
            while True:
                self._news.clear()
                await self._try_to_pull()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._interval_s):  # not wait_for: it may swallow a cancellation
                        await self._news.wait()
        finally:
            if self._pulling is not None:
                self._pulling.cancel()
                await asyncio.wait([self._pulling])

    async def pull(self) -> None:
        """Pull what is new; whoever asks meanwhile waits for a pull that began after they asked.

        Raises ConnectionError or DatabaseError.
        """
        if self._pulling is not None and not self._pulling.done():
            with suppress(ConnectionError, DatabaseError):
                await asyncio.shield(self._pulling)
        if self._pulling is None or self._pulling.done():
            self._pulling = asyncio.create_task(self._pull())
        await asyncio.shield(self._pulling)

    async def _try_to_pull(self) -> None:
        try:
            await self.pull()
        except ConnectionError:
            log.warning("a list cannot be followed", list=self._name)
        except DatabaseError:
            log.exception("what a list tells cannot be stored", list=self._name)

    async def _pull(self) -> None:
        while True:
            entries = await self._list_after(await self._position())
            if entries:
                await self._take(entries)
            if len(entries) < PAGE_MAX:
                return


async def read_page(http: httpx.AsyncClient, url: str, after: int, page_type: type[PageT]) -> PageT:
    """The answer of a numbered list to `?after=&limit=`. Raises ConnectionError."""
    try:
        response = await http.get(url, params={"after": after, "limit": PAGE_MAX})
        response.raise_for_status()
        return msgspec.json.decode(response.content, type=page_type)
    except (httpx.HTTPError, msgspec.MsgspecError) as error:
        raise ConnectionError(f"{url} gives no list: {error}") from None
