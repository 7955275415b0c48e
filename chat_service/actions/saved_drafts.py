"""Saved drafts: kept as they are typed, and told to the person's other devices."""

from collections.abc import Callable

from chat_service.actions.message_rates import MessageRates
from chat_service.domain import personal_events
from chat_service.domain.conversations import Conversation
from chat_service.domain.envelopes import to_person
from chat_service.domain.refusals import DraftsTooFast
from chat_service.domain.saved_drafts import SavedDraft, draft_of
from chat_service.feed import Feed
from chat_service.store.saved_drafts import SavedDrafts as SavedDraftStore
from servicekit.times import rfc3339


class SavedDrafts:
    """Each raises NotAMember for a room that they are not in."""

    def __init__(
        self,
        *,
        store: SavedDraftStore,
        feed: Feed,
        rates: MessageRates,
        message_length_max: int,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._feed = feed
        self._rates = rates
        self._message_length_max = message_length_max
        self._clock = clock

    async def get(self, username: str, conversation: Conversation) -> SavedDraft:
        return await self._store.get(username, conversation.label_for(username))

    async def put(
        self, username: str, conversation: Conversation, text: str, reply_to: int | None, nonce: str | None
    ) -> SavedDraft:
        """What is kept now: nothing of an empty one. `nonce` comes back in the event.

        Raises MessageTooLong, InvalidMessage, UnknownMessage, DraftsTooFast or TooManyDrafts.
        """
        label = conversation.label_for(username)
        draft = draft_of(text, reply_to, now=rfc3339(self._clock()), length_max=self._message_length_max)
        if not draft.is_empty:
            self._count(username)
            await self._store.put(username, label, draft)
        elif (await self._store.get(username, label)).is_empty:
            return draft
        else:  # never refused for its rate: who has sent a message has no draft any more
            await self._store.remove(username, label)
        self._feed.tell([to_person(username, label, event=personal_events.draft(label, draft, nonce))])
        return draft

    def _count(self, username: str) -> None:
        if not self._rates.take(username):
            raise DraftsTooFast(self._rates.per_second)
