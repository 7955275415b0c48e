"""A site of local readers whose store can be held up, and those who enter it."""

import asyncio
from typing import TypeVar

from chat_service.actions.catch_up import CatchUp
from chat_service.actions.local_readers import LocalReaders
from chat_service.actions.nudges import Nudges
from chat_service.actions.outcomes import PendingOutcome
from chat_service.actions.presence import Presence
from chat_service.actions.publisher import Publisher
from chat_service.actions.room_subscriptions import RoomSubscriptions
from chat_service.actions.typing_notices import TypingNotices
from chat_service.domain.changes import Appended, Entry, Kind
from chat_service.domain.conversations import Conversation, Label
from chat_service.domain.envelopes import to_person as envelope_to_person
from chat_service.domain.events import EncodedEvent
from chat_service.domain.intents import Draft
from chat_service.domain.places import Place
from chat_service.domain.readers import Reader
from chat_service.feed import Feed, encode
from chat_service.store.blocks import Blocks
from chat_service.store.conversations import Conversations
from chat_service.store.engines import log_of
from chat_service.store.people import PeopleStore
from chat_service.store.rooms import Rooms
from servicekit.bus import Bus
from servicekit.database import Connection, Database
from tests.chat_service.drafts import change, to_person, to_room

GARDEN, ADA = Label("#garden"), Label("@Ada")
Found = TypeVar("Found")
_OPEN = asyncio.Event()
_OPEN.set()


async def _nobody_is(_username: str, _room: str) -> bool:
    return False


class GatedStore(Conversations):
    """A store whose next answer may take its time to arrive."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.gate = _OPEN
        self.has_read = asyncio.Event()

    async def places(self, username: str) -> dict[Label, Place]:
        return await self._delayed(await super().places(username))

    async def list_after(
        self, username: str, label: Label, seq: int, *, epoch: str | None, until: int, limit: int
    ) -> list[Entry]:
        found = await super().list_after(username, label, seq, epoch=epoch, until=until, limit=limit)
        return await self._delayed(found)

    async def _delayed(self, found: Found) -> Found:
        gate, self.gate = self.gate, _OPEN
        if not gate.is_set():
            self.has_read.set()
        await gate.wait()
        return found


class Recorder:
    def __init__(self) -> None:
        self.events: list[bytes] = []

    def send_event(self, label: Label | None, event: EncodedEvent) -> None:
        self.events.append(event.json)


class Site:
    """An instance without its sockets."""

    def __init__(self, database: Database, redis_url: str) -> None:
        self.database = database
        self.bus = Bus(redis_url, retry_s=0.01)
        self.store, feed = GatedStore(self.database), Feed(self.bus)
        self.presence = Presence(store=PeopleStore(self.database), feed=feed, grace_s=0)
        self.rooms = RoomSubscriptions(feed=feed, store=self.store)
        self.catch_up = CatchUp(store=self.store, rooms=self.rooms, page=2)
        self.readers = LocalReaders(
            store=self.store, feed=feed, presence=self.presence, rooms=self.rooms, catch_up=self.catch_up
        )
        self.nudges = Nudges(feed=feed, deliver_here=self.readers.receive)
        self.publisher = Publisher(feed=feed, nudges=self.nudges, readers=self.readers, on_told=lambda _: None)
        self.typing = TypingNotices(
            feed=feed,
            monotonic=lambda: 0,
            check_accepts=Blocks(database, forget=lambda _: None).check_accepts,
            is_timed_out=_nobody_is,
        )
        self._log = log_of(database)
        self.has_compared = asyncio.Event()  # after the first connection, of which the readers hear before
        self.bus.on_connected(self.has_compared.set)
        self._running = asyncio.create_task(self.bus.run())

    async def store_message(self) -> Entry:
        """Of Ada's to Grace; not published yet."""
        return await self._store(to_person("Ada", "Grace"))

    async def change(self, kind: Kind, whom: str = "") -> Entry:
        """Ada adds or removes somebody in the garden."""
        return await self._store(change(kind, "Ada", conversation=GARDEN.text, value=whom))

    async def say_in_garden(self) -> Entry:
        return await self._store(to_room("Ada", "garden"))

    async def _store(self, draft: Draft) -> Entry:
        def append(connection: Connection) -> Entry | None:
            self._log.begin(connection)
            return self._log.append(connection, draft).entry

        stored = await self.database.write(append)
        assert stored is not None
        return stored

    async def publish(self, *entries: Entry) -> None:
        """Return when those concerned have been told."""
        pending = [PendingOutcome() for _ in entries]
        self.publisher.stored([*zip(pending, (Appended(entry, is_new=True) for entry in entries), strict=True)])
        for one in pending:
            await one.entry

    async def nudge_grace(self, label: Label, seq: int) -> None:
        envelope = envelope_to_person("Grace", label, seq)
        await self.bus.execute(("PUBLISH", self.bus.channel(envelope.channel), encode(envelope)))

    async def ada_types_in_garden(self) -> None:
        reader = Reader("Ada")
        reader.positions[GARDEN] = 1
        self.typing.tell(reader, Conversation.room("garden"))

    async def make_garden(self, *members: str) -> None:
        await Rooms(self.database).create(name="garden", topic="", private=False, owner="Ada", now="now")
        for member in ("Ada", *members):
            await self.change(Kind.JOINED, member)

    async def close(self) -> None:
        for part in (self.presence, self.publisher, self.nudges, self.readers, self.catch_up, self.rooms):
            await part.close()
        self._running.cancel()
        await asyncio.wait([self._running])


async def join(reader: Reader) -> tuple[int, Recorder]:
    """A connection of the reader, and where it starts."""
    recorder = Recorder()
    reader.connections.append(recorder)
    return reader.positions.get(ADA, 0), recorder
