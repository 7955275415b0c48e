"""Erasing whatever happens meanwhile: who goes on talking, a disk that is full, and services that are killed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from structlog.testing import capture_logs
from websockets.exceptions import ConnectionClosed

from chat_service.domain.conversations import Conversation
from chat_service.domain.places import Head
from chat_service.domain.refusals import UnknownRecipient
from chat_service.store.erasures import SPAN, Erasures, Remains
from chat_service.store.people import PeopleStore
from servicekit.database import Connection, Database
from tests.chat_service.erasure import (
    UNKNOWN,
    assert_gapless,
    assert_nothing_is_left,
    end_session,
    erase,
    hear_all,
    is_erased,
    rows,
    say,
    tell,
)
from tests.chat_service.test_presence import killable
from tests.chat_service.world import CAST, Device, Instance, World
from tests.stores import allow, opened_store, refuse
from tests.valkey import Valkey
from tests.waiting import eventually

FAILED = {
    "a group could not be stored",
    "an account cannot be erased yet",
    "the database refuses",
}  # one line an attempt


# Whatever happens meanwhile


@asynccontextmanager
async def talking(*devices: Device) -> AsyncIterator[None]:
    """They write to Grace, Linus and the garden, as fast as they can, until they are cut off."""

    async def talk(device: Device) -> None:
        with suppress(ConnectionClosed):
            for number in range(10_000):
                await device.say("Grace", f"my secret {number}")
                await device.say("Linus", f"my secret {number}")
                await device.say_in("garden", f"my secret {number}")
                await device.send(type="react", id=1, emoji="👍", remove=bool(number % 2))
                await asyncio.sleep(0)

    async def listen(device: Device) -> None:
        with suppress(ConnectionClosed):
            while True:
                await device.connection.recv()

    async with asyncio.TaskGroup() as group:
        for device in devices:
            group.create_task(talk(device))
            group.create_task(listen(device))
        yield
        for device in devices:
            await device.connection.close()


async def test_nothing_of_what_she_says_at_the_same_time_is_left(world: World) -> None:
    here, there = [await world.instance(messages_per_second=0) for _ in range(2)]
    await here.make_room("Grace", "garden", "Ada")
    await say(here, "Grace", "roses", room="garden")
    devices = [await chat.live_device("Ada") for chat in (here, there)]
    async with talking(*devices):
        await eventually(lambda: rows(world, "SELECT count(*) > 50 FROM messages") == [(1,)])
        world.auth.erase("Ada")
        await tell(world, "profiles", "news")
        await eventually(
            lambda: rows(world, "SELECT count(*) > 0 FROM messages WHERE deleted_at IS NOT NULL") == [(1,)]
        )
        await end_session(world, "Ada")  # in the middle
        await eventually(lambda: is_erased(world, "Ada"))
        for device in devices:
            await device.connection.wait_closed()  # whoever listens reads
    assert [device.connection.close_code for device in devices] == [4401, 4401]
    for name in ("Grace", "Linus"):
        for chat in (here, there):
            assert set(await chat.history(name, "Ada")) == {""}
    assert_nothing_is_left(world)
    assert_gapless(world)


async def test_two_instances_that_erase_at_once_delete_each_message_once(world: World) -> None:
    instances = [await world.instance(messages_per_second=0) for _ in range(2)]
    ids = await say(instances[0], "Ada", *map(str, range(100)), to="Grace")
    grace = await instances[1].live_device("Grace")
    await erase(world)
    heard = await hear_all(grace, "deleted", count=100)
    assert [event["id"] for event in heard] == ids
    assert [event["seq"] for event in heard] == list(range(101, 201))
    await grace.heard_nothing()
    assert_gapless(world)


async def test_told_a_second_time_it_changes_nothing(world: World, chat: Instance) -> None:
    await say(chat, "Ada", "hello", to="Grace")
    await erase(world)
    before = rows(world, "SELECT * FROM changes")
    with opened_store(world.store) as store:
        store.execute("DELETE FROM people")  # as after a restored backup: all are pulled again
    await chat.stop()
    again = await world.instance()
    assert await again.does("Grace", "POST", "/api/save-chat", json={"username": "Ada"}) == UNKNOWN
    world.auth.erase("Ada")
    await tell(world, "profiles", "news")
    await eventually(lambda: rows(world, "SELECT version FROM people WHERE username = 'Ada'") == [(5,)])
    assert rows(world, "SELECT * FROM changes") == before


async def test_the_rate_of_messages_does_not_hold_it_up(world: World) -> None:
    free = await world.instance(messages_per_second=0)
    await say(free, "Ada", *map(str, range(50)), to="Grace")
    await free.stop()
    slow = await world.instance(messages_per_second=1, messages_burst=1)
    await erase(world)
    assert await slow.history("Grace", "Ada") == [""] * 50


@pytest.mark.parametrize(
    "step, when", [("INSERT ON changes", "new.seq > 80"), ("DELETE ON memberships", "old.username <> ''")]
)
async def test_what_the_disk_refuses_is_tried_again(world: World, step: str, when: str) -> None:
    chat = await world.instance(messages_per_second=0, erasing_pause_s=0.02)
    await say(chat, "Ada", *map(str, range(50)), to="Grace")
    with opened_store(world.store) as store:
        refuse(store, step, when=when)
    with capture_logs() as lines:
        world.auth.erase("Ada")
        await tell(world, "profiles", "news")
        await eventually(lambda: [line["event"] in FAILED for line in lines].count(True) > 2)
    assert not is_erased(world, "Ada")
    with opened_store(world.store) as store:
        allow(store, step.rsplit(maxsplit=1)[-1])
    await eventually(lambda: is_erased(world, "Ada"))
    assert_nothing_is_left(world)
    assert_gapless(world)


async def test_killed_in_the_middle_the_next_start_goes_on(world: World) -> None:
    here = await world.instance(messages_per_second=0)
    # More than are gone before it is seen that the first are.
    ids = await say(here, "Ada", *map(str, range(1500)), to="Grace")
    await here.stop()
    deleted = "SELECT count(*) FROM messages WHERE deleted_at IS NOT NULL"
    for _ in range(2):
        async with killable(world, here) as (_, running):
            world.auth.erase("Ada")
            await tell(world, "profiles", "news")
            before = rows(world, deleted)[0][0]
            await eventually(lambda before=before: rows(world, deleted)[0][0] > before)
            running.kill()
            await running.wait()
    (gone,) = rows(world, deleted)[0]
    assert 0 < gone < len(ids)
    assert not is_erased(world, "Ada")
    again = await world.instance(messages_per_second=0)
    await eventually(lambda: is_erased(world, "Ada"))
    assert set(await again.history("Grace", "Ada")) == {""}
    assert rows(world, "SELECT count(*), count(DISTINCT message_id) FROM changes") == [(1500, 1500)]
    assert_nothing_is_left(world)
    assert_gapless(world)


async def test_who_is_connected_elsewhere_hears_what_a_killed_instance_did_not_tell(world: World) -> None:
    here = await world.instance(messages_per_second=0)
    ids = await say(here, "Ada", *map(str, range(300)), to="Grace")
    grace = await here.live_device("Grace")
    async with killable(world, here) as (_, running):
        world.auth.erase("Ada")
        await tell(world, "profiles", "news")
        await eventually(lambda: rows(world, "SELECT count(*) > 0 FROM changes") == [(1,)])
        running.kill()
    heard = await hear_all(grace, "deleted", count=300)
    assert [event["seq"] for event in heard] == list(range(301, 601))
    assert {event["id"] for event in heard} == set(ids)
    await grace.heard_nothing()


async def test_without_redis_it_goes_all_the_same(fragile_world: World, valkey: Valkey) -> None:
    world = fragile_world
    here, there = [await world.instance(messages_per_second=0) for _ in range(2)]
    await here.make_room("Ada", "garden", "Grace")
    await say(here, "Ada", "my secret", to="Grace")
    near, far = await here.live_device("Grace"), await there.live_device("Grace")
    valkey.kill()
    for chat in (here, there):
        await eventually(lambda bus=chat.state["bus"]: not bus.is_connected)
    world.auth.erase("Ada")
    assert await here.does("Grace", "GET", "/api/messages/Nobody") == UNKNOWN  # which pulls
    await eventually(lambda: is_erased(world, "Ada"))
    assert {event["type"] for event in await hear_all(near, "left", "deleted", count=2)} == {"left", "deleted"}
    await near.say("Ada", "hello?")
    assert await near.refused() == "unknown_recipient"
    assert_nothing_is_left(world)
    valkey.start()
    assert {event["type"] for event in await hear_all(far, "left", "deleted", count=2)} == {"left", "deleted"}
    for device in (near, far):
        await device.heard_nothing()


# The store alone


async def run_sql(database: Database, statement: str) -> None:
    def execute(connection: Connection) -> None:
        connection.execute(statement)

    await database.write(execute)


@pytest.mark.parametrize("message_id, span", [(1, 0), (SPAN, 0), (SPAN + 1, SPAN), (2 * SPAN, SPAN)])
async def test_each_message_is_in_exactly_one_span(database: Database, message_id: int, span: int) -> None:
    columns = "id, conversation_id, seq, sender_username, receiver_username, message, timestamp"
    for statement in (
        "INSERT INTO conversations (id, name, created_at) VALUES (2, 'Ada|Grace', '')",
        f"INSERT INTO messages ({columns}) VALUES ({message_id}, 2, 1, 'Ada', 'Grace', 'hello', '')",
        f"INSERT INTO reactions (message_id, username, emoji) VALUES ({message_id}, 'Grace', '👍')",
    ):
        await run_sql(database, statement)
    store = Erasures(database)
    assert await store.last_message_id() == message_id
    for after in (0, SPAN, 2 * SPAN):
        found = (
            Remains([message_id], [], [(Conversation.direct("Ada", "Grace"), Head(1, "1.2"))])
            if after == span
            else Remains([], [], [])
        )
        assert await store.remains("Ada", after) == found
        found = Remains([], [(message_id, "👍")], []) if after == span else Remains([], [], [])
        assert await store.remains("Grace", after) == found


async def test_a_chat_is_saved_neither_by_an_erased_person_nor_with_one(database: Database) -> None:
    store = PeopleStore(database)
    await run_sql(database, "INSERT INTO erasures VALUES ('Ada', 0)")
    for one, other in (("Ada", "Grace"), ("Grace", "Ada")):
        with pytest.raises(UnknownRecipient):
            await store.save_chat(one, other, nickname="Countess", pfp=None, now="now")
    await store.save_chat("Grace", "Linus", nickname=None, pfp=None, now="now")
    assert [await store.contacts(name) for name in CAST] == [[], ["Linus"], []]
