"""Link cards: what the pages say of themselves that somebody links to, asked for when the message is stored and told.

Nobody waits for it. Where this process ends before it is known, or somebody links to more than is looked at, the
message stays without.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from weakref import WeakValueDictionary

from msgspec import structs

from chat_service.actions.submissions import Submissions
from chat_service.domain.changes import Entry, Kind
from chat_service.domain.intents import ShowCards
from chat_service.domain.link_cards import Card, links_in
from chat_service.domain.messages import StoredMessage
from chat_service.domain.refusals import MediaUnavailable
from chat_service.peers import Peers
from servicekit.logs import get_logger
from servicekit.problems import Refusal
from servicekit.tasks import Tasks

AT_ONCE = 16  # messages whose links are looked at
AT_ONCE_PER_PERSON = 2
WAITING_MAX = 500
PAUSES_S = (15.0, 120.0)  # before asking again where the media service is away
LINKS_PER_MINUTE = 30  # of one person, who could send us to others as fast as they write
log = get_logger(__name__)


class LinkCards:
    def __init__(
        self,
        *,
        peers: Peers,
        submissions: Submissions,
        clock: Callable[[], float],
        is_on: bool,
        pauses_s: Sequence[float],
    ) -> None:
        """`pauses_s`: how long to wait before each try after the first, where the media service is away."""
        self._peers = peers
        self._submissions = submissions
        self._clock = clock
        self._is_on = is_on
        self._pauses_s = pauses_s
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._persons: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()  # held by who waits
        self._waiting = 0
        self._begun: Counter[str] = Counter()  # links by person, in this minute
        self._minute = 0
        self._tasks = Tasks()

    def stored(self, entry: Entry) -> None:
        """It is on disk, and those concerned are told."""
        if isinstance(entry, StoredMessage):
            if self._is_on and entry.html is not None and (links := links_in(entry.html)):
                self._begin(entry.sender_username, ShowCards(message_id=entry.id, seq=entry.seq, links=links))
        elif entry.kind == Kind.EDITED and entry.message_id is not None:
            links = links_in(entry.html)
            self._begin(entry.username, ShowCards(message_id=entry.message_id, seq=entry.seq, links=links))

    def _begin(self, author: str, intent: ShowCards) -> None:
        if not intent.links or not self._is_on:
            self._show(author, intent)  # it may have had some
        elif self._waiting < WAITING_MAX and self._may_begin(author, len(intent.links)):
            self._waiting += 1
            self._tasks.start(self._look_and_show(author, intent))

    def _may_begin(self, author: str, links: int) -> bool:
        minute = int(self._clock() // 60)
        if minute != self._minute:
            self._minute = minute
            self._begun.clear()
        self._begun[author] += links
        return self._begun[author] <= LINKS_PER_MINUTE

    async def _look_and_show(self, author: str, intent: ShowCards) -> None:
        try:
            for pause_s in (0.0, *self._pauses_s):
                await asyncio.sleep(pause_s)
                if (cards := await self._cards(author, intent.links)) is not None:
                    self._show(author, structs.replace(intent, cards=cards))
                    return
            log.info("the cards of a message are not known", message_id=intent.message_id)
        finally:
            self._waiting -= 1

    async def _cards(self, author: str, links: Sequence[str]) -> tuple[Card, ...] | None:
        """None where the media service is away."""
        turn = self._persons.setdefault(author, asyncio.Semaphore(AT_ONCE_PER_PERSON))
        async with turn, self._turns:
            found = await asyncio.gather(*(self._card(url) for url in links), return_exceptions=True)
        for failure in (one for one in found if isinstance(one, BaseException)):
            if not isinstance(failure, MediaUnavailable):
                raise failure
            return None
        return tuple(one for one in found if isinstance(one, Card))

    async def _card(self, url: str) -> Card | None:
        page = await self._peers.page(url)
        return None if page is None else Card(url=url, **structs.asdict(page))

    def _show(self, author: str, intent: ShowCards) -> None:
        self._submissions.store(author, intent, _Outcome())

    async def close(self) -> None:
        await self._tasks.close()


class _Outcome:
    """For what nobody asked for: those in the conversation hear of it as of any change."""

    def stored(self, entry: Entry | None) -> None:
        """As it should be."""

    def repeated(self, message: StoredMessage) -> None:
        """It is no message."""

    def refused(self, refusal: Refusal) -> None:
        """The message was deleted meanwhile, say, or its author has left."""
        log.info("the cards of a message are not shown", reason=str(refusal))

    def noted(self, refusal: Refusal) -> None:
        """Nor this."""
