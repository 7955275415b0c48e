"""Blocks: from whom somebody wants to hear nothing."""

from collections.abc import Callable, Sequence

from chat_service.actions.calls import Calls
from chat_service.actions.people import People
from chat_service.actions.presence import Presence
from chat_service.actions.submissions import Submissions
from chat_service.domain import personal_events
from chat_service.domain.conversations import Conversation, Label
from chat_service.domain.envelopes import to_person
from chat_service.domain.refusals import RecipientIsSelf
from chat_service.feed import Feed
from chat_service.store.blocks import Block
from chat_service.store.blocks import Blocks as BlockStore
from servicekit.times import rfc3339


class Blocks:
    """The other one is told nothing, but that who has blocked them is offline. Both count like a message."""

    def __init__(
        self,
        store: BlockStore,
        people: People,
        submissions: Submissions,
        presence: Presence,
        calls: Calls,
        feed: Feed,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._people = people
        self._submissions = submissions
        self._presence = presence
        self._calls = calls
        self._feed = feed
        self._clock = clock

    async def list_of(self, username: str) -> Sequence[Block]:
        return await self._store.list_of(username)

    async def block(self, username: str, other: str) -> None:
        """Raises UnknownRecipient, RecipientIsSelf, TooManyBlocks or TooManyMessages."""
        self._submissions.count(username)
        person = await self._people.get(other)
        if person.username == username:
            raise RecipientIsSelf
        if await self._store.add(username, person.username, now=rfc3339(self._clock())):
            self._tell(username, person.username, blocked=True)
            await self._presence.tell_one(username, person.username, online=False)
            await self._calls.end_between(username, Conversation.direct(username, person.username))

    async def unblock(self, username: str, other: str) -> None:
        """Raises UnknownRecipient or TooManyMessages."""
        self._submissions.count(username)
        person = await self._people.get_known(other)
        if await self._store.remove(username, person.username):
            self._tell(username, person.username, blocked=False)
            await self._presence.tell_one(username, person.username, online=True)

    async def check_accepts(self, username: str, other: str) -> None:
        """Raises NotAccepted where `other` takes nothing from `username`."""
        await self._store.check_accepts(username, other)

    def _tell(self, username: str, other: str, *, blocked: bool) -> None:
        """On all devices of who blocks."""
        event = personal_events.blocked(other, blocked=blocked)
        self._feed.tell([to_person(username, Label.of_person(other), event=event)])
