"""Searching: finding what was said, and keeping the index behind it current."""

import asyncio
from time import monotonic

from chat_service.domain.refusals import QueryEmpty
from chat_service.domain.search_hits import SearchHit, hit
from chat_service.domain.search_query import parsed
from chat_service.store.search import Search
from servicekit.logs import get_logger
from servicekit.problems import NotStored

PAUSE_S = 1.0
_TIME_SHARE_MAX = 0.1  # an entry costs as much as a message, and messages wait for the one writer meanwhile
log = get_logger(__name__)


class Searching:
    def __init__(self, *, store: Search, pause_s: float = PAUSE_S) -> None:
        self._store = store
        self._pause_s = pause_s

    async def find(self, username: str, query: str, *, before: int | None, limit: int) -> list[SearchHit]:
        """The newest messages that are as `query` says. Raises QueryEmpty, QueryInvalid, TooManyAtOnce, TookTooLong."""
        asked = parsed(query, asker=username)
        if asked.is_empty:
            raise QueryEmpty
        found = await self._store.find(username, asked, before=before, limit=limit)
        return [hit(username, message, marks) for message, marks in found]

    async def run(self) -> None:
        """Index what is new, a little at a time so that hardly a message waits for it, until cancelled."""
        while True:
            has_more, began_s = False, monotonic()
            try:
                has_more = await self._store.index_some()
            except NotStored:
                pass  # the store has said why, and searching still reads what is not indexed
            except Exception:  # of whatever kind: it goes on when it can
                log.exception("messages cannot be indexed")
            took_s = monotonic() - began_s
            await asyncio.sleep(took_s / _TIME_SHARE_MAX - took_s if has_more else self._pause_s)
