"""Profile news: somebody shows themselves otherwise, told to those who may see them on an open page."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from chat_service.domain import profile_events
from chat_service.domain.conversations import Label
from chat_service.domain.envelopes import Envelope, RoomEnvelope, room_channel, to_person
from chat_service.domain.people import Person
from chat_service.feed import Feed
from chat_service.store.people import PeopleStore
from servicekit.database import DatabaseError
from servicekit.tasks import Tasks

INTERVAL_S = 1.0


class ProfileNews:
    """Of each person at most once in an interval, in their newest form: whoever changes often costs no more."""

    def __init__(self, *, store: PeopleStore, feed: Feed, interval_s: float = INTERVAL_S) -> None:
        self._store = store
        self._feed = feed
        self._interval_s = interval_s
        self._news: dict[str, Person] = {}
        self._is_telling = False
        self._tasks = Tasks()

    def changed(self, people: Sequence[Person]) -> None:
        self._news |= {person.username: person for person in people}
        if not self._is_telling:
            self._is_telling = True
            self._tasks.start(self._tell_all())

    async def _tell_all(self) -> None:
        try:
            while self._news:
                people, self._news = self._news, {}
                for person in people.values():
                    with suppress(DatabaseError):  # whoever loads a page sees it
                        await self._tell(person)
                await asyncio.sleep(self._interval_s)
        finally:
            self._is_telling = False

    async def _tell(self, person: Person) -> None:
        watchers, rooms = await self._store.concerned(person.username)
        event, label = profile_events.profile(person), Label.of_person(person.username)
        to_people = [to_person(name, label, event=event) for name in {person.username, *watchers}]
        self._feed.tell([*to_people, *(_to_room(room, event) for room in rooms)])

    async def close(self) -> None:
        """Drop what was to be told."""
        await self._tasks.close()


def _to_room(label: Label, event: bytes) -> Envelope:
    return RoomEnvelope(channel=room_channel(label), label=label, event=event)
