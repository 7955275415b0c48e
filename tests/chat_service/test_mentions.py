"""Mentions: who is named in a text, and what is told of it live, resumed, in histories, lists and the inbox."""

from typing import Any

import pytest

from chat_service.domain.markdown import mentioned_names
from chat_service.domain.mentions import NAMED_MAX, Named, may_name_all, named_by
from chat_service.domain.moderation import Position
from tests.chat_service.erasure import erase, rows, say
from tests.chat_service.test_attention import counts
from tests.chat_service.world import Device, Instance, World

# The rules


@pytest.mark.parametrize(
    "text, names",
    [
        ("no one at all, @ nobody", ()),
        ("@ada and @Grace.", ("ada", "Grace")),
        ("(@ada), *@grace*!\n> @linus", ("ada", "grace", "linus")),
        ("||@ada|| and ~~@grace~~", ("ada", "grace")),
        ("@ada @ada @room", ("ada", "ada", "room")),
        ("`@ada` and `` `@grace` ``", ()),
        ("```\n@ada\n```\n\n    @grace\n", ()),
        ("~~~python\n@cache\ndef f(): ...\n~~~ \n@ada", ("ada",)),
        ("mail ada@example.org, \\@grace, https://example.org/@linus", ()),
        ("[@ada](https://example.org)", ()),
        ("@ада @adaя @a\u200bda", ("a",)),
        ("#ada", ()),
    ],
)
def test_names_stand_in_the_text_and_not_in_code_addresses_and_links(text: str, names: tuple[str, ...]) -> None:
    assert mentioned_names(text) == names


def test_in_a_room_all_can_be_named_and_each_person_once() -> None:
    names = ("Ada", "ROOM", "ada", "grace")
    assert named_by(names, is_room=True) == Named(("ada", "grace"), room=True)
    assert named_by(names, is_room=False) == Named(("ada", "room", "grace"), room=False)
    many = [f"n{number}" for number in range(1_000)]
    assert named_by([*many, "room"], is_room=True) == Named(tuple(many[:NAMED_MAX]), room=True)


def test_in_more_than_fifty_only_who_is_more_than_a_member_names_all() -> None:
    member = frozenset({Position.MEMBER})
    assert may_name_all(member, 50)
    assert not may_name_all(member, 51)
    for position in frozenset(Position) - member:
        assert may_name_all(frozenset({position}), 51)


# The service


def named(event: dict[str, Any]) -> tuple[list[str], bool]:
    return event["mentions"], event["mentions_room"]


async def resumed(chat: Instance, name: str, *kinds: str) -> list[dict[str, Any]]:
    device = await chat.device(name)
    await device.send(type="resume", positions={})
    heard = [await device.hear(kind) for kind in kinds]
    await device.hear("resumed")
    return heard


async def test_a_message_and_its_edit_say_whom_they_name_live_resumed_and_in_the_history(file_world: World) -> None:
    chat = await file_world.instance(messages_per_second=0)
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    await ada.say("Grace", "Hello @grace and @Linus")
    sent, told = await ada.hear("sent"), await grace.hear("message")
    assert named(sent) == named(told) == (["Grace"], False)
    await ada.send(type="edit", id=sent["id"], message="Hello `@grace`")
    assert [named(await device.hear("edited")) for device in (ada, grace)] == [([], False)] * 2
    answer = await chat.request("Ada", "POST", "/api/messages/Grace", json={"message": "@Grace?"})
    assert named(answer.json()) == (["Grace"], False)
    await grace.hear("message")
    await ada.send(type="edit", id=sent["id"], message="@ada @GRACE @room")
    assert named(await grace.hear("edited")) == (["Ada", "Grace"], False)
    history = await chat.get("Grace", "/api/messages/Ada")
    again = await resumed(chat, "Grace", "message", "edited", "message", "edited")
    told_later = [named(one) for one in again if one["id"] == sent["id"]]
    assert told_later == [(["Ada", "Grace"], False)] * 3
    assert [named(one) for one in history] == [(["Ada", "Grace"], False), (["Grace"], False)]


async def hear_counts(device: Device) -> tuple[int, int]:
    event = await device.hear("read")
    return event["unread"], event["mentions"]


