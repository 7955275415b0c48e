"""Erasing: of who has erased their account nothing stays but the name, in what others keep."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from structlog.testing import capture_logs
from websockets.exceptions import ConnectionClosed

from chat_service.domain.conversations import Conversation
from chat_service.domain.places import Head
from chat_service.domain.refusals import UnknownRecipient
from chat_service.store.erasures import SPAN, Erasures, Remains
from chat_service.store.people import PeopleStore
from chat_service.store.rooms import Rooms as RoomStore
from servicekit.authentication import REVOCATIONS_CHANNEL
from servicekit.database import Connection, Database
from tests.chat_service.test_presence import killable
from tests.chat_service.world import CAST, Device, Event, Instance, World
from tests.stores import allow, opened_store, refuse
from tests.valkey import Valkey
from tests.waiting import eventually

UNKNOWN = (404, "unknown_recipient")
FAILED = {
    "a group could not be stored",
    "an account cannot be erased yet",
    "the database refuses",
}  # one line an attempt


def rows(world: World, query: str, *values: object) -> list[Any]:
    with opened_store(world.store) as connection:
        return [*map(tuple, connection.execute(query, values))]


def is_erased(world: World, name: str) -> bool:
    return rows(world, "SELECT is_done FROM erasures WHERE username = ?", name) == [(1,)]


async def tell(world: World, channel: str, payload: str) -> None:
    bus = await world.bus()
    await bus.execute(("PUBLISH", bus.channel(channel), payload))


async def erase(world: World, name: str = "Ada") -> None:
    """As the auth service does it; return when nothing is left."""
    world.auth.revoke(f"session of {name}")
    world.auth.erase(name)
    await tell(world, REVOCATIONS_CHANNEL, f"session of {name}")
    await tell(world, "profiles", "news")
    await eventually(lambda: is_erased(world, name))


def assert_nothing_is_left(world: World, name: str = "Ada") -> None:
    """But places in the log, without text, and the name."""
    standing = "SELECT message FROM messages WHERE sender_username = ? AND (message <> '' OR deleted_at IS NULL)"
    assert rows(world, standing, name) == []
    assert rows(world, "SELECT 1 FROM reactions WHERE username = ?", name) == []
    assert rows(world, "SELECT 1 FROM memberships WHERE username = ?", name) == []
    assert rows(world, "SELECT 1 FROM contacts WHERE user_username = ?", name) == []
    assert rows(world, "SELECT 1 FROM rooms WHERE owner_username = ?", name) == []


def assert_gapless(world: World) -> None:
    for (conversation_id,) in rows(world, "SELECT id FROM conversations"):
        places = rows(
            world,
            "SELECT seq FROM messages WHERE conversation_id = ?"
            " UNION ALL SELECT seq FROM changes WHERE conversation_id = ? ORDER BY 1",
            conversation_id,
            conversation_id,
        )
        assert [seq for (seq,) in places] == list(range(1, len(places) + 1))


async def say(chat: Instance, name: str, *texts: str, **where: str) -> list[int]:
    """Their ids."""
    device, ids = await chat.live_device(name), []
    for text in texts:
        await device.send(message=text, **where)
        while (event := await device.hear_anything())["type"] != "sent":
            assert event.get("code", "recipient_offline") == "recipient_offline", event
        ids.append(event["id"])
    await device.connection.close()
    return ids


async def hear_all(device: Device, *kinds: str, count: int) -> list[Event]:
    """The next `count` events that have a place in the log, which have to be of these kinds."""
    heard: list[Event] = []
    while len(heard) < count:
        event = await device.hear_anything()
        if event["type"] != "presence":
            assert event["type"] in kinds, event
            heard.append(event)
    return heard


# What she said


async def test_her_messages_go_from_history_search_and_lists_and_the_others_hear_each_go(world: World) -> None:
    here, there = [await world.instance(messages_per_second=0) for _ in range(2)]
    await here.make_room("Grace", "garden", "Ada")
    direct = await say(here, "Ada", "my secret", "my other secret", to="Grace")
    await say(here, "Grace", "what is it?", to="Ada")
    public = await say(here, "Ada", "a public secret", room="garden")
    devices = [await here.live_device("Grace"), await there.live_device("Grace")]
    await erase(world)
    for device in devices:
        heard = await hear_all(device, "deleted", "left", count=4)
        assert [event["id"] for event in heard if event["type"] == "deleted"] == direct + public
        assert {event["username"] for event in heard} == {"Ada"}
        await device.heard_nothing()
    for chat in (here, there):
        history = await chat.get("Grace", "/api/messages/Ada")
        assert [(one["message"], one.get("deleted", False)) for one in history] == [
            ("", True),
            ("", True),
            ("what is it?", False),
        ]
        assert await chat.get("Grace", "/api/search-messages", query="secret") == []
    assert_nothing_is_left(world)
    assert_gapless(world)


async def test_others_keep_the_conversation_under_her_username_without_a_picture_and_offline(
    world: World, chat: Instance
) -> None:
    world.auth.change("Ada", nickname="Countess", pfp="/api/files/1")
    await tell(world, "profiles", "news")
    await say(chat, "Linus", "hello", to="Grace")
    await say(chat, "Ada", "my secret", to="Grace")
    await say(chat, "Grace", "what is it?", to="Ada")
    grace, ada = await chat.live_device("Grace"), await chat.live_device("Ada")
    await erase(world)
    assert await ada.closed() == 4401
    while (event := await grace.hear_anything()) != {"type": "presence", "username": "Ada", "online": False}:
        assert event["type"] in {"presence", "deleted"}
    saved = await chat.get("Grace", "/api/saved-chats")
    assert [one["chat_username"] for one in saved] == ["Ada", "Linus"]
    assert (saved[0]["chat_nickname"], saved[0]["chat_pfp"], saved[0]["online"]) == ("Ada", "", False)
    assert saved[0]["last_message"] == "what is it?"
    again = await chat.device("Grace")
    assert (again.ready["positions"], again.ready["online"]) == ({"@Ada": 3, "@Linus": 1}, [])


async def test_the_others_still_read_mark_and_delete_what_is_theirs(chat: Instance, world: World) -> None:
    (first,) = await say(chat, "Ada", "hello", to="Grace")
    (own,) = await say(chat, "Grace", "mine", to="Ada")
    await erase(world)
    grace = await chat.live_device("Grace")
    await grace.send(type="read", to="Ada", seq=3)
    assert (await grace.hear("read"))["read_seq"] == 3
    assert await chat.does("Grace", "DELETE", f"/api/messages/Ada/{first}") == (404, "unknown_message")
    assert await chat.does("Grace", "DELETE", f"/api/messages/Ada/{own}") == 200
    assert (await grace.hear("deleted"))["id"] == own
    assert await chat.history("Grace", "Ada") == ["", ""]


async def test_her_reactions_go_also_where_she_was_no_longer_a_member(chat: Instance, world: World) -> None:
    await chat.make_room("Grace", "garden", "Ada")
    (in_room,) = await say(chat, "Grace", "roses", room="garden")
    (direct,) = await say(chat, "Grace", "hello", to="Ada")
    (own,) = await say(chat, "Ada", "hello yourself", to="Grace")
    ada = await chat.live_device("Ada")
    for message_id, emoji in ((in_room, "🌹"), (in_room, "👍"), (direct, "👍"), (own, "👀")):
        await ada.send(type="react", id=message_id, emoji=emoji)
        await ada.hear("reaction")
    await chat.remove_member("Ada", "garden", "Ada")
    grace = await chat.live_device("Grace")
    await grace.send(type="react", id=direct, emoji="👍")
    await grace.hear("reaction")
    await erase(world)
    heard = await hear_all(grace, "reaction", "deleted", count=4)
    assert sorted((one["id"], one["emoji"]) for one in heard if one["type"] == "reaction") == sorted(
        [(in_room, "🌹"), (in_room, "👍"), (direct, "👍")]
    )
    assert [one["id"] for one in heard if one["type"] == "deleted"] == [own]
    (message, _) = await chat.get("Grace", "/api/messages/Ada")
    assert message["reactions"] == {"👍": ["Grace"]}
    assert_nothing_is_left(world)


async def test_what_she_said_in_a_room_that_she_had_left_goes_too(chat: Instance, world: World) -> None:
    await chat.make_room("Grace", "garden", "Ada")
    (said,) = await say(chat, "Ada", "my secret", room="garden")
    await chat.remove_member("Grace", "garden", "Ada")
    grace = await chat.live_device("Grace")
    await erase(world)
    deleted = await grace.hear("deleted")
    assert (deleted["id"], deleted["conversation"], deleted["seq"]) == (said, "#garden", 5)
    await grace.heard_nothing()


async def test_a_room_that_was_closed_before_is_left_alone(chat: Instance, world: World) -> None:
    await chat.make_room("Grace", "garden", "Ada")
    await say(chat, "Ada", "my secret", room="garden")
    assert await chat.does("Grace", "DELETE", "/api/rooms/garden") == 204
    await erase(world)
    assert rows(world, "SELECT message FROM messages") == [("",)]
    assert_gapless(world)


# Her rooms


async def test_she_leaves_all_rooms_and_what_she_owned_passes_to_who_has_been_there_longest(
    chat: Instance, world: World
) -> None:
    await chat.make_room("Ada", "garden", "Linus", "Grace", private=True)
    await chat.remove_member("Ada", "garden", "Linus")
    await chat.add_member("Ada", "garden", "Linus")
    await chat.make_room("Grace", "kitchen", "Ada")
    await chat.add_member("Ada", "lobby", "Ada")
    await chat.add_member("Linus", "lobby", "Linus")
    grace, linus = await chat.live_device("Grace"), await chat.live_device("Linus")
    await erase(world)
    heard = await hear_all(grace, "left", count=2)
    assert [(one["conversation"], one["username"]) for one in heard] == [("#garden", "Ada"), ("#kitchen", "Ada")]
    heard = await hear_all(linus, "left", count=2)
    assert [(one["conversation"], one["username"]) for one in heard] == [("#garden", "Ada"), ("#lobby", "Ada")]
    garden = await chat.get("Linus", "/api/rooms/garden")
    assert (garden["owner"], garden["members"]) == ("Grace", ["Grace", "Linus"])
    assert (await chat.get("Grace", "/api/rooms/kitchen"))["owner"] == "Grace"
    lobby = await chat.get("Grace", "/api/rooms/lobby")
    assert (lobby["owner"], lobby["members"]) == (None, ["Linus"])
    assert await chat.does("Grace", "PATCH", "/api/rooms/garden", json={"topic": "hers now"}) == 200
    assert_nothing_is_left(world)


async def test_a_room_with_nobody_else_in_it_is_closed_and_its_name_free(chat: Instance, world: World) -> None:
    await chat.make_room("Ada", "garden", "Grace")
    await say(chat, "Grace", "tulips", room="garden")
    await chat.remove_member("Grace", "garden", "Grace")
    await chat.add_member("Ada", "lobby", "Ada")  # which nobody owns: it stays
    await erase(world)
    assert [room["name"] for room in await chat.get("Grace", "/api/rooms")] == ["lobby"]
    await chat.make_room("Grace", "garden")
    assert await chat.get("Grace", "/api/rooms/garden/messages") == []
    assert_nothing_is_left(world)


async def test_an_owner_who_was_not_in_her_room_leaves_it_all_the_same(chat: Instance, world: World) -> None:
    store = RoomStore(chat.state["database"])
    for name in ("alone", "garden"):
        await store.create(name=name, topic="", private=False, owner="Ada", now="now")
    await chat.add_member("Grace", "garden", "Grace")
    await erase(world)
    owners = {room["name"]: room["owner"] for room in await chat.get("Grace", "/api/rooms")}
    assert owners == {"garden": "Grace", "lobby": None}


async def test_nothing_passes_to_somebody_who_is_erased_too(chat: Instance, world: World) -> None:
    await chat.make_room("Ada", "garden", "Grace")
    await chat.make_room("Ada", "kitchen", "Grace", "Linus")
    world.auth.erase("Ada")
    world.auth.erase("Grace")
    await tell(world, "profiles", "news")
    await eventually(lambda: is_erased(world, "Ada") and is_erased(world, "Grace"))
    owners = {room["name"]: room["owner"] for room in await chat.get("Linus", "/api/rooms")}
    assert owners == {"kitchen": "Linus", "lobby": None}
    for name in ("Ada", "Grace"):
        assert_nothing_is_left(world, name)


# Nobody reaches her


async def test_nobody_writes_to_her_invites_or_saves_her_on_any_instance(world: World) -> None:
    here, there = [await world.instance(messages_per_second=0) for _ in range(2)]
    await here.make_room("Grace", "garden")
    devices = [await chat.live_device(name) for chat in (here, there) for name in ("Grace", "Linus")]
    await say(here, "Grace", "hello", to="Ada", nonce="n1")
    for device in devices:  # so that both instances remember her
        await device.send(type="typing", to="Ada")
    assert (await devices[0].hear("sent"))["seq"] == (await devices[2].hear("sent"))["seq"] == 1
    await erase(world)
    for chat, device in zip((here, here, there, there), devices, strict=True):
        await device.say("aDA", "hello?", nonce="n2")
        error = await device.hear("error")
        assert (error["code"], error["nonce"]) == ("unknown_recipient", "n2")
        assert await chat.does("Linus", "POST", "/api/save-chat", json={"username": "Ada"}) == UNKNOWN
        assert await chat.does("Grace", "PUT", "/api/rooms/garden/members/Ada") == UNKNOWN
        assert await chat.does("Grace", "DELETE", "/api/rooms/garden/members/Ada") == UNKNOWN
    await devices[0].say("Ada", "hello", nonce="n1")  # sent again: it was stored when she was there
    assert (await devices[0].hear("sent"))["seq"] == 1
    assert await here.history("Grace", "Ada") == ["hello"]
    assert rows(world, "SELECT 1 FROM contacts WHERE user_username = 'Linus'") == []


async def test_she_is_known_to_be_gone_also_while_auth_is_away_and_after_a_restart(world: World) -> None:
    chat = await world.instance()
    await erase(world)
    await chat.stop()
    again = await world.instance()
    grace = await again.live_device("Grace")
    await world.auth.stop()
    await grace.say("Ada", "hello?")
    assert await grace.refused() == "unknown_recipient"
    await world.auth.start()


async def test_an_instance_forgets_what_another_one_has_stored(world: World) -> None:
    """The second one to pull finds the store up to date, and still must not remember her as she was."""
    here, there = [await world.instance() for _ in range(2)]
    for chat in (here, there):
        assert await chat.does("Grace", "POST", "/api/save-chat", json={"username": "Ada"}) == 200
    world.auth.erase("Ada")
    assert await here.does("Grace", "GET", "/api/messages/Nobody") == UNKNOWN  # which pulls
    await eventually(lambda: is_erased(world, "Ada"))
    assert await there.does("Grace", "GET", "/api/messages/Nobody") == UNKNOWN
    for chat in (here, there):
        assert await chat.does("Grace", "POST", "/api/save-chat", json={"username": "Ada"}) == UNKNOWN
    (saved,) = await there.get("Grace", "/api/saved-chats")
    assert (saved["chat_nickname"], saved["chat_pfp"]) == ("Ada", "")


async def test_with_a_token_that_is_not_yet_refused_she_leaves_nothing_new(world: World, chat: Instance) -> None:
    """The list of revocations may be a moment behind the feed of profiles."""
    await chat.make_room("Grace", "garden")
    await say(chat, "Ada", "hello", to="Grace")
    (message_id,) = await say(chat, "Grace", "hello", to="Ada")
    ada = await chat.live_device("Ada")
    world.auth.erase("Ada")
    await tell(world, "profiles", "news")
    await eventually(lambda: is_erased(world, "Ada"))
    await hear_all(ada, "deleted", count=1)
    for command, code in (
        ({"to": "Grace", "message": "still here"}, "unknown_recipient"),
        ({"to": "Linus", "message": "still here"}, "unknown_recipient"),
        ({"room": "garden", "message": "still here"}, "not_a_member"),
        ({"type": "react", "id": message_id, "emoji": "👍"}, "unknown_message"),
        ({"type": "read", "to": "Grace", "seq": 1}, "not_a_member"),
    ):
        await ada.send(**command)
        assert await ada.refused() == code
    assert await chat.does("Ada", "POST", "/api/rooms", json={"name": "mine"}) == UNKNOWN
    assert await chat.does("Ada", "PUT", "/api/rooms/garden/members/Ada") == UNKNOWN
    assert await chat.does("Ada", "POST", "/api/save-chat", json={"username": "Grace"}) == UNKNOWN
    assert_nothing_is_left(world)


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
        await erase(world)
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
    ids = await say(here, "Ada", *map(str, range(600)), to="Grace")
    await here.stop()
    deleted = "SELECT count(*) FROM messages WHERE deleted_at IS NOT NULL"
    for _ in range(2):
        async with killable(world, here) as (_, running):
            world.auth.erase("Ada")
            await tell(world, "profiles", "news")
            before = rows(world, deleted)[0][0]
            await eventually(lambda before=before: rows(world, deleted)[0][0] > before)
            running.kill()
            running.wait()
    (gone,) = rows(world, deleted)[0]
    assert 0 < gone < len(ids)
    assert not is_erased(world, "Ada")
    again = await world.instance(messages_per_second=0)
    await eventually(lambda: is_erased(world, "Ada"))
    assert set(await again.history("Grace", "Ada")) == {""}
    assert rows(world, "SELECT count(*), count(DISTINCT message_id) FROM changes") == [(600, 600)]
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
