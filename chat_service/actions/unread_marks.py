"""Unread marks: set by their person, and told to the person's other devices."""

from chat_service.actions.submissions import Submissions
from chat_service.domain import personal_events
from chat_service.domain.conversations import Conversation
from chat_service.domain.envelopes import to_person
from chat_service.domain.unread import Unread
from chat_service.feed import Feed
from chat_service.store.unread_marks import UnreadMarks as UnreadMarkStore


class UnreadMarks:
    def __init__(self, store: UnreadMarkStore, feed: Feed, submissions: Submissions) -> None:
        self._store = store
        self._feed = feed
        self._submissions = submissions

    async def put(self, username: str, conversation: Conversation, seq: int) -> Unread:
        """What is unread now. It counts like a message. Raises TooManyMessages, NotAMember or Invalid."""
        label = conversation.label_for(username)
        self._submissions.count(username)
        counts = await self._store.put(username, label, seq)
        self._feed.tell([to_person(username, label, event=personal_events.unread(label, seq, counts))])
        return counts
