"""Link cards: what pages of other hosts say of themselves, asked here so that readers need not show themselves there.

What a page gave is kept for a day. Its picture is kept as long as it is looked at: until PICTURE_KEPT_S after the last
time, whatever shows it. Which messages do, is chat's to know.
"""

import asyncio
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import msgspec

from media_service.domain.link_cards import Card, CardPicture, KnownCard, card_of, page_of, picture_address
from media_service.domain.refusals import MediaRefusal, UnknownCardPicture
from media_service.domain.web_pages import HeadReader, is_html, text_of
from media_service.page_metadata import metadata_of
from media_service.pictures import Pictures
from media_service.store import LinkCardStore
from servicekit.database import DatabaseError
from servicekit.logs import get_logger
from servicekit.problems import NotStored, Unavailable
from servicekit.public_http_client import PublicHttpClient, PublicHttpRefusal, PublicHttpResponse

FRESH_S = 24 * 3600
FAILED_S = 600  # in which an address that gave nothing is not asked again
PICTURE_KEPT_S = 180 * 24 * 3600
SEEN_NOTED_S = 24 * 3600  # a look is written down once a day
BYTES_MAX = 512 * 1024  # of each answer
DEADLINE_S = 5.0  # for each
AT_ONCE = 32
PATH = "/api/card-pictures/"
_SIDE = 320
log = get_logger(__name__)


class LinkCards:
    """At most AT_ONCE pages are asked together, and each once for all who want to know."""

    def __init__(
        self,
        *,
        store: LinkCardStore,
        pictures: Pictures,
        outgoing: PublicHttpClient,
        clock: Callable[[], float],
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._store = store
        self._pictures = pictures
        self._outgoing = outgoing
        self._clock = clock
        self._deadline_s = deadline_s
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._threads = ThreadPoolExecutor(1, "pages")
        self._fetches: dict[str, asyncio.Task[Card | None]] = {}

    async def find(self, url: str) -> Card | None:
        """The card of the page; None where there is none to be had."""
        page = page_of(url)
        if page is None:
            return None
        known = await self._store.find(page)
        if known is not None and not self._is_old(known):
            return known.card
        if page not in self._fetches:
            fetch = self._fetches[page] = asyncio.create_task(self._fetch(page))
            fetch.add_done_callback(lambda _: self._fetches.pop(page))
        return await asyncio.shield(self._fetches[page])

    async def picture(self, picture_id: str) -> bytes:
        """A small WebP. Raises UnknownCardPicture."""
        found = await self._store.find_picture(picture_id)
        if found is None:
            raise UnknownCardPicture
        now = self._clock()
        if now - found.seen_at >= SEEN_NOTED_S:
            try:
                await self._store.note_seen(picture_id, now)
            except NotStored:
                pass  # the store has said why, and it can be shown all the same
            except DatabaseError:
                log.exception("a look at a picture cannot be noted")
        return found.data

    async def drop_old(self) -> None:
        """Some of what is not kept any longer."""
        now = self._clock()
        await self._store.drop_old(tried_before=now - FRESH_S, seen_before=now - PICTURE_KEPT_S)

    async def aclose(self) -> None:
        fetches = list(self._fetches.values())
        for fetch in fetches:
            fetch.cancel()
        await asyncio.gather(*fetches, return_exceptions=True)
        self._threads.shutdown()

    def _is_old(self, known: KnownCard) -> bool:
        return self._clock() - known.tried_at >= (FAILED_S if known.card is None else FRESH_S)

    async def _fetch(self, page: str) -> Card | None:
        async with self._turns:
            known = await self._store.find(page)
            if known is not None and not self._is_old(known):  # it came between the look and the turn
                return known.card
            card, picture = await self._asked(page)
        try:
            await self._store.put(page, KnownCard(self._clock(), card), picture)
        except NotStored:
            pass  # the store has said why
        except DatabaseError:
            log.exception("a link card cannot be remembered")
            # Without its picture, which is nowhere.
            return card and msgspec.structs.replace(card, picture=None)
        return card

    async def _asked(self, page: str) -> tuple[Card | None, CardPicture | None]:
        answer = await self._get(page, "text/html,application/xhtml+xml", HeadReader())
        content_type = "" if answer is None else answer.headers.get("content-type", "")
        if answer is None or not is_html(content_type):
            return None, None
        loop = asyncio.get_running_loop()
        said = await loop.run_in_executor(self._threads, lambda: metadata_of(text_of(answer.body, content_type)))
        card = card_of(said, answer.url)
        address = picture_address(said, answer.url)
        picture = await self._picture(address) if card is not None and address is not None else None
        if card is None or picture is None:
            return card, None
        return msgspec.structs.replace(card, picture=PATH + picture.id), picture

    async def _picture(self, address: str) -> CardPicture | None:
        answer = await self._get(address, "image/*")
        if answer is None:
            return None
        try:
            taken = await self._pictures.take("picture", lambda: answer.body)
        except (MediaRefusal, Unavailable) as refusal:
            log.info("the picture of a card cannot be shown", reason=str(refusal))
            return None
        data = taken.thumbnails[_SIDE]
        # The same for the same picture, and nobody can tell from a picture whether somebody linked to it here.
        picture_id = hashlib.sha256(self._store.id.encode() + data).hexdigest()[:32]
        return CardPicture(picture_id, self._clock(), data)

    async def _get(self, address: str, accept: str, head: HeadReader | None = None) -> PublicHttpResponse | None:
        try:
            answer = await self._outgoing.get(
                address,
                bytes_max=BYTES_MAX,
                deadline_s=self._deadline_s,
                accept=accept,
                is_enough=head.is_enough if head else None,
            )
        except PublicHttpRefusal as refusal:
            log.info("no link card", reason=str(refusal))
            return None
        return answer if answer.status == HTTPStatus.OK else None
