"""Timeouts and slow mode, over all instances, and what is moderated on bad days."""

import asyncio

import pytest

from chat_service.domain.moderation import SLOW_MODE_S_MAX, TIMEOUT_S_MAX
from chat_service.domain.people import Person
from chat_service.store.people import PeopleStore
from servicekit.database import Database
from servicekit.times import rfc3339
from tests.chat_service import community
from tests.chat_service.conftest import garden
from tests.chat_service.erasure import erase, rows, say
from tests.chat_service.moderating import FORBIDDEN, GARDEN, time_out, write
from tests.chat_service.world import Device, Instance, World
from tests.stores import allow, opened_store, refuse
from tests.valkey import Valkey

# Timeouts


async def test_who_is_timed_out_reads_on_and_writes_edits_and_reacts_not(world: World) -> None:
    here, there = [await world.instance(messages_per_second=0) for _ in range(2)]
    await garden(here)
    (message_id,) = await say(here, "Linus", "before", room="garden")
    linus, ada = await there.live_device("Linus"), await here.live_device("Ada")
    assert await time_out(here, "Grace", "Linus", 60) == 200
    until = rfc3339(world.clock() + 60)
    for device in (linus, ada):
        heard = await device.hear("timed_out")
        assert (heard["username"], heard["until"], heard["by"]) == ("Linus", until, "Grace")
    world.clock.forward(20.5)
    for command in (
        {"room": "garden", "message": "but", "nonce": "n"},
        {"type": "edit", "id": message_id, "message": "after"},
        {"type": "react", "id": message_id, "emoji": "👍"},
    ):
        await linus.send(**command)
        heard = await linus.hear("error")
        assert (heard["code"], heard["retry_after_s"]) == ("timed_out", 40)
    answer = await there.request("Linus", "POST", f"{GARDEN}/messages", json={"message": "but"})
    assert (answer.status_code, answer.json()["code"], answer.json()["retry_after_s"]) == (403, "timed_out", 40)
    assert answer.headers["retry-after"] == "40"
    (room, _) = await there.get("Linus", "/api/rooms")
    assert (room["timed_out_until"], (await here.get("Grace", GARDEN))["timeouts"]) == (until, {"Linus": until})
    assert (await there.get("Linus", GARDEN))["timeouts"] == {}
    await linus.send(type="typing", room="garden")
    await linus.heard_nothing()
    await (await there.live_device("Grace")).send(type="typing", room="garden")
    assert (await ada.hear("typing"))["username"] == "Grace"
    await ada.say_in("garden", "quiet now")
    assert [(await linus.hear(event)).get("message") for event in ("typing", "message")] == [None, "quiet now"]
    assert await here.does("Linus", "DELETE", f"{GARDEN}/messages/{message_id}") == 200  # what is theirs they take back
    world.clock.forward(40)
    assert await write(there, "Linus") == 201


@pytest.mark.parametrize("ends_by", ["DELETE", "PUT"])
async def test_a_timeout_is_ended_and_told(world: World, chat: Instance, ends_by: str) -> None:
    await garden(chat)
    assert await time_out(chat, "Ada", "Linus") == 200
    linus = await chat.live_device("Linus")
    content = {"json": {"seconds": 0}} if ends_by == "PUT" else {}
    for _ in range(2):  # the second time there is nothing to end, nor to tell
        status = await chat.does("Grace", ends_by, f"{GARDEN}/timeouts/Linus", **content)
        assert status == (200 if ends_by == "PUT" else 204)
    assert (await linus.hear("timed_out"))["until"] is None
    await linus.say_in("garden", "thanks")
    assert await linus.hear_texts(1, "sent") == ["thanks"]
    assert [act for _, act, *_ in community.acts(world)] == ["room_role", "timed_out", "timeout_ended"]


async def test_a_timeout_holds_for_who_leaves_and_comes_back_and_for_who_was_never_there(chat: Instance) -> None:
    await garden(chat)
    assert await time_out(chat, "Grace", "Linus") == 200
    await chat.remove_member("Linus", "garden", "Linus")
    await chat.add_member("Linus", "garden", "Linus")
    assert await write(chat, "Linus") == (403, "timed_out")
    await chat.make_room("Ada", "kitchen")
    path = "/api/rooms/kitchen/timeouts"
    assert await chat.does("Ada", "PUT", f"{path}/Linus", json={"seconds": 60}) == 200
    assert await chat.does("Ada", "PUT", f"{path}/nobody", json={"seconds": 60}) == (404, "unknown_recipient")
    await chat.add_member("Linus", "kitchen", "Linus")
    message = {"json": {"message": "hello"}}
    assert await chat.does("Linus", "POST", "/api/rooms/kitchen/messages", **message) == (403, "timed_out")
    assert await chat.does("Ada", "DELETE", "/api/rooms/kitchen") == 204
    await chat.make_room("Ada", "kitchen", "Linus")  # another room
    assert await chat.does("Linus", "POST", "/api/rooms/kitchen/messages", **message) == 201


