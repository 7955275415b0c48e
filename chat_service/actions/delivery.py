"""Delivery: brings what is stored to every connection of those concerned, once and in order, whatever Redis does."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from chat_service.actions.followed_rooms import FollowedRoom, FollowedRooms
from chat_service.actions.presence import Presence
from chat_service.domain import events
from chat_service.domain.changes import Change, Entry, Kind
from chat_service.domain.conversations import is_room, label_for, people_in
from chat_service.domain.envelopes import epoch_of, open_envelope, open_room_envelope, seal, seal_for_room
from chat_service.domain.messages import StoredMessage
from chat_service.domain.parcels import Parcel, pack, person, room
from chat_service.domain.places import Head, Place, is_before
from chat_service.domain.readers import Connection, Reader
from chat_service.feed import Feed
from chat_service.store.conversations import Conversations
from servicekit.bus import BusUnavailable
from servicekit.frames import text_frame
from servicekit.logs import get_logger

CATCH_UP_PAGE = 500
ENTER_TRIES_MAX = 3
log = get_logger(__name__)


class Delivery:
    """Knows the readers connected here, and follows the feed for them; where the feed has a gap, the store fills it."""

    def __init__(
        self, *, store: Conversations, feed: Feed, presence: Presence, catch_up_page: int = CATCH_UP_PAGE
    ) -> None:
        self._store = store
        self._feed = feed
        self._presence = presence
        self._catch_up_page = catch_up_page
        self._readers: dict[str, Reader] = {}
        self._rooms = FollowedRooms(feed=feed, on_envelope=self._on_room_envelope)
        self._loading: dict[str, asyncio.Task[None]] = {}
        self._catching_up: set[Reader] = set()
        self._unpublished: dict[tuple[str, str, str], int] = {}  # (channel, label, epoch of a room): last seq
        self._tasks: set[asyncio.Task[None]] = set()
        feed.on_connected(self._after_reconnection)

    # Readers come and go

    async def enter(self, username: str) -> Reader:
        """The person's reader, at a known place in each conversation. Add a connection, or `leave`, at once."""
        while (reader := self._readers.get(username)) is None or not reader.is_loaded:
            if (loading := self._loading.get(username)) is None:
                loading = self._loading[username] = self._spawn(self._load(username))
            try:
                await asyncio.shield(loading)
            except asyncio.CancelledError:  # they are gone, and perhaps nobody else waits for this reader
                loading.add_done_callback(lambda _: self._leave_if_loaded(username))
                raise
        return reader

    def _leave_if_loaded(self, username: str) -> None:
        if (reader := self._readers.get(username)) is not None and reader.is_loaded:
            self.leave(reader)

    def leave(self, reader: Reader, connection: Connection | None = None) -> None:
        """Take `connection` out; with the last one the reader goes."""
        if connection in reader.connections:
            reader.connections.remove(connection)
        if not reader.connections and self._readers.get(reader.username) is reader:
            del self._readers[reader.username]
            self._feed.unsubscribe(person(reader.username))
            self._rooms.leave(reader, list(reader.positions))
            self._presence.left(reader.username)

    async def _load(self, username: str) -> None:
        reader = self._readers[username] = Reader(username)
        try:
            is_news = await self._presence.arriving(username)
            # First the subscriptions, then the store: what comes between is in both, and passed on once.
            await self._feed.subscribe(person(username), lambda payload: self._on_envelope(reader, payload))
            self._presence.returned(username)
            places = await self._enter_rooms(reader, await self._store.places(username))
            self._rooms.leave(reader, reader.positions.keys() - places.keys())
            if reader.load(places):
                self._start_catching_up(reader)
        except BaseException:
            self._readers.pop(username, None)
            self._feed.unsubscribe(person(username))
            self._rooms.leave(reader, list(reader.positions))
            raise
        finally:
            del self._loading[username]
        if is_news:
            self._spawn(self._presence.arrived(username))

    async def _enter_rooms(self, reader: Reader, places: Mapping[str, Place]) -> Mapping[str, Place]:
        """Follow the rooms among `places`; where everything stands when their events come."""
        for _ in range(ENTER_TRIES_MAX):  # rooms are rarely made again, and hardly ever twice while this goes on
            for label, followed in self._rooms.ended(places):
                await asyncio.wait([self._end_room(label, followed)])
            if self._readers.get(reader.username) is not reader:
                break
            missing = self._rooms.missing(reader, places)
            reader.join(missing)
            await self._rooms.enter(reader, missing)
            places = await self._store.places(reader.username)
            if not self._rooms.missing(reader, places):
                break
        return places

    def _end_room(self, label: str, followed: FollowedRoom) -> asyncio.Task[None]:
        """The room's name may mean another room by now, and nobody told."""
        if followed.ending is None:
            followed.ending = self._spawn(self._tell_ending(label, followed))
        return followed.ending

    async def _tell_ending(self, label: str, followed: FollowedRoom) -> None:
        """Tell those who follow the room that it was closed; then they may be in the other one."""
        try:
            ending = await self._store.find_ending(label, followed.epoch)
        finally:
            followed.ending = None
        if ending is None:
            return
        frame = text_frame(events.change(ending, label))
        for reader in tuple(followed.readers):
            self._rooms.leave(reader, [label])
            if reader.is_loaded:
                reader.take(label, 0, frame)
                self._spawn(self._compare_with_store(reader))

    # From the writer to the feed

    async def publish(self, entries: Sequence[Entry]) -> list[bool | None]:
        """Bring what is stored to its people; for each 1:1 message, whether its reader is connected. None: unknown."""
        parcels = [pack(entry) for entry in entries]
        try:
            delivered = await self._feed.deliver(parcels)
        except BusUnavailable:
            delivered = [None] * len(parcels)
        for parcel, known in zip(parcels, delivered, strict=True):
            if known is None:
                self._deliver_here(parcel)
        if None in delivered:
            self._spawn(self._tell_unpublished())
        if any(isinstance(entry, Change) and entry.kind in {Kind.DELETED, Kind.CLOSED} for entry in entries):
            self._feed.tell_of_releases()
        return delivered

    def repeat(self, message: Entry, connection: object) -> None:
        """Answer for a message that was sent again, and nudge: who stored it may have died before publishing it."""
        if not isinstance(message, StoredMessage):
            return
        label = label_for(message.sender_username, message.conversation)
        reader = self._readers.get(message.sender_username)
        # What is still on its way to all of the sender's devices comes to this one with them; of a room that they have
        # left nothing comes.
        if reader is not None and connection in reader.connections:
            on_way_from = message.seq if is_room(label) else 0
            if message.seq <= reader.positions.get(label, on_way_from):
                connection.send_event(label, text_frame(events.sent(message, label)))
        self.nudge({message.conversation: Head(message.seq, message.epoch)})

    def tell_typing(self, username: str, conversation: str) -> None:
        """Nothing that is kept: who is not connected now need not know."""
        if is_room(conversation):
            event = events.typing(conversation, username)
            self._feed.tell([room(conversation)], seal_for_room(conversation, 0, username=username, for_others=event))
            return
        for other in people_in(conversation):
            if other != username:
                label = label_for(other, conversation)
                self._feed.tell([person(other)], seal(label, 0, events.typing(label, username)))

    def tell_both(self, conversation: str, event_for: Callable[[str], bytes]) -> None:
        """The same to both people of a 1:1 conversation, each with their label for it."""
        for username in people_in(conversation):
            label = label_for(username, conversation)
            self._feed.tell([person(username)], seal(label, 0, event_for(label)))

    def nudge(self, ends: Mapping[str, Head]) -> None:
        """Let everybody in these conversations, by stored name, look whether they have all up to the end."""
        for conversation, end in ends.items():
            if is_room(conversation):
                nudges = [(room(conversation), conversation, end.epoch)]
            else:
                nudges = [(person(name), label_for(name, conversation), "") for name in people_in(conversation)]
            for channel, label, epoch in nudges:
                if not self._feed.is_connected:
                    self._on_payload(channel, _nudge(channel, label, epoch, end.seq))
                self._owe(channel, label, epoch, end.seq)
        self._spawn(self._tell_unpublished())

    def _deliver_here(self, parcel: Parcel) -> None:
        """Redis did not take it: readers on this instance get it now, the others when Redis is back."""
        for channel, payload in parcel.envelopes:
            self._on_payload(channel, payload)
            label, seq, _ = open_envelope(payload)
            self._owe(channel, label, epoch_of(payload) if channel == room(label) else "", seq)

    def _owe(self, channel: str, label: str, epoch: str, seq: int) -> None:
        key = (channel, label, epoch)
        self._unpublished[key] = max(seq, self._unpublished.get(key, 0))

    def _after_reconnection(self) -> None:
        self._spawn(self._tell_unpublished())
        for reader in self._readers.values():
            self._spawn(self._compare_with_store(reader))

    async def _tell_unpublished(self) -> None:
        """Nudge for what Redis has not taken yet; what it does not confirm waits for its next return."""
        owed = dict(self._unpublished)
        nudges = [(key[0], _nudge(*key, seq)) for key, seq in owed.items()]
        with suppress(BusUnavailable):
            await self._feed.tell_surely(nudges)
            self._unpublished = {key: seq for key, seq in self._unpublished.items() if seq > owed.get(key, 0)}

    # From the feed to the readers

    def _on_payload(self, channel: str, payload: bytes) -> None:
        kind, _, name = channel.partition(":")
        if kind == "room":
            self._on_room_envelope(payload)
        elif (reader := self._readers.get(name)) is not None:
            self._on_envelope(reader, payload)

    def _on_envelope(self, reader: Reader, payload: bytes) -> None:
        label, seq, event = open_envelope(payload)
        if is_room(label):
            if not self._rooms.follows(reader, label):  # else its own channel tells them
                self._spawn(self._compare_with_store(reader))  # they became a member somewhere
        elif reader.take(label, seq, text_frame(event) if event else None):
            self._start_catching_up(reader)

    def _on_room_envelope(self, payload: bytes) -> None:
        label, seq, username, for_them, for_others, epoch = open_room_envelope(payload)
        if (followed := self._rooms.find(label)) is None:
            return
        if epoch and epoch != followed.epoch:
            if is_before(followed.epoch, epoch):
                self._end_room(label, followed)
            return
        frame = text_frame(for_others) if for_others else None
        own_frame = text_frame(for_them) if for_them else frame
        for reader in tuple(followed.readers):
            if username == reader.username and not seq:
                continue  # nobody is told that they are typing
            if reader.take(label, seq, own_frame if username == reader.username else frame):
                self._start_catching_up(reader)
        if for_others.startswith(_ENDINGS):
            self._end_membership(label, seq, for_others)

    def _end_membership(self, label: str, seq: int, event: bytes) -> None:
        """Who left sees that they did, and nothing after it."""
        ended = msgspec.json.decode(event, type=_Membership)
        for reader in self._rooms.readers(label):
            position = reader.positions.get(label, 0)
            if position > seq or (ended.type != Kind.CLOSED and reader.username != ended.username):
                continue
            self._rooms.leave(reader, [label])
            if position < seq:  # there was a gap, which the store fills for members alone
                reader.take(label, 0, text_frame(event))

    async def _compare_with_store(self, reader: Reader) -> None:
        if (loading := self._loading.get(reader.username)) is not None:
            await asyncio.wait([loading])  # which may have read the store before the subscription was in force
        places: Mapping[str, Place] = await self._store.places(reader.username)
        if self._rooms.missing(reader, places):
            places = await self._enter_rooms(reader, places)
        self._rooms.leave(reader, reader.positions.keys() - places.keys())
        missing = self._rooms.missing(reader, places)
        for label, place in places.items():
            if label not in missing:
                reader.fall_behind(label, place.seq)
        if reader.behind:
            self._start_catching_up(reader)

    def _start_catching_up(self, reader: Reader) -> None:
        if reader not in self._catching_up:
            self._catching_up.add(reader)
            self._spawn(self._catch_up(reader))

    async def _catch_up(self, reader: Reader) -> None:
        try:
            await self._read_on(reader)
        finally:  # with no step between the last look at what is behind and this, or a gap would stay open
            self._catching_up.discard(reader)

    async def _read_on(self, reader: Reader) -> None:
        while reader.behind and self._readers.get(reader.username) is reader:
            label = next(iter(reader.behind))
            followed, position, until = self._rooms.find(label), reader.positions.get(label, 0), reader.behind[label]
            epoch = followed.epoch if followed is not None else None
            page = await self._store.list_after(
                reader.username, label, position, epoch=epoch, until=until, limit=self._catch_up_page
            )
            if label not in reader.behind:
                continue  # they left the room meanwhile
            for entry in page:
                reader.catch_up(label, entry.seq, text_frame(events.replayed(reader.username, entry)))
            if page:
                reader.caught_up(label)
                continue
            if is_room(label):
                await self._compare_with_store(reader)  # they may have left, or the name means another room
            if reader.behind.get(label) == until and not reader.caught_up(label):
                log.error("the store lacks what the feed told of", label=label, seq=reader.behind.pop(label))

    # Background work

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """End what still runs."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _nudge(channel: str, label: str, epoch: str, seq: int) -> bytes:
    return seal_for_room(label, seq, epoch=epoch) if channel == room(label) else seal(label, seq)


class _Membership(msgspec.Struct, frozen=True):
    type: str
    username: str


_ENDINGS = (b'{"type":"left"', b'{"type":"closed"')
