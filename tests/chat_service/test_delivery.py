"""Delivery in the moments between: what happens while a reader is loaded is in the store or on the channel, or both."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeVar

import pytest

from chat_service.actions.delivery import Delivery
from chat_service.actions.presence import Presence
from chat_service.app import MIGRATIONS
from chat_service.domain.envelopes import seal
from chat_service.domain.messages import Draft, StoredMessage
from chat_service.domain.readers import Reader
from chat_service.feed import Feed
from chat_service.store import Log, Store
from servicekit.bus import Bus
from servicekit.database import Connection, Database
from tests.chat_service.world import until
from tests.valkey import Valkey

Found = TypeVar("Found")
_OPEN = asyncio.Event()
_OPEN.set()


class GatedStore(Store):
    """A store whose next answer may take its time to arrive."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.gate = _OPEN
        self.has_read = asyncio.Event()

    async def positions(self, username: str) -> dict[str, int]:
        return await self._delayed(await super().positions(username))

    async def list_after(self, username: str, label: str, seq: int, *, until: int, limit: int) -> list[StoredMessage]:
        return await self._delayed(await super().list_after(username, label, seq, until=until, limit=limit))

    async def _delayed(self, found: Found) -> Found:
        gate, self.gate = self.gate, _OPEN
        if not gate.is_set():
            self.has_read.set()
        await gate.wait()
        return found


class Recorder:
    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def send(self, frame: bytes) -> None:
        self.frames.append(frame)


class Site:
    """An instance's delivery without its sockets."""

    def __init__(self, path: Path, redis_url: str) -> None:
        self.database = Database(path, MIGRATIONS)
        self.bus = Bus(redis_url, retry_s=0.01)
        self.store, feed = GatedStore(self.database), Feed(self.bus)
        self.presence = Presence(store=self.store, feed=feed, grace_s=0)
        self.delivery = Delivery(store=self.store, feed=feed, presence=self.presence)
        self._log = Log()
        self._running = asyncio.create_task(self.bus.run())

    async def store_message(self) -> StoredMessage:
        def append(connection: Connection) -> StoredMessage:
            self._log.begin(connection)
            draft = Draft(sender_username="Ada", receiver_username="Grace", message="hello", timestamp="now")
            return self._log.append(connection, draft).message

        return await self.database.write(append)

    async def close(self) -> None:
        await self.presence.close()
        await self.delivery.close()
        self._running.cancel()
        await asyncio.wait([self._running])
        self.database.close()


@pytest.fixture
async def site(tmp_path: Path, valkey: Valkey) -> AsyncIterator[Site]:
    made = Site(tmp_path / "chat.db", valkey.url)
    await until(lambda: made.bus.is_connected)
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
    await until(lambda: started_at + len(recorder.frames) == 1)
    await site.delivery.publish([await site.store_message()])
    await until(lambda: started_at + len(recorder.frames) == 2)
    assert not reader.behind


async def test_what_was_stored_while_redis_came_back_is_passed_on(site: Site, valkey: Valkey) -> None:
    valkey.kill()
    await until(lambda: not site.bus.is_connected)
    site.store.gate = gate = asyncio.Event()
    entering = asyncio.create_task(site.delivery.enter("Grace"))
    await site.store.has_read.wait()
    await site.store_message()  # by another instance, which published it before the subscription here was in force
    valkey.start()
    await until(lambda: site.bus.is_connected)
    await site.bus.ping()
    await site.store.positions("Grace")  # whoever compares with the store without waiting has now done so
    gate.set()
    reader = await entering
    started_at, recorder = await join(reader)
    await until(lambda: started_at + len(recorder.frames) == 1)
    assert reader.positions == {"@Ada": 1}


async def test_a_gap_is_filled_page_by_page_and_what_comes_meanwhile_follows(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat_service.actions.delivery.CATCH_UP_PAGE", 2)
    reader = await site.delivery.enter("Grace")
    _, recorder = await join(reader)
    *_, seventh = [await site.store_message() for _ in range(7)]
    for _ in range(2):
        await site.delivery.publish([seventh])  # alone, and again
    await until(lambda: len(recorder.frames) == 7)
    await site.delivery.publish([await site.store_message()])
    await until(lambda: len(recorder.frames) == 8)
    assert [b'"seq":%d,' % (at + 1) in frame for at, frame in enumerate(recorder.frames)] == [True] * 8


async def test_who_left_while_catching_up_is_sent_nothing_and_read_no_further(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = await site.delivery.enter("Grace")
    _, recorder = await join(reader)
    monkeypatch.setattr("chat_service.actions.delivery.CATCH_UP_PAGE", 2)
    for _ in range(3):
        await site.store_message()
    site.store.gate = gate = asyncio.Event()
    await site.bus.execute(("PUBLISH", site.bus.channel("person:Grace"), seal("@Ada", 3)))
    await site.store.has_read.wait()
    site.delivery.leave(reader, recorder)
    gate.set()
    await until(lambda: reader.positions == {"@Ada": 2})
    await site.store.positions("Grace")  # time enough to read on
    assert reader.positions == {"@Ada": 2}
    assert recorder.frames == []


async def test_news_of_what_the_store_does_not_have_harms_nobody(site: Site) -> None:
    reader = await site.delivery.enter("Grace")
    _, recorder = await join(reader)
    await site.bus.execute(("PUBLISH", site.bus.channel("person:Grace"), seal("@Ada", 9)))
    await until(lambda: not reader.behind)
    await site.delivery.publish([await site.store_message()])
    await until(lambda: len(recorder.frames) == 1)


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