async def test_counts_are_in_the_lists_and_in_ones_own_read_events(file_world: World) -> None:
    chat = await file_world.instance(messages_per_second=0)
    await chat.make_room("Ada", "garden", "Grace", "Linus")
    await say(chat, "Ada", "one", "@grace two", "@room three", room="garden")
    await say(chat, "Linus", "@grace", "four", to="Grace")
    assert await counts(chat, "Grace") == [(2, 1), (3, 2)]
    grace = await chat.live_device("Grace")
    assert await chat.does("Grace", "PUT", "/api/rooms/garden/messages/read", json={"seq": 5}) == 204
    assert await hear_counts(grace) == (1, 1)
    await grace.send(type="read", to="Linus", seq=1)
    assert await hear_counts(grace) == (1, 0)
    assert await counts(chat, "Grace") == [(1, 0), (1, 1)]


async def test_an_edit_changes_what_is_counted_and_tells_no_message(file_world: World) -> None:
    chat = await file_world.instance(messages_per_second=0)
    await chat.make_room("Ada", "garden", "Grace")
    (message_id,) = await say(chat, "Ada", "one", room="garden")
    path = f"/api/rooms/garden/messages/{message_id}"
    grace = await chat.live_device("Grace")
    for text, mentions in (("@grace", 1), ("@linus", 0), ("@room", 1)):
        assert await chat.does("Ada", "PATCH", path, json={"message": text}) == 200
        await grace.hear("edited")
        assert await counts(chat, "Grace") == [(1, mentions)]
    assert await chat.does("Ada", "DELETE", path) == 200
    assert await counts(chat, "Grace") == [(0, 0)]


async def test_the_inbox_leads_from_page_to_page(file_world: World) -> None:
    chat = await file_world.instance(messages_per_second=0, history_page_max=2)
    await chat.make_room("Ada", "garden", "Grace")
    await say(chat, "Ada", *(f"@grace {number}" for number in range(3)), "nobody", room="garden")
    await say(chat, "Linus", "@Grace 3", to="Grace")
    answer, found = await chat.request("Grace", "GET", "/api/mentions"), []
    while answer.json():
        assert len(answer.json()) <= 2
        found += [(item["conversation"], item["message"]) for item in answer.json()]
        path = answer.links["next"]["url"]
        answer = await chat.request("Grace", "GET", path)
    assert found == [("@Linus", "@Grace 3"), *(("#garden", f"@grace {number}") for number in (2, 1, 0))]
    assert await chat.get("Linus", "/api/mentions") == []
    assert await chat.does("Grace", "GET", "/api/mentions?limit=0") == (422, "invalid")
    await chat.remove_member("Ada", "garden", "Grace")
    assert [item["message"] for item in await chat.get("Grace", "/api/mentions")] == ["@Grace 3"]


async def test_who_was_removed_a_moment_ago_is_not_named(file_world: World) -> None:
    chat = await file_world.instance(messages_per_second=0)
    await chat.make_room("Ada", "garden", "Grace")
    ada = await chat.live_device("Ada")
    await chat.remove_member("Ada", "garden", "Grace")
    await ada.hear("left")
    await ada.say_in("garden", "@grace")
    assert named(await ada.hear("sent")) == ([], False)
    assert rows(file_world, "SELECT * FROM mentioned") == []


async def test_a_thousand_names_in_one_message_are_a_message(file_world: World) -> None:
    chat = await file_world.instance(messages_per_second=0)
    await chat.make_room("Ada", "garden", "Grace")
    for text in ("@grace " + "@n " * 1_300, " ".join(f"@{number}" for number in range(797)) + " @grace"):
        answer = await chat.request("Ada", "POST", "/api/rooms/garden/messages", json={"message": text})
        assert answer.status_code == 201, answer.text
        assert answer.json()["message"] == text
        assert named(answer.json()) == (["Grace"] if text.startswith("@grace") else [], False)


async def test_what_is_said_to_who_has_erased_the_account_names_nobody(file_world: World) -> None:
    chat = await file_world.instance(messages_per_second=0)
    await chat.make_room("Linus", "garden", "Ada", "Grace")
    await say(chat, "Linus", "@ada @grace", room="garden")
    await erase(file_world, "Ada")
    assert rows(file_world, "SELECT username FROM mentioned") == [("Grace",)]
    answer = await chat.request("Linus", "POST", "/api/rooms/garden/messages", json={"message": "@ada @grace"})
    assert named(answer.json()) == (["Grace"], False)
