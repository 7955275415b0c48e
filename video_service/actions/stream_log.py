"""The stream log: a row for each stream session, written when that begins and ends, and every ten seconds between.

A row that was not brought up to date for several intervals is of an instance that was killed: the others close it.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from servicekit.database import DatabaseError
from servicekit.logs import get_logger
from video_service.domain.stream_session import StreamSession
from video_service.store import Store

WRITE_INTERVAL_S = 10.0
LEFT_OPEN_INTERVALS = 6  # clocks of machines may differ, and a disk may refuse for a while
log = get_logger(__name__)


class StreamLog:
    """A disk that refuses costs counts, never a frame."""

    def __init__(self, *, store: Store, clock: Callable[[], float], interval_s: float = WRITE_INTERVAL_S) -> None:
        self._store = store
        self._clock = clock
        self._interval_s = interval_s
        self._open: set[StreamSession] = set()
        self._ended: list[StreamSession] = []
        self._has_news = asyncio.Event()
        self._saving = asyncio.Lock()
        self._write: asyncio.Task[None] | None = None

    def begin(self, username: str, name: str | None) -> StreamSession:
        opened = StreamSession(username=username, name=name, started_at=self._clock())
        self._open.add(opened)
        self._has_news.set()
        return opened

    def end(self, stream_session: StreamSession) -> None:
        stream_session.ended_at = self._clock()
        self._open.discard(stream_session)
        self._ended.append(stream_session)
        self._has_news.set()

    async def count(self) -> dict[str, int]:
        """The streams that are live, as far as is written; for who runs the whole. Raises TookTooLong."""
        return await self._store.count()

    async def run_closing(self) -> None:
        """Close what killed instances left open, at once and now and then, until cancelled."""
        left_open_s = LEFT_OPEN_INTERVALS * self._interval_s
        while True:
            try:
                if closed := await self._store.close_left_open(int(self._clock() - left_open_s)):
                    log.info("closed what a kill had left open", streams=closed)
            except DatabaseError as error:
                log.warning("what a kill left open cannot be closed", reason=str(error))
            await asyncio.sleep(left_open_s / 2)

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._interval_s):
                    await self._has_news.wait()
            self._has_news.clear()
            # What has begun is carried through: a row whose id nobody took note of would be made again.
            self._write = asyncio.create_task(self.write())
            await asyncio.shield(self._write)

    async def write(self) -> None:
        """Bring all rows up to date."""
        async with self._saving:
            ended, self._ended = self._ended, []
            if not (due := [*ended, *self._open]):
                return
            try:
                await self._store.save(due, int(self._clock()))
            except DatabaseError as error:
                self._ended = ended + self._ended
                log.warning("the stream log cannot be written", reason=str(error))
