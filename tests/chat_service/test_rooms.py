"""Rooms: who makes them, who is in them, and that who is not in one hears nothing of it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from chat_service.domain.refusals import RoomTaken
from chat_service.store.rooms import Rooms as RoomStore
from servicekit.database import Database
from tests.chat_service.world import Device, Event, Instance, World
from tests.stores import opened_store
from tests.valkey import Valkey
from tests.waiting import eventually

NOW = "2027-01-15T08:00:00.000Z"
NOTHING_SAID: dict[str, Any] = {
    "section": None,
    "position": 0,
    "last_message": None,
    "last_message_time": None,
    "last_sender_username": None,
}


async def names(chat: Instance, name: str) -> list[str]:
    return [room["name"] for room in await chat.get(name, "/api/rooms")]


async def members(chat: Instance, name: str, room: str) -> list[str]:
    return list((await chat.get(name, f"/api/rooms/{room}"))["members"])


async def texts(chat: Instance, name: str, room: str) -> list[str]:
    return [one["message"] for one in await chat.get(name, f"/api/rooms/{room}/messages")]


async def hear_seqs(device: Device, first: int, last: int) -> list[Event]:
    """The events of a room from `first` to `last`, and nothing else between them."""
    heard = [await device.hear_anything() for _ in range(first, last + 1)]
    assert [event["seq"] for event in heard] == list(range(first, last + 1)), heard
    return heard


# Making them


async def test_the_lobby_is_always_there_for_everybody(chat: Instance) -> None:
    (lobby,) = await chat.get("Ada", "/api/rooms")
    assert lobby == {
        "name": "lobby",
        "topic": "Everyone may enter",
        "private": False,
        "owner": None,
        "created_at": "1970-01-01T00:00:00.000Z",
        "members_count": 0,
        "slow_mode_s": 0,
        "role": None,
        "timed_out_until": None,
        "is_member": False,
        "last_seq": 0,
        "epoch": lobby["epoch"],
        "unread": 0,
        "mentions": 0,
        "unread_seq": None,
        "level": None,
        "muted_until": None,
        **NOTHING_SAID,
    }
    await chat.add_member("Ada", "lobby", "Ada")
    assert await members(chat, "Grace", "LOBBY") == ["Ada"]
    assert await chat.does("Ada", "DELETE", "/api/rooms/lobby") == (403, "not_the_owner")
    assert await chat.does("Ada", "PATCH", "/api/rooms/lobby", json={"private": True}) == (403, "not_the_owner")
    assert await chat.does("Ada", "POST", "/api/rooms", json={"name": "Lobby"}) == (409, "room_taken")
    await chat.remove_member("Ada", "lobby", "Ada")
    assert await members(chat, "Ada", "lobby") == []


async def test_who_makes_a_room_owns_it_and_is_in_it(chat: Instance) -> None:
    answer = await chat.request("Ada", "POST", "/api/rooms", json={"name": "Garden", "topic": "Roses"})
    made = {
        "name": "Garden",
        "topic": "Roses",
        "private": False,
        "owner": "Ada",
        "created_at": NOW,
        "members_count": 1,
        "slow_mode_s": 0,
        "role": "owner",
        "timed_out_until": None,
        "is_member": True,
        "last_seq": 1,
        "epoch": answer.json()["epoch"],
        "unread": 0,
        "mentions": 0,
        "unread_seq": None,
        "level": "mentions",
        "muted_until": None,
        **NOTHING_SAID,
    }
    assert (answer.status_code, answer.json()) == (201, made)
    shown = {**made, "members": ["Ada"], "roles": {"Ada": "owner"}, "timeouts": {}}
    assert await chat.get("Ada", "/api/rooms/garden") == shown
    assert await names(chat, "Grace") == ["Garden", "lobby"]
    assert (await chat.get("Grace", "/api/rooms/Garden"))["is_member"] is False


async def test_the_owner_changes_the_topic_and_who_may_know_of_the_room(chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace")
    path = "/api/rooms/garden"
    for change in ({"topic": "Tulips"}, {"private": True}, {}):
        assert await chat.does("Grace", "PATCH", path, json=change) == (403, "not_the_owner")
        answer = await chat.request("Ada", "PATCH", path, json=change)
        assert answer.status_code == 200
    room = await chat.get("Grace", path)
    assert (room["topic"], room["private"]) == ("Tulips", True)
    assert await chat.does("Linus", "GET", path) == (404, "unknown_room")
    await chat.request("Ada", "PATCH", path, json={"private": False, "topic": ""})
    room = await chat.get("Linus", path)
    assert (room["topic"], room["private"]) == ("", False)


async def test_a_room_stands_under_a_heading_at_its_position(chat: Instance) -> None:
    where = {"section": " Works ", "position": 3}
    made = await chat.request("Ada", "POST", "/api/rooms", json={"name": "garden", **where})
    assert (made.json()["section"], made.json()["position"]) == ("Works", 3)
    path = "/api/rooms/garden"
    for change, section, position in (
        ({"position": 0}, "Works", 0),
        ({"section": "Everyday"}, "Everyday", 0),
        ({"topic": "Roses"}, "Everyday", 0),
        ({"section": None}, None, 0),
        ({"section": "Works", "position": 9_999}, "Works", 9_999),
        ({"section": " "}, None, 9_999),
    ):
        answer = await chat.request("Ada", "PATCH", path, json=change)
        assert (answer.json()["section"], answer.json()["position"]) == (section, position), change


async def test_a_heading_is_seen_and_takes_one_line(chat: Instance) -> None:
    await chat.make_room("Ada", "garden")
    for field, wrong in (
        *(("section", heading) for heading in ("s" * 65, "\u202eskroW", "two\nlines", "\u2800")),
        *(("position", number) for number in (-1, 10_000, 1.5)),
    ):
        for method, path in (("POST", "/api/rooms"), ("PATCH", "/api/rooms/garden")):
            answer = await chat.request("Ada", method, path, json={"name": "hut", field: wrong})
            assert answer.status_code == 422
            assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_the_list_says_what_was_said_last_but_only_to_members(chat: Instance) -> None:
    await chat.make_room("Ada", "garden")
    ada = await chat.live_device("Ada")
    await ada.say_in("garden", "Roses are red")
    await ada.hear("sent")
    await ada.say_in("garden", "Violets")
    said = await ada.hear("sent")
    last = {"last_message": "Violets", "last_message_time": NOW, "last_sender_username": "Ada"}
    assert (await chat.get("Ada", "/api/rooms/garden")).items() >= last.items()
    assert (await chat.get("Grace", "/api/rooms/garden")).items() >= NOTHING_SAID.items()
    await ada.send(type="delete", id=said["id"])
    await ada.hear("deleted")
    assert (await chat.get("Ada", "/api/rooms"))[0]["last_message"] == "Roses are red"


@pytest.mark.parametrize("name", ["r", "A-Za-z0-9_.-", "x" * 64])
async def test_a_name_within_the_bounds_is_taken(chat: Instance, name: str) -> None:
    assert await chat.does("Ada", "POST", "/api/rooms", json={"name": name}) == 201


@pytest.mark.parametrize(
    "body, field",
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"name": "a b"}, "name"),
        ({"name": "a\n"}, "name"),
        ({"name": "#a"}, "name"),
        ({"name": "."}, "name"),
        ({"name": ".."}, "name"),
        ({"name": "a/b"}, "name"),
        ({"name": "ä"}, "name"),
        ({"name": 7}, "name"),
        ({"name": "garden", "topic": "t" * 1001}, "topic"),
        ({"name": "garden", "private": "yes"}, "private"),
    ],
)
async def test_a_room_that_cannot_be_is_refused_by_its_field(asked: Instance, body: dict[str, Any], field: str) -> None:
    answer = await asked.request("Ada", "POST", "/api/rooms", json=body)
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_rooms_count_against_the_rate_like_messages(world: World) -> None:
    chat = await world.instance(messages_per_second=1, messages_burst=2)
    assert await chat.does("Ada", "PUT", "/api/rooms/lobby/members/Ada") == 200
    assert await chat.does("Ada", "DELETE", "/api/rooms/lobby/members/Ada") == 204
    for method, path in (("PUT", "/api/rooms/lobby/members/Ada"), ("DELETE", "/api/rooms/lobby/members/Ada")):
        assert await chat.does("Ada", method, path) == (429, "too_many_messages")
    assert await chat.does("Ada", "POST", "/api/rooms", json={"name": "garden"}) == (429, "too_many_messages")
    assert await chat.refusal("Ada", path="/api/ws/chat") == (429, "too_many_messages")  # which would join the lobby
    assert await names(chat, "Ada") == ["lobby"]


async def test_a_name_is_taken_in_any_case_and_free_again_when_the_room_is_closed(chat: Instance) -> None:
    await chat.make_room("Ada", "Garden", private=True)
    for name in ("Garden", "garden", "GARDEN"):
        assert await chat.does("Grace", "POST", "/api/rooms", json={"name": name}) == (409, "room_taken")
    assert await chat.does("Ada", "DELETE", "/api/rooms/gArden") == 204
    await chat.make_room("Grace", "garden")
    assert await members(chat, "Ada", "garden") == ["Grace"]


async def test_of_those_who_make_a_room_at_once_exactly_one_does(world: World) -> None:
    instances = [await world.instance() for _ in range(2)]
    attempts = [
        instances[number % 2].request(name, "POST", "/api/rooms", json={"name": spelled})
        for number, (name, spelled) in enumerate(
            (name, spelled) for name in ("Ada", "Grace", "Linus") for spelled in ("garden", "Garden", "GARDEN")
        )
    ]
    answers = await asyncio.gather(*attempts)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 8
    (made,) = [answer.json() for answer in answers if answer.status_code == 201]
    room = await instances[0].get(made["owner"], "/api/rooms/garden")
    assert (room["name"], room["members"]) == (made["name"], [made["owner"]])


@pytest.mark.parametrize("taken", ["garden", "GARDEN"])
async def test_a_name_is_taken_also_where_only_the_constraint_says_so(
    database: Database, where: Path | str, taken: str
) -> None:
    """Each of the two constraints refuses by itself, and nothing of the room stays."""
    store = RoomStore(database)
    await store.create(name="garden", topic="", private=False, owner="Ada", now=NOW)
    with pytest.raises(RoomTaken):
        await store.create(name=taken, topic="", private=False, owner="Grace", now=NOW)
    with opened_store(where) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM conversations ORDER BY id")]
        owners = [owner for (owner,) in connection.execute("SELECT owner_username FROM rooms WHERE name <> 'lobby'")]
    assert (names, owners) == (["#lobby", "#garden"], ["Ada"])


async def test_an_owner_whose_service_died_before_they_were_in_their_room_may_still_join(chat: Instance) -> None:
    store = RoomStore(chat.state["database"])
    await store.create(name="garden", topic="", private=True, owner="Ada", now=NOW)
    assert await names(chat, "Ada") == ["garden", "lobby"]
    assert await names(chat, "Grace") == ["lobby"]
    await chat.add_member("Ada", "garden", "Ada")
    assert await members(chat, "Ada", "garden") == ["Ada"]


# Who may do what


async def test_a_private_room_does_not_exist_for_others(chat: Instance) -> None:
    await chat.make_room("Ada", "garden", private=True)
    unknown = (404, "unknown_room")
    for room in ("garden", "nowhere"):
        path = f"/api/rooms/{room}"
        assert await chat.does("Grace", "GET", path) == unknown
        assert await chat.does("Grace", "PATCH", path, json={"topic": "x"}) == unknown
        assert await chat.does("Grace", "DELETE", path) == unknown
        assert await chat.does("Grace", "GET", f"{path}/messages") == unknown
        for whom in ("Grace", "Linus"):
            assert await chat.does("Grace", "PUT", f"{path}/members/{whom}") == unknown
            assert await chat.does("Grace", "DELETE", f"{path}/members/{whom}") == unknown
    assert await names(chat, "Grace") == ["lobby"]
    grace = await chat.live_device("Grace")
    for room in ("garden", "nowhere"):
        for command in ({"message": "hello"}, {"type": "read", "seq": 1}, {"type": "typing"}):
            await grace.send(room=room, **command)
            error = await grace.hear("error")
            assert (error["code"], room in error["detail"]) == ("not_a_member", True)


async def test_anybody_joins_a_public_room_and_any_member_invites(chat: Instance) -> None:
    await chat.make_room("Ada", "garden")
    assert await chat.does("Grace", "PUT", "/api/rooms/garden/members/Linus") == (403, "not_a_member")
    for _ in range(2):  # joining again changes nothing
        await chat.add_member("Grace", "garden", "grace")
    await chat.add_member("Grace", "garden", "Linus")
    assert await members(chat, "Linus", "garden") == ["Ada", "Grace", "Linus"]
    assert (await chat.get("Ada", "/api/rooms/garden"))["last_seq"] == 3
    assert await chat.does("Ada", "PUT", "/api/rooms/garden/members/Nobody") == (404, "unknown_recipient")


async def test_only_the_owner_invites_to_a_private_room(chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace", private=True)
    assert await chat.does("Grace", "PUT", "/api/rooms/garden/members/Linus") == (403, "not_the_owner")
    await chat.add_member("Ada", "garden", "Linus")
    assert await members(chat, "Linus", "garden") == ["Ada", "Grace", "Linus"]


async def test_everybody_leaves_but_the_owner_who_alone_removes_others(chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace", "Linus")
    path = "/api/rooms/garden/members"
    for whom in ("Linus", "Ada"):
        assert await chat.does("Grace", "DELETE", f"{path}/{whom}") == (403, "not_the_owner")
    assert await chat.does("Ada", "DELETE", f"{path}/Ada") == (409, "owner_stays")
    for _ in range(2):
        await chat.remove_member("Grace", "garden", "Grace")
    await chat.remove_member("Ada", "garden", "Linus")
    assert await members(chat, "Ada", "garden") == ["Ada"]
    assert await chat.does("Grace", "GET", "/api/rooms/garden/messages") == (403, "not_a_member")
    assert await chat.does("Ada", "DELETE", f"{path}/Nobody") == (404, "unknown_recipient")


async def test_only_the_owner_closes_a_room_and_it_is_gone_for_all(chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace")
    grace = await chat.live_device("Grace")
    await grace.say_in("garden", "my secret")
    await grace.hear("sent")
    assert await chat.does("Grace", "DELETE", "/api/rooms/garden") == (403, "not_the_owner")
    assert await chat.does("Ada", "DELETE", "/api/rooms/garden") == 204
    closed = await grace.hear("closed")
    assert (closed["conversation"], closed["username"], closed["seq"]) == ("#garden", "Ada", 4)
    await grace.say_in("garden", "hello?")
    assert await grace.refused() == "not_a_member"
    for name in ("Ada", "Grace"):
        assert await chat.does(name, "GET", "/api/rooms/garden") == (404, "unknown_room")
        assert await chat.get(name, "/api/search-messages", query="secret") == []
    assert (await chat.device("Grace")).ready["positions"] == {}


# What is said in them


async def test_a_message_comes_to_every_member_and_to_nobody_else(chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace")
    ada, other, grace, linus = [await chat.live_device(name) for name in ("Ada", "Ada", "Grace", "Linus")]
    await ada.say_in("garden", "Hello there!", nonce="n1")
    event = {
        "id": 1,
        "seq": 3,
        "conversation": "#garden",
        "sender_username": "Ada",
        "room": "garden",
        "message": "Hello there!",
        "timestamp": NOW,
        "attachments": [],
        "reply_to": None,
        "html": None,
        "mentions": [],
        "mentions_room": False,
    }
    assert await grace.hear("message") == {"type": "message", "nonce": None, **event}
    for device in (ada, other):
        assert await device.hear("sent") == {"type": "sent", "nonce": "n1", "delivered": None, **event}
    for device in (ada, other, grace, linus):
        await device.heard_nothing()
    (message,) = await chat.get("Grace", "/api/rooms/GARDEN/messages")
    assert message == {**event, "nonce": None, "cards": [], "reactions": {}}
    assert (await chat.get("Grace", "/api/rooms/garden"))["unread"] == 1
    assert (await chat.get("Ada", "/api/rooms/garden"))["unread"] == 0


async def test_changes_in_a_room_come_to_every_member(chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace", "Linus")
    ada, grace, linus = [await chat.live_device(name) for name in ("Ada", "Grace", "Linus")]
    await grace.say_in("garden", "helo")
    first = (await ada.hear("message"))["id"]
    await grace.send(type="edit", id=first, message="hello")
    await ada.send(type="react", id=first, emoji="🌹")
    await ada.send(type="read", room="garden", seq=4)
    await hear_seqs(ada, 5, 7)
    assert await chat.does("Linus", "DELETE", f"/api/rooms/garden/messages/{first}") == (403, "not_the_author")
    assert await chat.does("Ada", "PATCH", f"/api/rooms/garden/messages/{first}", json={"message": "x"}) == (
        403,
        "not_the_author",
    )
    await linus.send(type="typing", room="garden")
    await ada.hear("typing")
    await ada.send(type="delete", id=first)  # the owner keeps order
    heard = [await grace.hear_anything() for _ in range(6)]
    assert [one["type"] for one in heard if one["type"] != "typing"] == [
        "sent",
        "edited",
        "reaction",
        "read",
        "deleted",
    ]
    assert {one["conversation"] for one in heard} == {"#garden"}
    assert [(await linus.hear_anything())["type"] for _ in range(5)] == [
        "message",
        "edited",
        "reaction",
        "read",
        "deleted",
    ]
    await linus.heard_nothing()  # not of his own typing


async def test_the_history_of_a_room_has_pages(chat: Instance) -> None:
    await chat.make_room("Ada", "garden")
    ada = await chat.live_device("Ada")
    for number in range(10):
        await ada.say_in("garden", str(number))
        await ada.hear("sent")
    async with chat.client("Ada") as client:
        back: list[str] = []
        answer = await client.get("/api/rooms/garden/messages?limit=4")
        while answer.json():
            back = [one["message"] for one in answer.json()] + back
            answer = await client.get(answer.links["prev"]["url"])
    assert back == [str(number) for number in range(10)]


async def test_who_was_away_gets_what_was_missed_in_a_room(chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace")
    ada = await chat.live_device("Ada")
    await ada.say_in("garden", "one")
    first = (await ada.hear("sent"))["id"]
    await ada.send(type="edit", id=first, message="One")
    await ada.hear("edited")
    await chat.add_member("Ada", "garden", "Linus")
    grace = await chat.device("Grace")
    assert grace.ready["positions"] == {"#garden": 5}
    await grace.send(type="resume", positions={"#garden": 2})
    message, edited, joined = await hear_seqs(grace, 3, 5)
    assert (message["message"], edited["message"], joined["username"]) == ("One", "One", "Linus")
    epochs = grace.ready["epochs"]
    resumed = {"type": "resumed", "positions": {"#garden": 5}, "epochs": epochs, "truncated": []}
    assert await grace.hear("resumed") == resumed


# Coming and going, on open connections


async def test_who_joins_hears_it_and_everything_after(chat: Instance) -> None:
    await chat.make_room("Ada", "garden")
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    await ada.say_in("garden", "before")
    await ada.hear("sent")
    await chat.add_member("Ada", "garden", "Grace")
    joined = await grace.hear("joined")
    assert joined == {
        "type": "joined",
        "seq": 3,
        "conversation": "#garden",
        "username": "Grace",
        "timestamp": NOW,
        "epoch": ada.ready["epochs"]["#garden"],
    }
    assert await ada.hear("joined") == joined
    await ada.say_in("garden", "after")
    assert (await grace.hear("message"))["seq"] == 4
    await grace.say_in("garden", "thank you")
    assert (await ada.hear("sent"))["seq"] == 4
    assert (await ada.hear("message"))["seq"] == 5


async def test_a_former_member_is_refused_on_the_open_connection_and_hears_nothing_more(chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace")
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    await grace.say_in("garden", "hello")
    said = (await grace.hear("sent"))["id"]
    await chat.remove_member("Ada", "garden", "Grace")
    left = await grace.hear("left")
    assert (left["username"], left["seq"]) == ("Grace", 4)
    for command, code in (
        ({"room": "garden", "message": "hello?"}, "not_a_member"),
        ({"room": "garden", "message": "hello?", "reply_to": said}, "not_a_member"),
        ({"room": "garden", "message": "hello?", "reply_to": said + 1_000}, "not_a_member"),
        ({"type": "read", "room": "garden", "seq": 4}, "not_a_member"),
        ({"type": "typing", "room": "garden"}, "not_a_member"),
        ({"type": "edit", "id": said, "message": "x"}, "unknown_message"),
        ({"type": "delete", "id": said}, "unknown_message"),
        ({"type": "react", "id": said, "emoji": "👍"}, "unknown_message"),
    ):
        await grace.send(**command)
        assert await grace.refused() == code
    await ada.hear("message")
    await ada.hear("left")
    await ada.send(type="typing", room="garden")
    await ada.say_in("garden", "she is gone")
    await ada.hear("sent")
    await grace.heard_nothing()
    await grace.send(type="resume", positions={})
    assert (await grace.hear("resumed"))["positions"] == {"#garden": 2}  # as it was when she connected; nothing of it
    assert (await chat.device("Grace")).ready["positions"] == {}


async def test_what_was_sent_before_leaving_is_answered_when_it_is_sent_again(chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace")
    grace = await chat.live_device("Grace")
    await grace.send(room="garden", message="hello", nonce="n")
    said = await grace.hear("sent")
    await chat.remove_member("Ada", "garden", "Grace")
    await grace.hear("left")
    await grace.send(room="garden", message="hello", nonce="n")
    assert (await grace.hear("sent"))["id"] == said["id"]
    await grace.send(room="garden", message="hello", nonce="another")
    assert await grace.refused() == "not_a_member"


async def test_who_comes_back_hears_from_there_on(chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace")
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    for turn in range(3):
        await chat.remove_member("Ada", "garden", "Grace")
        assert (await grace.hear("left"))["seq"] == 3 + 3 * turn
        await ada.say_in("garden", "behind her back")
        assert (await ada.hear_anything())["type"] == "left"
        assert (await ada.hear_anything())["type"] == "sent"
        await chat.add_member("Ada", "garden", "Grace")
        assert (await grace.hear("joined"))["seq"] == 5 + 3 * turn
        assert (await ada.hear_anything())["type"] == "joined"
    await ada.say_in("garden", "welcome")
    assert (await grace.hear("message"))["message"] == "welcome"


# Several instances


async def test_rooms_cross_between_instances(world: World) -> None:
    here, there = [await world.instance(messages_per_second=0) for _ in range(2)]
    await here.make_room("Ada", "garden")
    ada, grace = await here.live_device("Ada"), await there.live_device("Grace")
    await there.add_member("Grace", "garden", "Grace")
    assert (await grace.hear("joined"))["seq"] == 2
    assert (await ada.hear("joined"))["seq"] == 2
    for number in range(20):
        await ada.say_in("garden", f"a{number}")
        await grace.say_in("garden", f"g{number}")
    heard = [await hear_seqs(device, 3, 42) for device in (ada, grace)]
    assert [event["message"] for event in heard[0]] == [event["message"] for event in heard[1]]
    await here.remove_member("Ada", "garden", "Grace")
    assert (await grace.hear("left"))["seq"] == 43
    await ada.hear("left")
    await ada.say_in("garden", "she is gone")
    await ada.hear("sent")
    await grace.say_in("garden", "hello?")
    assert await grace.refused() == "not_a_member"
    await grace.heard_nothing()


async def test_who_joins_in_the_middle_of_talk_on_another_instance_hears_everything_after(world: World) -> None:
    here, there = [await world.instance(messages_per_second=0) for _ in range(2)]
    await here.make_room("Ada", "garden")
    ada, grace = await here.live_device("Ada"), await there.live_device("Grace")

    said = 0

    async def say(count: int) -> None:
        nonlocal said
        for _ in range(count):
            said += 1
            await ada.say_in("garden", str(said))
            await asyncio.sleep(0)

    async def join() -> None:
        await here.add_member("Ada", "garden", "Grace")

    await say(10)
    joining = asyncio.create_task(join())
    while not joining.done():
        await say(1)
    await say(100)
    entrance = await grace.hear("joined")
    assert 11 < entrance["seq"] < 2 + said
    events = await hear_seqs(grace, entrance["seq"] + 1, 2 + said)
    assert {event["type"] for event in events} == {"message"}
    await grace.heard_nothing()


# Redis away


async def away(valkey: Valkey, *instances: Instance) -> None:
    valkey.kill()
    for one in instances:
        await eventually(lambda bus=one.state["bus"]: not bus.is_connected)


async def back(valkey: Valkey, *instances: Instance) -> None:
    valkey.start()
    for one in instances:
        await eventually(lambda bus=one.state["bus"]: bus.is_connected)


async def test_who_was_removed_while_redis_was_away_hears_nothing_when_it_is_back(
    fragile_world: World, valkey: Valkey
) -> None:
    here, there = [await fragile_world.instance(messages_per_second=0) for _ in range(2)]
    await here.make_room("Ada", "garden", "Grace", "Linus")
    ada, near, far = await here.live_device("Ada"), await here.live_device("Grace"), await there.live_device("Grace")
    linus = await there.live_device("Linus")
    await away(valkey, here, there)
    await here.remove_member("Ada", "garden", "Grace")
    await near.hear("left")
    await ada.hear("left")
    await ada.say_in("garden", "she is gone")
    await ada.hear("sent")
    for grace in (near, far):
        await grace.say_in("garden", "hello?")
        assert await grace.refused() == "not_a_member"
    await back(valkey, here, there)
    assert [event["type"] for event in await hear_seqs(linus, 4, 5)] == ["left", "message"]
    await ada.send(type="typing", room="garden")
    await ada.say_in("garden", "as I said")
    heard = [(await linus.hear_anything())["type"] for _ in range(2)]
    assert sorted(heard) == ["message", "typing"]
    for grace in (near, far):
        await grace.heard_nothing()


async def test_who_joined_while_redis_was_away_hears_everything_since_when_it_is_back(
    fragile_world: World, valkey: Valkey
) -> None:
    here, there = [await fragile_world.instance(messages_per_second=0) for _ in range(2)]
    await here.make_room("Ada", "garden")
    ada, grace = await here.live_device("Ada"), await there.live_device("Grace")
    await ada.say_in("garden", "before")
    await ada.hear("sent")
    await away(valkey, here, there)
    await here.add_member("Ada", "garden", "Grace")
    for number in range(5):
        await ada.say_in("garden", str(number))
    await hear_seqs(ada, 3, 8)
    await back(valkey, here, there)
    events = await hear_seqs(grace, 3, 8)
    assert [event["type"] for event in events] == ["joined"] + ["message"] * 5
    await ada.say_in("garden", "after")
    assert (await grace.hear("message"))["seq"] == 9
    await grace.heard_nothing()


async def test_messages_in_a_room_survive_redis(fragile_world: World, valkey: Valkey) -> None:
    here, there = [await fragile_world.instance(messages_per_second=0) for _ in range(2)]
    await here.make_room("Ada", "garden", "Grace", "Linus")
    ada, grace, linus = [
        await one.live_device(name) for one, name in ((here, "Ada"), (here, "Grace"), (there, "Linus"))
    ]
    seq = 4
    for _ in range(2):
        await away(valkey, here, there)
        for number in range(5):
            await ada.say_in("garden", str(number))
        for device in (ada, grace):
            await hear_seqs(device, seq, seq + 4)
        await back(valkey, here, there)
        await hear_seqs(linus, seq, seq + 4)
        seq += 5
    for device in (ada, grace, linus):
        await device.heard_nothing()
