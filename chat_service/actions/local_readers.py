"""Local readers: the people who are connected to this instance, each told everything once and in order."""

import asyncio

from chat_service.actions.catch_up import CatchUp
from chat_service.actions.presence import Presence
from chat_service.actions.room_subscriptions import RoomSubscriptions
from chat_service.domain.envelopes import Envelope, RoomEnvelope, person_channel
from chat_service.domain.events import EncodedEvent
from chat_service.domain.readers import Connection, Reader
from chat_service.feed import Feed
from chat_service.store.conversations import Conversations
from servicekit.tasks import Tasks


class LocalReaders:
    def __init__(
        self, *, store: Conversations, feed: Feed, presence: Presence, rooms: RoomSubscriptions, catch_up: CatchUp
    ) -> None:
        self._store = store
        self._feed = feed
        self._presence = presence
        self._rooms = rooms
        self._catch_up = catch_up
        self._readers: dict[str, Reader] = {}  # by the channel of the person
        self._loading: dict[str, asyncio.Task[None]] = {}
        self._tasks = Tasks()
        feed.on_connected(self._after_reconnection)

    # They come and go

    async def enter(self, username: str) -> Reader:
        """The person's reader, at a known place in each conversation. Add a connection, or `leave`, at once."""
        while (reader := self._readers.get(person_channel(username))) is None or not reader.is_loaded:
            if (loading := self._loading.get(username)) is None:
                loading = self._loading[username] = self._tasks.start(self._load(username))
            try:
                await asyncio.shield(loading)
            except asyncio.CancelledError:  # they are gone, and perhaps nobody else waits for this reader
                loading.add_done_callback(lambda _: self._leave_if_loaded(username))
                raise
        return reader

    def _leave_if_loaded(self, username: str) -> None:
        if (reader := self._readers.get(person_channel(username))) is not None and reader.is_loaded:
            self.leave(reader)

    def leave(self, reader: Reader, connection: Connection | None = None) -> None:
        """Take `connection` out; with the last one the reader goes."""
        if connection in reader.connections:
            reader.connections.remove(connection)
        if not reader.connections and not reader.is_gone:
            self._drop(reader)
            self._presence.left(reader.username)

    async def _load(self, username: str) -> None:
        reader = self._readers[person_channel(username)] = Reader(username)
        try:
            # First the subscriptions, then the store: what comes between is in both, and passed on once.
            is_news, _ = await asyncio.gather(  # asked in this order, in one round trip
                self._presence.arriving(username), self._feed.follow_person(username, self.receive)
            )
            self._presence.returned(username)
            places = await self._rooms.enter(reader, await self._store.places(username))
            self._rooms.leave(reader, reader.positions.keys() - places.keys())
            if reader.load(places):
                self._catch_up.start(reader)
            if reader.is_in_doubt:
                self._catch_up.compare(reader)
        except BaseException:
            self._drop(reader)
            raise
        finally:
            del self._loading[username]
        if is_news:
            self._tasks.start(self._presence.arrived(username))

    def _drop(self, reader: Reader) -> None:
        reader.is_gone = True
        self._readers.pop(person_channel(reader.username), None)
        self._feed.unfollow_person(reader.username)
        self._rooms.leave(reader, list(reader.positions))

    # What comes

    def are_connected(self, channel: str) -> bool:
        """Whether the person behind the channel has a connection here."""
        return (reader := self._readers.get(channel)) is not None and bool(reader.connections)

    def receive(self, envelope: Envelope) -> None:
        """From the feed, or straight from the publisher; what came both ways is passed on once, by its `seq`."""
        if isinstance(envelope, RoomEnvelope):
            self._rooms.receive(envelope)
        elif (reader := self._readers.get(envelope.channel)) is not None:
            self._receive_for(reader, envelope)

    def _receive_for(self, reader: Reader, envelope: Envelope) -> None:
        label = envelope.label
        if label.is_room and envelope.seq:
            if not self._rooms.follows(reader, label):  # else its own channel tells them
                self._catch_up.compare(reader)  # they became a member somewhere
        elif reader.take(label, envelope.seq, EncodedEvent(envelope.event) if envelope.event else None):
            self._catch_up.start(reader)

    def _after_reconnection(self) -> None:
        """What was published before may be lost."""
        for reader in self._readers.values():
            self._catch_up.compare(reader)

    async def close(self) -> None:
        """End what still runs."""
        await self._tasks.close()
