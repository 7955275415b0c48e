"""Closing a room: it is gone for everybody at once, and its texts follow in steps that hold up nobody."""

import asyncio
from pathlib import Path

from chat_service.domain.changes import Kind
from chat_service.store.closed_rooms import CLEARED_AT_ONCE, ClosedRooms
from chat_service.store.engines import log_of
from chat_service.store.rooms import Rooms as RoomStore
from servicekit.database import Connection, Database
from tests.chat_service.drafts import NOW, change, to_room
from tests.chat_service.world import World
from tests.stores import opened_store
from tests.waiting import eventually


async def test_a_long_room_is_gone_at_once_and_its_texts_go_by_and_by(world: World) -> None:
    chat = await world.instance(messages_per_second=0, indexing_pause_s=0.01, clearing_pause_s=0.01)
    await chat.make_room("Ada", "garden", "Grace")
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    count = 3 * CLEARED_AT_ONCE + 1
    for number in range(count):
        await ada.say_in("garden", f"secret {number}")
    said = [await grace.hear("message") for _ in range(count)]
    await grace.send(type="react", id=said[-1]["id"], emoji="👍")
    await grace.hear("reaction")
    with world.locked_store():  # whoever clears has to wait
        closing_it = asyncio.create_task(chat.does("Ada", "DELETE", "/api/rooms/garden"))
    assert await closing_it == 204
    assert await chat.does("Grace", "GET", "/api/rooms/garden/messages") == (404, "unknown_room")
    assert await chat.get("Grace", "/api/search-messages", query="secret") == []
    await chat.make_room("Grace", "garden")
    await eventually(lambda: is_cleared(world))


def is_cleared(world: World) -> bool:
    indexed = "message_texts WHERE message_texts MATCH 'secret'" if isinstance(world.store, Path) else "message_grams"
    with opened_store(world.store) as connection:
        left = connection.execute(
            "SELECT (SELECT count(*) FROM messages WHERE message <> ''), (SELECT count(*) FROM reactions),"
            f" (SELECT count(*) FROM closed_rooms), (SELECT count(*) FROM {indexed})"
        ).fetchone()
    return tuple(left) == (0, 0, 0, 0)


async def test_no_step_of_clearing_takes_more_than_a_few_messages(database: Database) -> None:
    store = RoomStore(database)
    await store.create(name="garden", topic="", private=False, owner="Ada", now=NOW)

    def fill_and_close(connection: Connection) -> None:
        log = log_of(database)
        log.begin(connection)
        log.append(connection, change(Kind.JOINED, "Ada", conversation="#garden", value="Ada"))
        for _ in range(2 * CLEARED_AT_ONCE + 5):
            log.append(connection, to_room("Ada", "garden", "text"))
        log.append(connection, change(Kind.CLOSED, "Ada", conversation="#garden"))

    def left(connection: Connection) -> int:
        (count,) = connection.execute("SELECT count(*) FROM messages WHERE message <> ''").fetchone()
        return int(count)

    await database.write(fill_and_close)
    closures, counts = ClosedRooms(database), []
    counts.append(await database.read(left))
    while await closures.clear_some():
        counts.append(await database.read(left))
    assert counts == [CLEARED_AT_ONCE + 5, 5, 0]
