"""Delivery: brings what is stored to every connection of those concerned, once and in order, whatever Redis does."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any, Protocol

from chat_service.actions.presence import Presence
from chat_service.domain import events
from chat_service.domain.conversations import label_of_person
from chat_service.domain.envelopes import open_envelope, seal
from chat_service.domain.messages import StoredMessage
from chat_service.domain.readers import Connection, Reader
from chat_service.feed import Delivery as FeedDelivery
from chat_service.feed import Feed
from chat_service.store import Store
from servicekit.bus import BusUnavailable
from servicekit.frames import text_frame
from servicekit.logs import get_logger

CATCH_UP_PAGE = 500
log = get_logger(__name__)


class PacedConnection(Connection, Protocol):
    """A connection that can be held while it is brought up to date."""

    def send_first(self, frame: bytes) -> None: ...
    async def drained(self) -> None: ...


class Delivery:
    """Knows the readers connected here, and follows the feed for them; where the feed has a gap, the store fills it."""

    def __init__(self, *, store: Store, feed: Feed, presence: Presence) -> None:
        self._store = store
        self._feed = feed
        self._presence = presence
        self._readers: dict[str, Reader] = {}
        self._loading: dict[str, asyncio.Task[None]] = {}
        self._catching_up: set[Reader] = set()
        self._unpublished: dict[tuple[str, str], int] = {}  # (reader, label): last seq
        self._tasks: set[asyncio.Task[None]] = set()
        feed.on_connected(self._after_reconnection)

    # Readers come and go

    async def enter(self, username: str) -> Reader:
        """The person's reader, at a known place in each conversation. Follow with `join` or `leave` at once."""
        while (reader := self._readers.get(username)) is None or not reader.is_loaded:
            if (loading := self._loading.get(username)) is None:
                loading = self._loading[username] = self._spawn(self._load(username))
            await asyncio.shield(loading)
        return reader

    def leave(self, reader: Reader, connection: Connection | None = None) -> None:
        """Take `connection` out; with the last one the reader goes."""
        if connection in reader.connections:
            reader.connections.remove(connection)
        if not reader.connections and self._readers.get(reader.username) is reader:
            del self._readers[reader.username]
            self._feed.unsubscribe(reader.username)
            self._presence.left(reader.username)

    async def _load(self, username: str) -> None:
        reader = self._readers[username] = Reader(username)
        try:
            is_news = await self._presence.arriving(username)
            # First the subscription, then the store: what comes between is in both, and passed on once.
            await self._feed.subscribe(username, lambda payload: self._on_envelope(reader, payload))
            if reader.load(await self._store.positions(username)):
                self._start_catching_up(reader)
        except BaseException:
            self._readers.pop(username, None)
            self._feed.unsubscribe(username)
            raise
        finally:
            del self._loading[username]
        if is_news:
            self._spawn(self._presence.arrived(username))

    # From the writer to the feed

    async def publish(self, messages: Sequence[StoredMessage]) -> list[bool | None]:
        """Bring stored messages to their people; for each, whether its reader is connected, None if unknown."""
        deliveries = [_seal(message) for message in messages]
        try:
            delivered = await self._feed.deliver(deliveries)
        except BusUnavailable:
            delivered = [None] * len(messages)
        for message, delivery, known in zip(messages, deliveries, delivered, strict=True):
            if known is None:
                self._deliver_here(message, delivery)
        if None in delivered:
            self._spawn(self._tell_unpublished())
        return delivered

    def repeat(self, message: StoredMessage, connection: Connection) -> None:
        """Answer for a message that was sent again, and nudge: who stored it may have died before publishing it."""
        sender, receiver = message.sender_username, message.receiver_username
        reader, label = self._readers.get(sender), label_of_person(receiver)
        # What is still on its way to all of the sender's devices comes to this one with them.
        if reader is not None and message.seq <= reader.positions.get(label, 0):
            connection.send(text_frame(events.sent(message)))
        self._nudge(sender, label, message.seq)
        self._nudge(receiver, label_of_person(sender), message.seq)
        self._spawn(self._tell_unpublished())

    def _nudge(self, username: str, label: str, seq: int) -> None:
        if not self._feed.is_connected and (reader := self._readers.get(username)) is not None:
            self._on_envelope(reader, seal(label, seq))
        self._unpublished[username, label] = max(seq, self._unpublished.get((username, label), 0))

    def _deliver_here(self, message: StoredMessage, delivery: FeedDelivery) -> None:
        """Redis did not take it: readers on this instance get it now, the others when Redis is back."""
        for username, payload in (
            (delivery.reader, delivery.to_reader),
            (delivery.sender, delivery.to_sender_open + b"null}"),
        ):
            if (reader := self._readers.get(username)) is not None:
                self._on_envelope(reader, payload)
            label, seq, _ = open_envelope(payload)
            self._unpublished[username, label] = max(seq, self._unpublished.get((username, label), 0))

    def _after_reconnection(self) -> None:
        self._spawn(self._tell_unpublished())
        for reader in self._readers.values():
            self._spawn(self._compare_with_store(reader))

    async def _tell_unpublished(self) -> None:
        """Nudge for what Redis has not taken yet; what it does not confirm waits for its next return."""
        owed = dict(self._unpublished)
        nudges = [(username, seal(label, seq)) for (username, label), seq in owed.items()]
        with suppress(BusUnavailable):
            await self._feed.tell_surely(nudges)
            self._unpublished = {key: seq for key, seq in self._unpublished.items() if seq > owed.get(key, 0)}

    # From the feed to the readers

    def _on_envelope(self, reader: Reader, payload: bytes) -> None:
        if reader.take(*open_envelope(payload)):
            self._start_catching_up(reader)

    async def _compare_with_store(self, reader: Reader) -> None:
        if (loading := self._loading.get(reader.username)) is not None:
            await asyncio.wait([loading])  # which may have read the store before the subscription was in force
        for label, seq in (await self._store.positions(reader.username)).items():
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
                reader.username, label, position, until=reader.behind[label], limit=CATCH_UP_PAGE
            )
            for message in page:
                reader.catch_up(label, message.seq, events.replayed(reader.username, message))
            if not page and not reader.caught_up(label):
                log.error("the store lacks what the feed told of", label=label, seq=reader.behind.pop(label))
            elif page:
                reader.caught_up(label)

    # One connection that was away

    async def replay(
        self,
        reader: Reader,
        connection: PacedConnection,
        *,
        since: dict[str, int],
        until: dict[str, int],
        events_max: int,
    ) -> None:
        """Send the messages after `since` up to `until`, the newest `events_max` a conversation, then `resumed`."""
        truncated = []
        for label, last in until.items():
            first = since.get(label, 0)
            if last - first > events_max:
                truncated.append(label)
                first = last - events_max
            if first >= last:
                continue
            page = await self._store.list_after(reader.username, label, first, until=last, limit=events_max)
            for message in page:
                connection.send_first(text_frame(events.replayed(reader.username, message)))
            self._nudge_for_own(reader.username, page)
            await connection.drained()
        connection.send_first(text_frame(events.resumed(until, truncated)))

    def _nudge_for_own(self, username: str, page: Sequence[StoredMessage]) -> None:
        """To replay one's own message is to acknowledge it, so its reader must learn of it: see `repeat`."""
        own = [message for message in page if message.sender_username == username]
        if own:
            self._nudge(own[-1].receiver_username, label_of_person(username), own[-1].seq)
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


def _seal(message: StoredMessage) -> FeedDelivery:
    sender, receiver = message.sender_username, message.receiver_username
    return FeedDelivery(
        reader=receiver,
        to_reader=seal(label_of_person(sender), message.seq, events.message(message)),
        sender=sender,
        to_sender_open=seal(label_of_person(receiver), message.seq, events.sent_open(message)),
    )
