"""Delivery in the moments between: what happens while a reader is loaded is in the store or on the channel, or both."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from chat_service.actions.delivery import Delivery
from chat_service.actions.presence import Presence
from chat_service.app import MIGRATIONS
from chat_service.domain.changes import ChangeDraft, Entry, Kind
from chat_service.domain.envelopes import seal
from chat_service.domain.messages import Draft
from chat_service.domain.places import Place
from chat_service.domain.readers import Reader
from chat_service.feed import Feed
from chat_service.store.conversations import Conversations
from chat_service.store.log import Log
from chat_service.store.people import PeopleStore
from chat_service.store.rooms import Rooms
from servicekit.bus import Bus
from servicekit.database import Connection, Database
from servicekit.frames import payload_of
from tests.valkey import Valkey
from tests.waiting import eventually

GARDEN = "#garden"
Found = TypeVar("Found")
_OPEN = asyncio.Event()
_OPEN.set()


class GatedStore(Conversations):
    """A store whose next answer may take its time to arrive."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.gate = _OPEN
        self.has_read = asyncio.Event()

    async def places(self, username: str) -> dict[str, Place]:
        return await self._delayed(await super().places(username))

    async def list_after(
        self, username: str, label: str, seq: int, *, epoch: str | None, until: int, limit: int
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
        self.frames: list[bytes] = []

    def send_event(self, label: str, frame: bytes) -> None:
        self.frames.append(frame)


class Site:
    """An instance's delivery without its sockets."""

    def __init__(self, path: Path, redis_url: str) -> None:
        self.database = Database(path, MIGRATIONS)
        self.bus = Bus(redis_url, retry_s=0.01)
        self.store, feed = GatedStore(self.database), Feed(self.bus)
        self.presence = Presence(store=PeopleStore(self.database), feed=feed, grace_s=0)
        self.delivery = Delivery(store=self.store, feed=feed, presence=self.presence, catch_up_page=2)
        self._log = Log()
        self._running = asyncio.create_task(self.bus.run())

    async def store_message(self) -> Entry:
        def append(connection: Connection) -> Entry | None:
            self._log.begin(connection)
            draft = Draft(sender_username="Ada", receiver_username="Grace", message="hello", timestamp="now")
            return self._log.append(connection, draft).entry

        return await self._stored(append)

    async def change(self, kind: Kind, whom: str = "") -> Entry:
        """Ada joins, removes or says something in the garden; stored, and not published yet."""

        def append(connection: Connection) -> Entry | None:
            self._log.begin(connection)
            draft = ChangeDraft(kind=kind, username="Ada", timestamp="now", conversation=GARDEN, value=whom)
            return self._log.append(connection, draft).entry

        return await self._stored(append)

    async def say_in_garden(self) -> Entry:
        def append(connection: Connection) -> Entry | None:
            self._log.begin(connection)
            draft = Draft(sender_username="Ada", room="garden", message="hello", timestamp="now")
            return self._log.append(connection, draft).entry

        return await self._stored(append)

    async def _stored(self, append: Callable[[Connection], Entry | None]) -> Entry:
        stored = await self.database.write(append)
        assert stored is not None
        return stored

    async def make_garden(self, *members: str) -> None:
        await Rooms(self.database).create(name="garden", topic="", private=False, owner="Ada", now="now")
        for member in ("Ada", *members):
            await self.change(Kind.JOINED, member)

    async def close(self) -> None:
        await self.presence.close()
        await self.delivery.close()
        self._running.cancel()
        await asyncio.wait([self._running])
        self.database.close()


@pytest.fixture
async def site(tmp_path: Path, valkey: Valkey) -> AsyncIterator[Site]:
    made = Site(tmp_path / "chat.db", valkey.url)
    await eventually(lambda: made.bus.is_connected)
    yield made
    await made.close()


async def join(reader: Reader) -> tuple[int, Recorder]:
    """A connection of the reader, and where it starts."""
    recorder = Recorder()
    reader.connections.append(recorder)
    return reader.positions.get("@Ada", 0), recorder


async def test_what_is_published_while_the_store_is_read_is_passed_on(site: Site) -> None:
    site.store.gate = gate = asyncio.Event()
    entering = asyncio.create_task(site.delivery.enter("Grace"))
    await site.store.has_read.wait()
    await site.delivery.publish([await site.store_message()])  # comes over the channel before the answer of the store
    gate.set()
    reader = await entering
    started_at, recorder = await join(reader)
    await eventually(lambda: started_at + len(recorder.frames) == 1)
    await site.delivery.publish([await site.store_message()])
    await eventually(lambda: started_at + len(recorder.frames) == 2)
    assert not reader.behind


async def test_what_was_stored_while_redis_came_back_is_passed_on(site: Site, valkey: Valkey) -> None:
    valkey.kill()
    await eventually(lambda: not site.bus.is_connected)
    site.store.gate = gate = asyncio.Event()
    entering = asyncio.create_task(site.delivery.enter("Grace"))
    await site.store.has_read.wait()
    await site.store_message()  # by another instance, which published it before the subscription here was in force
    valkey.start()
    await eventually(lambda: site.bus.is_connected)
    await site.bus.ping()
    await site.store.places("Grace")  # whoever compares with the store without waiting has now done so
    gate.set()
    reader = await entering
    started_at, recorder = await join(reader)
    await eventually(lambda: started_at + len(recorder.frames) == 1)
    assert reader.positions == {"@Ada": 1}


async def test_a_gap_is_filled_page_by_page_and_what_comes_meanwhile_follows(site: Site) -> None:
    reader = await site.delivery.enter("Grace")
    _, recorder = await join(reader)
    *_, seventh = [await site.store_message() for _ in range(7)]
    for _ in range(2):
        await site.delivery.publish([seventh])  # alone, and again
    await eventually(lambda: len(recorder.frames) == 7)
    await site.delivery.publish([await site.store_message()])
    await eventually(lambda: len(recorder.frames) == 8)
    assert [b'"seq":%d,' % (at + 1) in frame for at, frame in enumerate(recorder.frames)] == [True] * 8


async def test_who_left_while_catching_up_is_sent_nothing_and_read_no_further(site: Site) -> None:
    reader = await site.delivery.enter("Grace")
    _, recorder = await join(reader)
    for _ in range(3):
        await site.store_message()
    site.store.gate = gate = asyncio.Event()
    await site.bus.execute(("PUBLISH", site.bus.channel("person:Grace"), seal("@Ada", 3)))
    await site.store.has_read.wait()
    site.delivery.leave(reader, recorder)
    gate.set()
    await eventually(lambda: reader.positions == {"@Ada": 2})
    await site.store.places("Grace")  # time enough to read on
    assert reader.positions == {"@Ada": 2}
    assert recorder.frames == []


async def test_news_of_what_the_store_does_not_have_harms_nobody(site: Site) -> None:
    reader = await site.delivery.enter("Grace")
    _, recorder = await join(reader)
    await site.bus.execute(("PUBLISH", site.bus.channel("person:Grace"), seal("@Ada", 9)))
    await eventually(lambda: not reader.behind)
    await site.delivery.publish([await site.store_message()])
    await eventually(lambda: len(recorder.frames) == 1)


async def test_a_store_that_fails_lets_nobody_enter_and_the_next_try_may(site: Site) -> None:
    read, site.database.read = site.database.read, None  # type: ignore[assignment,method-assign]
    with pytest.raises(TypeError):
        await site.delivery.enter("Grace")
    site.database.read = read  # type: ignore[method-assign]
    assert (await site.delivery.enter("Grace")).is_loaded


async def test_what_still_runs_ends_with_the_service(site: Site) -> None:
    site.store.gate = asyncio.Event()
    entering = asyncio.create_task(site.delivery.enter("Grace"))
    await site.store.has_read.wait()
    await site.delivery.close()
    with pytest.raises(asyncio.CancelledError):
        await entering


# Rooms


def kinds(recorder: Recorder) -> list[tuple[str, int]]:
    """The type and the `seq` of each event that came."""
    told = [json.loads(payload_of(frame)) for frame in recorder.frames]
    return [(event["type"], event.get("seq", 0)) for event in told]


async def test_who_is_removed_while_a_gap_is_read_hears_that_and_nothing_more(site: Site) -> None:
    await site.make_garden("Grace")
    reader = await site.delivery.enter("Grace")
    _, recorder = await join(reader)
    await site.say_in_garden()
    fourth = await site.say_in_garden()
    site.store.gate = gate = asyncio.Event()
    await site.delivery.publish([fourth])  # a gap: the third is to be read
    await site.store.has_read.wait()
    await site.delivery.publish([await site.change(Kind.LEFT, "Grace"), await site.say_in_garden()])
    gate.set()
    await eventually(lambda: GARDEN not in reader.positions)
    await site.delivery.publish([await site.store_message()])  # whatever was read has been passed on before this
    await eventually(lambda: kinds(recorder)[-1:] == [("message", 1)])
    assert kinds(recorder) == [("left", 5), ("message", 1)]
    assert reader.positions == {"@Ada": 1}


async def test_news_of_a_room_that_they_left_long_ago_lets_nobody_in(site: Site) -> None:
    await site.make_garden("Grace")
    await site.change(Kind.LEFT, "Grace")
    reader = await site.delivery.enter("Grace")
    _, recorder = await join(reader)
    late = seal(GARDEN, 2)
    await site.bus.execute(("PUBLISH", site.bus.channel("person:Grace"), late))
    await site.store.places("Grace")
    site.delivery.tell_typing("Ada", GARDEN)
    await site.delivery.publish([await site.say_in_garden(), await site.store_message()])
    await eventually(lambda: recorder.frames != [])
    assert kinds(recorder) == [("message", 1)]


async def test_who_joins_hears_everything_since_although_more_was_said_meanwhile(site: Site) -> None:
    await site.make_garden()
    for _ in range(3):
        await site.say_in_garden()
    reader = await site.delivery.enter("Grace")
    _, recorder = await join(reader)
    joined = await site.change(Kind.JOINED, "Grace")
    said = [await site.say_in_garden() for _ in range(3)]
    site.store.gate = gate = asyncio.Event()
    await site.delivery.publish([joined])
    await site.store.has_read.wait()
    await site.delivery.publish(said[:2])
    gate.set()
    await eventually(lambda: len(recorder.frames) == 4)
    await site.delivery.publish([said[2], await site.say_in_garden()])
    await eventually(lambda: len(recorder.frames) == 5)
    assert kinds(recorder) == [("joined", 5), *(("message", seq) for seq in range(6, 10))]


async def test_who_left_while_their_rooms_were_entered_is_followed_no_further(site: Site) -> None:
    await site.make_garden("Grace")
    site.store.gate = gate = asyncio.Event()
    entering = asyncio.create_task(site.delivery.enter("Grace"))
    await site.store.has_read.wait()
    await site.delivery.publish([await site.change(Kind.LEFT, "Grace")])
    gate.set()
    reader = await entering
    _, recorder = await join(reader)
    site.delivery.tell_typing("Ada", GARDEN)
    await site.delivery.publish([await site.store_message()])
    await eventually(lambda: recorder.frames != [])
    assert kinds(recorder) == [("message", 1)]
    assert reader.positions == {"@Ada": 1}


async def test_a_reader_who_is_gone_when_the_store_answers_follows_no_room(site: Site) -> None:
    await site.make_garden()
    reader = await site.delivery.enter("Grace")
    _, recorder = await join(reader)
    joined = await site.change(Kind.JOINED, "Grace")
    site.store.gate = gate = asyncio.Event()
    await site.delivery.publish([joined])
    await site.store.has_read.wait()
    site.delivery.leave(reader, recorder)
    gate.set()
    await site.bus.ping()
    await site.store.places("Grace")
    (subscribers,) = await site.bus.execute(("PUBSUB", "NUMSUB", site.bus.channel(f"room:{GARDEN}")))
    assert subscribers[1] == 0
    assert recorder.frames == []


async def test_a_store_that_fails_while_rooms_are_entered_leaves_no_trace(site: Site) -> None:
    await site.make_garden("Grace")
    read = Conversations.places
    answers = 0

    async def fail_the_second_time(username: str) -> dict[str, Place]:
        nonlocal answers
        answers += 1
        if answers == 2:
            raise OSError("the disk is gone")
        return await read(site.store, username)

    site.store.places = fail_the_second_time  # type: ignore[method-assign]
    with pytest.raises(OSError):
        await site.delivery.enter("Grace")
    (subscribers,) = await site.bus.execute(("PUBSUB", "NUMSUB", site.bus.channel(f"room:{GARDEN}")))
    assert subscribers[1] == 0
    assert (await site.delivery.enter("Grace")).positions == {GARDEN: 2}
