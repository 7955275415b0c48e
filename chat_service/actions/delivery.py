"""Delivery: brings what is stored to every connection of those concerned, once and in order, whatever Redis does."""

import asyncio
from collections.abc import Awaitable, Callable, Container, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

import msgspec

from chat_service.actions.presence import Presence
from chat_service.domain import events
from chat_service.domain.changes import Change, Entry, Kind
from chat_service.domain.conversations import is_room, label_for, people_in
from chat_service.domain.envelopes import open_envelope, open_room_envelope, seal, seal_for_room
from chat_service.domain.messages import StoredMessage
from chat_service.domain.parcels import Parcel, pack, person, room
from chat_service.domain.readers import Connection, Reader
from chat_service.feed import Feed
from chat_service.store.conversations import Conversations
from servicekit.bus import BusUnavailable
from servicekit.frames import text_frame
from servicekit.logs import get_logger

CATCH_UP_PAGE = 500
log = get_logger(__name__)


class PacedConnection(Connection, Protocol):
    """A connection that can be held while it is brought up to date."""

    def replay_event(self, label: str, frame: bytes) -> None: ...
    async def drained(self) -> None: ...


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
        self._rooms: dict[str, _Room] = {}  # by label
        self._loading: dict[str, asyncio.Task[None]] = {}
        self._catching_up: set[Reader] = set()
        self._unpublished: dict[tuple[str, str], int] = {}  # (channel, label): last seq
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
            self._leave_rooms(reader, list(reader.positions))
            self._presence.left(reader.username)

    async def _load(self, username: str) -> None:
        reader = self._readers[username] = Reader(username)
        before: dict[str, int] = {}
        try:
            is_news = await self._presence.arriving(username)
            # First the subscriptions, then the store: what comes between is in both, and passed on once.
            await self._feed.subscribe(person(username), lambda payload: self._on_envelope(reader, payload))
            self._presence.returned(username)
            before = await self._store.positions(username)
            await self._enter_rooms(reader, before)
            positions = await self._store.positions(username)
            self._leave_rooms(reader, before.keys() - positions.keys())
            if reader.load(positions):
                self._start_catching_up(reader)
        except BaseException:
            self._readers.pop(username, None)
            self._feed.unsubscribe(person(username))
            self._leave_rooms(reader, before)
            raise
        finally:
            del self._loading[username]
        if is_news:
            self._spawn(self._presence.arrived(username))

    async def _enter_rooms(self, reader: Reader, labels: Iterable[str]) -> None:
        """Follow these rooms; when it returns, their events come. Who leaves meanwhile is out at once."""
        entered = []
        for label in filter(is_room, labels):
            if label not in self._rooms:
                self._rooms[label] = _Room(self._feed.subscribe(room(label), self._on_room_envelope))
            self._rooms[label].readers.add(reader)
            entered.append(self._rooms[label].in_force)
        if entered:
            await asyncio.wait(entered)

    def _follows(self, reader: Reader, label: str) -> bool:
        return label in self._rooms and reader in self._rooms[label].readers

    def _leave_room(self, reader: Reader, label: str) -> None:
        reader.leave(label)
        if (followed := self._rooms.get(label)) is not None:
            followed.readers.discard(reader)
            if not followed.readers:
                del self._rooms[label]
                self._feed.unsubscribe(room(label))

    def _leave_rooms(self, reader: Reader, labels: Iterable[str]) -> None:
        for label in filter(is_room, labels):
            self._leave_room(reader, label)

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
        self._nudge(message.conversation, message.seq)
        self._spawn(self._tell_unpublished())

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

    def nudge(self, positions: Mapping[str, int]) -> None:
        """Let everybody in these conversations, by stored name, look whether they have all up to their `seq`."""
        for conversation, seq in positions.items():
            self._nudge(conversation, seq)
        self._spawn(self._tell_unpublished())

    def _nudge(self, conversation: str, seq: int) -> None:
        """Let everybody in the conversation look whether they have `seq`."""
        if is_room(conversation):
            nudges = [(room(conversation), conversation, seal_for_room(conversation, seq))]
        else:
            labels = [(name, label_for(name, conversation)) for name in people_in(conversation)]
            nudges = [(person(name), label, seal(label, seq)) for name, label in labels]
        for channel, label, payload in nudges:
            if not self._feed.is_connected:
                self._on_payload(channel, payload)
            self._owe(channel, label, seq)

    def _deliver_here(self, parcel: Parcel) -> None:
        """Redis did not take it: readers on this instance get it now, the others when Redis is back."""
        for channel, payload in parcel.envelopes:
            self._on_payload(channel, payload)
            label, seq, _ = payload.split(b" ", 2)
            self._owe(channel, label.decode(), int(seq))

    def _owe(self, channel: str, label: str, seq: int) -> None:
        self._unpublished[channel, label] = max(seq, self._unpublished.get((channel, label), 0))

    def _after_reconnection(self) -> None:
        self._spawn(self._tell_unpublished())
        for reader in self._readers.values():
            self._spawn(self._compare_with_store(reader))

    async def _tell_unpublished(self) -> None:
        """Nudge for what Redis has not taken yet; what it does not confirm waits for its next return."""
        owed = dict(self._unpublished)
        nudges = [
            (channel, seal_for_room(label, seq) if channel == room(label) else seal(label, seq))
            for (channel, label), seq in owed.items()
        ]
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
        if is_room(label) and not self._follows(reader, label):
            self._spawn(self._compare_with_store(reader))  # they became a member somewhere
        elif reader.take(label, seq, text_frame(event) if event else None):
            self._start_catching_up(reader)

    def _on_room_envelope(self, payload: bytes) -> None:
        label, seq, username, for_them, for_others = open_room_envelope(payload)
        frame = text_frame(for_others) if for_others else None
        own_frame = text_frame(for_them) if for_them else frame
        for reader in self._following(label):
            if username == reader.username and not seq:
                continue  # nobody is told that they are typing
            if reader.take(label, seq, own_frame if username == reader.username else frame):
                self._start_catching_up(reader)
        if for_others.startswith(_ENDINGS):
            self._end_membership(label, seq, for_others)

    def _following(self, label: str) -> tuple[Reader, ...]:
        return tuple(self._rooms[label].readers) if label in self._rooms else ()

    def _end_membership(self, label: str, seq: int, event: bytes) -> None:
        """Who left sees that they did, and nothing after it."""
        ended = msgspec.json.decode(event, type=_Membership)
        for reader in self._following(label):
            position = reader.positions.get(label, 0)
            if position > seq or (ended.type != Kind.CLOSED and reader.username != ended.username):
                continue
            self._leave_room(reader, label)
            if position < seq:  # there was a gap, which the store fills for members alone
                reader.take(label, 0, text_frame(event))

    async def _compare_with_store(self, reader: Reader) -> None:
        if (loading := self._loading.get(reader.username)) is not None:
            await asyncio.wait([loading])  # which may have read the store before the subscription was in force
        positions = await self._store.positions(reader.username)
        joined = [label for label in positions if is_room(label) and not self._follows(reader, label)]
        starts = {label: await self._store.joined_seq(reader.username, label) - 1 for label in joined}
        if joined and self._readers.get(reader.username) is reader:
            for label, seq in starts.items():
                reader.positions.setdefault(label, max(0, seq))
            await self._enter_rooms(reader, joined)
            positions = await self._store.positions(reader.username)  # again: the subscription is in force only now
        self._leave_rooms(reader, reader.positions.keys() - positions.keys())
        for label, seq in positions.items():
            if self._follows(reader, label) or not is_room(label):
                reader.fall_behind(label, seq)
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
            position = reader.positions.get(label, 0)
            page = await self._store.list_after(
                reader.username, label, position, until=reader.behind[label], limit=self._catch_up_page
            )
            if label not in reader.behind:
                continue  # they left the room meanwhile
            for entry in page:
                reader.catch_up(label, entry.seq, text_frame(events.replayed(reader.username, entry)))
            if page:
                reader.caught_up(label)
            elif is_room(label) and not await self._store.is_member(reader.username, label):
                self._leave_room(reader, label)
            elif label in reader.behind and not reader.caught_up(label):
                log.error("the store lacks what the feed told of", label=label, seq=reader.behind.pop(label))

    # One connection that was away

    async def replay(
        self,
        reader: Reader,
        connection: PacedConnection,
        *,
        since: dict[str, int],
        until: dict[str, int],
        overtaken: Container[str],
        events_max: int,
    ) -> None:
        """Send the entries after `since` up to `until`, the newest `events_max` a conversation, then `resumed`.

        Nothing of conversations that are `overtaken`: what came after is out already.
        """
        truncated = []
        for label, last in until.items():
            first = since.get(label, 0)
            if first < last and label in overtaken:
                truncated.append(label)
                continue
            if last - first > events_max:
                truncated.append(label)
                first = last - events_max
            if first >= last:
                continue
            page = await self._store.list_missed(reader.username, label, first, until=last, limit=events_max)
            for entry in page:
                connection.replay_event(label, text_frame(events.replayed(reader.username, entry)))
            self._nudge_for_own(reader.username, page)
            await connection.drained()
        connection.replay_event("", text_frame(events.resumed(until, truncated)))

    def _nudge_for_own(self, username: str, page: Sequence[Entry]) -> None:
        """To replay one's own message is to acknowledge it, so its reader must learn of it: see `repeat`."""
        own = [entry for entry in page if isinstance(entry, StoredMessage) and entry.sender_username == username]
        if own:
            self._nudge(own[-1].conversation, own[-1].seq)
            self._spawn(self._tell_unpublished())

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


class _Room:
    """Who follows a room here; `in_force` ends when its events come, or from the next connection on will."""

    def __init__(self, subscribed: Awaitable[bool]) -> None:
        self.readers: set[Reader] = set()
        self.in_force = asyncio.ensure_future(subscribed)


class _Membership(msgspec.Struct, frozen=True):
    type: str
    username: str


_ENDINGS = (b'{"type":"left"', b'{"type":"closed"')
