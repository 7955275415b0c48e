"""Subscriptions to rooms: whose events come to this instance, and for which of its readers."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

from chat_service.domain import change_events
from chat_service.domain.conversations import Label
from chat_service.domain.envelopes import EVERYBODY, RoomEnvelope
from chat_service.domain.events import EncodedEvent
from chat_service.domain.places import Place, is_before
from chat_service.domain.readers import Reader
from chat_service.feed import Feed
from chat_service.store.conversations import Conversations
from servicekit.tasks import Tasks

ENTER_TRIES_MAX = 3


class RoomSubscription:
    """Who follows a room here, and in which epoch; `in_force` ends when its events come, or will on reconnection."""

    def __init__(self, epoch: str, subscribed: Awaitable[bool]) -> None:
        self.epoch = epoch
        self.readers: set[Reader] = set()
        self.in_force = asyncio.ensure_future(subscribed)
        self.ending: asyncio.Task[None] | None = None  # it is another room now, and its readers are being told


class RoomSubscriptions:
    """By label. All who follow a room here do so in one epoch."""

    def __init__(self, *, feed: Feed, store: Conversations) -> None:
        self._feed = feed
        self._store = store
        self._rooms: dict[Label, RoomSubscription] = {}
        self._gap_listeners: list[Callable[[Reader], None]] = []
        self._doubt_listeners: list[Callable[[Reader], None]] = []
        self._tasks = Tasks()

    def on_gap(self, listener: Callable[[Reader], None]) -> None:
        """Call `listener(reader)` when a reader has missed events of a room."""
        self._gap_listeners.append(listener)

    def on_doubt(self, listener: Callable[[Reader], None]) -> None:
        """Call `listener(reader)` when a room that a reader was in has ended, and its name may be another one's."""
        self._doubt_listeners.append(listener)

    def epoch_of(self, label: Label) -> str | None:
        """None for what is not followed."""
        return self._rooms[label].epoch if label in self._rooms else None

    def follows(self, reader: Reader, label: Label) -> bool:
        return label in self._rooms and reader in self._rooms[label].readers

    def missing(self, reader: Reader, places: Mapping[Label, Place]) -> dict[Label, Place]:
        """The rooms among `places` that the reader does not follow, or not in that epoch."""
        return {
            label: place
            for label, place in places.items()
            if label.is_room and not (self.follows(reader, label) and self._rooms[label].epoch == place.epoch)
        }

    # Entering and leaving

    async def enter(self, reader: Reader, places: Mapping[Label, Place]) -> Mapping[Label, Place]:
        """Follow the rooms among `places`; where everything stands when their events come."""
        for _ in range(ENTER_TRIES_MAX):  # rooms are rarely made again, and hardly ever twice while this goes on
            for label, followed in self._ended(places):
                await asyncio.wait([self._end(label, followed)])
            if reader.is_gone:
                break
            missing = self.missing(reader, places)
            reader.join(missing)
            await self._follow(reader, missing)
            places = await self._store.places(reader.username)
            if not self.missing(reader, places):
                break
        return places

    async def _follow(self, reader: Reader, places: Mapping[Label, Place]) -> None:
        """When it returns, their events come. Who leaves meanwhile is out at once."""
        entered = []
        for label, place in places.items():
            if label not in self._rooms:
                self._rooms[label] = RoomSubscription(place.epoch, self._feed.follow_room(label, self.receive))
            if self._rooms[label].epoch == place.epoch:  # else `place` is what was
                self._rooms[label].readers.add(reader)
            entered.append(self._rooms[label].in_force)
        if entered:
            await asyncio.wait(entered)

    def leave(self, reader: Reader, labels: Iterable[Label]) -> None:
        """Those of `labels` that are rooms."""
        for label in labels:
            if not label.is_room:
                continue
            reader.leave(label)
            if (followed := self._rooms.get(label)) is not None:
                followed.readers.discard(reader)
                if not followed.readers:
                    del self._rooms[label]
                    self._feed.unfollow_room(label)

    # What comes

    def receive(self, envelope: RoomEnvelope) -> None:
        """Pass it on to those who follow the room here."""
        if (followed := self._rooms.get(envelope.label)) is None:
            return
        if envelope.epoch and envelope.epoch != followed.epoch:
            if is_before(followed.epoch, envelope.epoch):
                self._end(envelope.label, followed)
            return
        event = EncodedEvent(envelope.event) if envelope.event else None
        for_author = EncodedEvent(envelope.for_author) if envelope.for_author else event
        for reader in tuple(followed.readers):
            is_author = reader.username == envelope.author
            if not envelope.seq and (is_author or not reader.is_surely_in(envelope.label)):
                continue  # nobody is told that they are typing, nor perhaps of a room that they are in no longer
            if reader.take(envelope.label, envelope.seq, for_author if is_author else event):
                self._tell(self._gap_listeners, reader)
        if envelope.departed is not None and event is not None:
            self._depart(followed, envelope, event)

    def _depart(self, followed: RoomSubscription, envelope: RoomEnvelope, event: EncodedEvent) -> None:
        """Who left sees that they did, and nothing after it."""
        label, seq = envelope.label, envelope.seq
        for reader in tuple(followed.readers):
            position = reader.positions.get(label, 0)
            if position > seq or envelope.departed not in {EVERYBODY, reader.username}:
                continue
            self.leave(reader, [label])
            if position < seq:  # there was a gap, which the store fills for members alone
                reader.take(label, 0, event)

    # The name means another room

    def _ended(self, places: Mapping[Label, Place]) -> list[tuple[Label, RoomSubscription]]:
        followed = [(label, self._rooms[label], place) for label, place in places.items() if label in self._rooms]
        return [(label, found) for label, found, place in followed if is_before(found.epoch, place.epoch)]

    def _end(self, label: Label, followed: RoomSubscription) -> asyncio.Task[None]:
        """The room's name may mean another room by now, and nobody told."""
        if followed.ending is None:
            followed.ending = self._tasks.start(self._tell_ending(label, followed))
        return followed.ending

    async def _tell_ending(self, label: Label, followed: RoomSubscription) -> None:
        """Tell those who follow the room that it was closed; then they may be in the other one."""
        try:
            ending = await self._store.find_ending(label, followed.epoch)
        finally:
            followed.ending = None
        if ending is None:
            return
        event = EncodedEvent(change_events.change(ending, label))
        for reader in tuple(followed.readers):
            self.leave(reader, [label])
            if reader.is_loaded:
                reader.take(label, 0, event)
                self._tell(self._doubt_listeners, reader)

    @staticmethod
    def _tell(listeners: Iterable[Callable[[Reader], None]], reader: Reader) -> None:
        for listener in listeners:
            listener(reader)

    async def close(self) -> None:
        await self._tasks.close()