@pytest.mark.parametrize("seconds, outcome", [(-1, 422), (TIMEOUT_S_MAX, 200), (TIMEOUT_S_MAX + 1, 422)])
async def test_a_timeout_has_bounds(chat: Instance, seconds: int, outcome: int) -> None:
    await garden(chat)
    answer = await chat.request("Ada", "PUT", f"{GARDEN}/timeouts/Linus", json={"seconds": seconds})
    assert answer.status_code == outcome


async def test_what_was_sent_before_is_found_by_its_nonce_in_a_timeout_too(chat: Instance) -> None:
    await garden(chat)
    assert await write(chat, "Linus", nonce="n") == 201
    assert await time_out(chat, "Grace", "Linus") == 200
    assert await write(chat, "Linus", nonce="n") == 201
    assert await write(chat, "Linus", nonce="another") == (403, "timed_out")


async def test_who_is_timed_out_may_still_erase_their_account(world: World, chat: Instance) -> None:
    await garden(chat)
    (message_id,) = await say(chat, "Ada", "hello", room="garden")
    linus = await chat.live_device("Linus")
    await linus.send(type="react", id=message_id, emoji="👍")
    await linus.hear("reaction")
    assert await time_out(chat, "Grace", "Linus") == 200
    await erase(world, "Linus")
    assert rows(world, "SELECT * FROM reactions") == rows(world, "SELECT * FROM timeouts") == []


# Slow mode


async def slow(chat: Instance, seconds: int = 10) -> None:
    assert await chat.does("Grace", "PATCH", GARDEN, json={"slow_mode_s": seconds}) == 200


async def test_slow_mode_lets_a_member_write_once_in_its_time_whatever_device_or_instance(world: World) -> None:
    here, there = [await world.instance(messages_per_second=0) for _ in range(2)]
    await garden(here)
    devices = [await here.live_device("Linus"), await here.live_device("Linus"), await there.live_device("Linus")]
    await slow(here)
    for device in devices:
        heard = await device.hear("room_changed")
        assert (heard["slow_mode_s"], heard["owner"], heard["username"]) == (10, "Ada", "Grace")
    await asyncio.gather(*(one.say_in("garden", "hello", nonce=str(n)) for n, one in enumerate(devices)))
    outcomes = [await outcome(device, str(number)) for number, device in enumerate(devices)]
    assert sorted(outcomes) == ["sent", "slow_mode", "slow_mode"]
    assert len(rows(world, "SELECT 1 FROM messages")) == 1
    world.clock.forward(9.5)
    answer = await there.request("Linus", "POST", f"{GARDEN}/messages", json={"message": "again"})
    assert (answer.status_code, answer.json()["code"], answer.json()["retry_after_s"]) == (429, "slow_mode", 1)
    assert answer.headers["retry-after"] == "1"
    world.clock.forward(0.5)
    assert await write(there, "Linus") == 201
    assert [room["slow_mode_s"] for room in await there.get("Linus", "/api/rooms")] == [10, 0]


async def outcome(device: Device, nonce: str) -> str:
    """Of what was said with it: `sent`, or the code of the refusal."""
    while True:
        event = await device.hear_anything()
        if event.get("nonce") == nonce:
            return str(event.get("code", event["type"]))


async def test_slow_mode_is_not_for_moderators_and_ends(world: World, chat: Instance) -> None:
    await garden(chat)
    await slow(chat)
    for name in ("Ada", "Grace", "Ada", "Grace", "Linus"):
        assert await write(chat, name) == 201
    assert await write(chat, "Linus") == (429, "slow_mode")
    await chat.remove_member("Linus", "garden", "Linus")
    await chat.add_member("Linus", "garden", "Linus")
    assert await write(chat, "Linus") == (429, "slow_mode")
    await community.make(world, "Linus", "moderator")
    assert await write(chat, "Linus") == 201
    await community.make(world, "Linus", "member")
    await slow(chat, 0)
    assert [await write(chat, "Linus") for _ in range(2)] == [201, 201]
    assert [one for one in community.acts(world) if one[1] == "slow_mode"] == [
        ("Grace", "slow_mode", "10", "garden"),
        ("Grace", "slow_mode", "0", "garden"),
    ]


async def test_a_message_that_is_sent_again_is_no_second_one_in_slow_mode(chat: Instance) -> None:
    await garden(chat)
    await slow(chat)
    for _ in range(2):
        assert await write(chat, "Linus", nonce="n") == 201
    assert await write(chat, "Linus", nonce="other") == (429, "slow_mode")


async def test_two_messages_in_one_group_are_two_in_slow_mode(world: World, chat: Instance) -> None:
    await garden(chat)
    await slow(chat)
    with world.locked_store():
        both = [asyncio.create_task(write(chat, "Linus", text)) for text in ("one", "two")]
        await asyncio.sleep(0)
    assert sorted(await asyncio.gather(*both), key=str) == [(429, "slow_mode"), 201]


