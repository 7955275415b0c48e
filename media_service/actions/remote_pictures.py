"""Remote pictures: those of other hosts, fetched for people so that they need not show themselves there."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from weakref import WeakValueDictionary

from media_service.domain.files import THUMBNAIL_SIDES, RemotePicture
from media_service.domain.refusals import MediaRefusal
from media_service.pictures import Pictures
from media_service.store import AvatarStore
from servicekit.database import DatabaseError
from servicekit.logs import get_logger
from servicekit.problems import NotStored, Unavailable
from servicekit.public_http_client import PublicHttpClient, PublicHttpRefusal

FRESH_S = 24 * 3600
FAILED_S = 600  # in which an address that gave nothing is not asked again
PATIENCE_S = 3.0  # in which a browser waits, of its few connections; the fetch goes on, and the next one finds it
BEGUN_PER_MINUTE = 6  # for pictures of one person, who may give any address they like and another each time
_SIDE = min(THUMBNAIL_SIDES)
log = get_logger(__name__)


class RemotePictures:
    """At most `at_once` are fetched together, and `at_once_per_person` of those that one reader asked for."""

    def __init__(
        self,
        *,
        store: AvatarStore,
        pictures: Pictures,
        outgoing: PublicHttpClient,
        clock: Callable[[], float],
        bytes_max: int,
        deadline_s: float,
        at_once: int,
        at_once_per_person: int,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._store = store
        self._pictures = pictures
        self._outgoing = outgoing
        self._clock = clock
        self._bytes_max = bytes_max
        self._deadline_s = deadline_s
        self._turns = asyncio.Semaphore(at_once)
        self._at_once_per_person = at_once_per_person
        self._patience_s = patience_s
        self._readers: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()  # held by who waits
        self._fetches: dict[str, asyncio.Task[RemotePicture]] = {}
        self._begun: Counter[str] = Counter()
        self._minute = 0

    async def find(self, address: str, *, reader: str, owner: str) -> bytes | None:
        """A small WebP; None where it cannot be had, or not soon enough."""
        known = await self._store.find_remote_picture(address)
        if known is None or self._is_old(known):
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience_s):
                    known = await self._fetched(address, reader, owner) or known
        return known.data if known else None

    async def aclose(self) -> None:
        fetches = list(self._fetches.values())
        for fetch in fetches:
            fetch.cancel()
        await asyncio.gather(*fetches, return_exceptions=True)

    def _is_old(self, picture: RemotePicture) -> bool:
        return self._clock() - picture.tried_at >= (FAILED_S if picture.data is None else FRESH_S)

    async def _fetched(self, address: str, reader: str, owner: str) -> RemotePicture | None:
        """What the one fetch of this address gives, begun by whoever asked first; None if none may begin now."""
        if address not in self._fetches:
            turn = self._readers.setdefault(reader, asyncio.Semaphore(self._at_once_per_person))
            await turn.acquire()
            if address in self._fetches or not self._may_begin(owner):
                turn.release()
            else:
                fetch = self._fetches[address] = asyncio.create_task(self._fetch(address))
                fetch.add_done_callback(partial(self._ended, address, turn))
        begun = self._fetches.get(address)
        return None if begun is None else await asyncio.shield(begun)

    def _ended(self, address: str, turn: asyncio.Semaphore, _: asyncio.Task[RemotePicture]) -> None:
        del self._fetches[address]
        turn.release()

    def _may_begin(self, owner: str) -> bool:
        minute = int(self._clock() // 60)
        if minute != self._minute:
            self._minute = minute
            self._begun.clear()
        self._begun[owner] += 1
        return self._begun[owner] <= BEGUN_PER_MINUTE

    async def _fetch(self, address: str) -> RemotePicture:
        async with self._turns:
            known = await self._store.find_remote_picture(address)
            if known is not None and not self._is_old(known):  # it came between the look and the turn
                return known
            data = await self._asked(address)
            picture = RemotePicture(self._clock(), data)
            try:
                await self._store.put_remote_picture(address, picture)
            except NotStored:
                pass  # the store has said why; it is there all the same, for those who wait
            except DatabaseError:
                log.exception("a picture elsewhere cannot be remembered")
            return picture

    async def _asked(self, address: str) -> bytes | None:
        try:
            answer = await self._outgoing.get(
                address, bytes_max=self._bytes_max, deadline_s=self._deadline_s, accept="image/*"
            )
            body = answer.body if answer.status == HTTPStatus.OK else b""  # an error's picture is not theirs
            picture = await self._pictures.take("avatar", lambda: body)
        except (PublicHttpRefusal, MediaRefusal, Unavailable) as refusal:
            log.info("a picture elsewhere cannot be had", reason=str(refusal))
            return None
        return picture.thumbnails[_SIDE]
