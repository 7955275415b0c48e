"""Quiet hours: chosen for oneself, and told to one's other devices."""

from collections.abc import Callable
from datetime import UTC, datetime

from chat_service.actions.submissions import Submissions
from chat_service.domain import personal_events
from chat_service.domain.conversations import Label
from chat_service.domain.envelopes import to_person
from chat_service.domain.quiet_hours import QuietHours, QuietHoursNow, check
from chat_service.feed import Feed
from chat_service.store.quiet_hours import QuietHours as QuietHoursStore


class OwnQuietHours:
    def __init__(
        self, store: QuietHoursStore, feed: Feed, submissions: Submissions, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._feed = feed
        self._submissions = submissions
        self._clock = clock

    async def get(self, username: str) -> QuietHoursNow:
        return self._now(await self._store.get(username))

    async def choose(self, username: str, wanted: QuietHours) -> QuietHoursNow:
        """It counts like a message. Raises Invalid or TooManyMessages."""
        check(wanted)
        self._submissions.count(username)
        await self._store.put(username, wanted)
        self._feed.tell([to_person(username, Label.of_person(username), event=personal_events.quiet_hours(wanted))])
        return self._now(wanted)

    def _now(self, hours: QuietHours) -> QuietHoursNow:
        return hours.at(datetime.fromtimestamp(self._clock(), UTC))