@pytest.mark.parametrize("seconds, status", [(-1, 422), (0, 200), (SLOW_MODE_S_MAX, 200), (SLOW_MODE_S_MAX + 1, 422)])
async def test_slow_mode_has_bounds(chat: Instance, seconds: int, status: int) -> None:
    await garden(chat)
    assert (await chat.request("Ada", "PATCH", GARDEN, json={"slow_mode_s": seconds})).status_code == status


async def test_who_changes_the_topic_tells_it_and_what_changes_nothing_is_told_to_nobody(chat: Instance) -> None:
    await garden(chat)
    linus = await chat.live_device("Linus")
    for change in ({"topic": "Tulips"}, {"topic": "Tulips", "private": False}, {"slow_mode_s": 0}):
        assert await chat.does("Ada", "PATCH", GARDEN, json=change) == 200
    heard = await linus.hear("room_changed")
    assert (heard["topic"], heard["private"], heard["slow_mode_s"]) == ("Tulips", False, 0)
    await linus.heard_nothing()


async def test_moderators_say_where_the_room_stands_in_the_list_and_it_is_told(world: World, chat: Instance) -> None:
    await garden(chat)
    linus = await chat.live_device("Linus")
    where = {"section": "Works", "position": 2}
    assert await chat.does("Linus", "PATCH", GARDEN, json=where) == FORBIDDEN
    assert await chat.does("Grace", "PATCH", GARDEN, json={**where, "topic": "hers"}) == (403, "not_the_owner")
    for _ in range(2):
        assert await chat.does("Grace", "PATCH", GARDEN, json=where) == 200
    heard = await linus.hear("room_changed")
    assert heard.items() >= {**where, "slow_mode_s": 0, "owner": "Ada"}.items()
    await linus.heard_nothing()
    assert [act for _, act, *_ in community.acts(world)] == ["room_role"]


# Bad days


async def test_what_moderators_did_is_resumed_by_who_was_away(chat: Instance) -> None:
    await garden(chat)
    position = (await chat.get("Linus", GARDEN))["last_seq"]
    await slow(chat)
    assert await time_out(chat, "Grace", "Linus") == 200
    linus = await chat.device("Linus")
    await linus.send(type="resume", positions={"#garden": position})
    assert [(await linus.hear_anything())["type"] for _ in range(3)] == ["room_changed", "timed_out", "resumed"]


async def test_while_redis_is_away_what_is_stored_holds_everywhere(fragile_world: World, valkey: Valkey) -> None:
    here, there = [await fragile_world.instance(messages_per_second=0) for _ in range(2)]
    await garden(here)
    valkey.kill()
    assert await time_out(here, "Grace", "Linus") == 200
    assert await write(there, "Linus") == (403, "timed_out")


async def test_on_a_full_disk_nothing_is_moderated_and_nothing_half(world: World, chat: Instance) -> None:
    await garden(chat)
    before = community.acts(world)
    with opened_store(world.store) as store:
        refuse(store, "INSERT ON acts")
        assert await time_out(chat, "Grace", "Linus") == (503, "not_stored")
        assert await chat.does("Grace", "PATCH", GARDEN, json={"slow_mode_s": 10}) == (503, "not_stored")
        allow(store, "acts")
    assert community.acts(world) == before
    assert [await write(chat, "Linus") for _ in range(2)] == [201, 201]
    assert (await chat.get("Linus", "/api/rooms"))[0]["slow_mode_s"] == 0


async def test_an_older_instance_that_takes_a_profile_leaves_its_role_to_be_read(database: Database) -> None:
    people = PeopleStore(database)
    await people.put_people([Person("Ada", "Ada", None, 1)])

    def as_before(connection: object) -> None:
        connection.execute(  # type: ignore[attr-defined]
            "UPDATE people SET version = 2, nickname = 'Countess' WHERE username = 'Ada'"
        )

    await database.write(as_before)
    assert await people.people_version() == 1
    await people.put_people([Person("Ada", "Countess", None, 2, role="owner")])
    assert await people.find_person("Ada") == Person("Ada", "Countess", None, 2, role="owner")


async def test_acts_are_a_numbered_list(chat: Instance) -> None:
    await garden(chat)
    assert await time_out(chat, "Grace", "Linus") == 200
    page = await chat.get("", "/internal/acts")
    assert page["acts"][-1] == {
        "number": 2,
        "actor": "Grace",
        "act": "timed_out",
        "target": "Linus",
        "room": "garden",
        "at": "2027-01-15T08:00:00.000Z",
    }
    assert (page["last"], page["store"]) == (2, chat.state["database"].id)
    assert [act["number"] for act in (await chat.get("", "/internal/acts", after=1, limit=1))["acts"]] == [2]
