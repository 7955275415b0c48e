"""Making rooms: what a room is, which names are taken, and what its owner may change."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from chat_service.domain.refusals import RoomTaken
from chat_service.store.rooms import Rooms as RoomStore
from servicekit.database import Database
from tests.chat_service.drafts import NOW
from tests.chat_service.rooms import members, names
from tests.chat_service.world import Instance, World
from tests.stores import opened_store

NOTHING_SAID: dict[str, Any] = {
    "section": None,
    "position": 0,
    "last_message": None,
    "last_message_time": None,
    "last_sender_username": None,
}


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
    assert await chat.does("Ada", "POST", "/api/save-chat", json={"username": "Grace"}) == (429, "too_many_messages")
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
