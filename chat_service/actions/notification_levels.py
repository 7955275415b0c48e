"""Notification levels: chosen by conversation, and told to the person's other devices."""

from collections.abc import Callable
from datetime import datetime

from chat_service.actions.submissions import Submissions
from chat_service.domain import personal_events
from chat_service.domain.conversations import Conversation
from chat_service.domain.envelopes import to_person
from chat_service.domain.notification_levels import Level, Notifications, chosen
from chat_service.feed import Feed
from chat_service.store.notification_levels import NotificationLevels as NotificationLevelStore
from servicekit.times import rfc3339


class NotificationLevels:
    """Each raises NotAMember for a room that they are not in."""

    def __init__(
        self, store: NotificationLevelStore, feed: Feed, submissions: Submissions, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._feed = feed
        self._submissions = submissions
        self._clock = clock

    async def get(self, username: str, conversation: Conversation) -> Notifications:
        found = await self._store.get(username, conversation.label_for(username))
        return found.at(rfc3339(self._clock()))

    async def choose(
        self, username: str, conversation: Conversation, level: Level, muted_until: datetime | None
    ) -> Notifications:
        """What holds now. It counts like a message. Raises Invalid, TooManyMessages or TooManyNotificationLevels."""
        label = conversation.label_for(username)
        wanted = chosen(level, muted_until).at(rfc3339(self._clock()))
        self._submissions.count(username)
        await self._store.put(username, label, wanted)
        self._feed.tell([to_person(username, label, event=personal_events.notifications(label, wanted))])
        return wanted
