"""Followed rooms: whose events come to this instance, and for which of its readers."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

from chat_service.domain.conversations import is_room
from chat_service.domain.parcels import room
from chat_service.domain.places import Place, is_before
from chat_service.domain.readers import Reader
from chat_service.feed import Feed


class FollowedRoom:
    """Who follows a room here, and in which epoch; `in_force` ends when its events come, or will on reconnection."""

    def __init__(self, epoch: str, subscribed: Awaitable[bool]) -> None:
        self.epoch = epoch
        self.readers: set[Reader] = set()
        self.in_force = asyncio.ensure_future(subscribed)
        self.ending: asyncio.Task[None] | None = None  # it is another room now, and its readers are being told


class FollowedRooms:
    """By label. All who follow a room here do so in one epoch."""

    def __init__(self, *, feed: Feed, on_envelope: Callable[[bytes], None]) -> None:
        self._feed = feed
        self._on_envelope = on_envelope
        self._rooms: dict[str, FollowedRoom] = {}

    def find(self, label: str) -> FollowedRoom | None:
        return self._rooms.get(label)

    def readers(self, label: str) -> tuple[Reader, ...]:
        return tuple(self._rooms[label].readers) if label in self._rooms else ()

    def follows(self, reader: Reader, label: str) -> bool:
        return label in self._rooms and reader in self._rooms[label].readers

    def missing(self, reader: Reader, places: Mapping[str, Place]) -> dict[str, Place]:
        """The rooms among `places` that the reader does not follow, or not in that epoch."""
        return {
            label: place
            for label, place in places.items()
            if is_room(label) and not (self.follows(reader, label) and self._rooms[label].epoch == place.epoch)
        }

    def ended(self, places: Mapping[str, Place]) -> list[tuple[str, FollowedRoom]]:
        """Those whose name means another room by now."""
        followed = [(label, self._rooms[label], place) for label, place in places.items() if label in self._rooms]
        return [(label, found) for label, found, place in followed if is_before(found.epoch, place.epoch)]

    async def enter(self, reader: Reader, places: Mapping[str, Place]) -> None:
        """Follow these rooms; when it returns, their events come. Who leaves meanwhile is out at once."""
        entered = []
        for label, place in places.items():
            if label not in self._rooms:
                self._rooms[label] = FollowedRoom(place.epoch, self._feed.subscribe(room(label), self._on_envelope))
            if self._rooms[label].epoch == place.epoch:  # else `place` is what was
                self._rooms[label].readers.add(reader)
            entered.append(self._rooms[label].in_force)
        if entered:
            await asyncio.wait(entered)

    def leave(self, reader: Reader, labels: Iterable[str]) -> None:
        for label in filter(is_room, labels):
            reader.leave(label)
            if (followed := self._rooms.get(label)) is not None:
                followed.readers.discard(reader)
                if not followed.readers:
                    del self._rooms[label]
                    self._feed.unsubscribe(room(label))
