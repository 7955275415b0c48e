"""Reactions, read marks and typing; and who may change what, by socket and by HTTP alike."""

from typing import Any

import pytest

from tests.chat_service.drafts import NOW
from tests.chat_service.talks import saved_chat, talk
from tests.chat_service.world import Instance, World

# Reactions


async def test_everybody_reacts_with_one_of_each_emoji_and_takes_it_back(chat: Instance) -> None:
    ada, grace, (first,) = await talk(chat, "hello")
    for device, emoji in ((grace, "👍"), (grace, "🎉"), (ada, "👍"), (grace, "👍")):
        await device.send(type="react", id=first, emoji=emoji)
    told = [await grace.hear("reaction") for _ in range(3)]
    assert sorted((one["username"], one["emoji"], one["removed"]) for one in told) == [
        ("Ada", "👍", False),
        ("Grace", "🎉", False),
        ("Grace", "👍", False),
    ]
    await grace.heard_nothing()
    (message,) = await chat.get("Ada", "/api/messages/Grace")
    assert list(message["reactions"]) == ["👍", "🎉"]  # as they were given first
    assert {emoji: set(names) for emoji, names in message["reactions"].items()} == {
        "👍": {"Ada", "Grace"},
        "🎉": {"Grace"},
    }
    for _ in range(2):
        await grace.send(type="react", id=first, emoji="👍", remove=True)
    taken_back = await grace.hear("reaction")
    assert (taken_back["emoji"], taken_back["removed"], taken_back["seq"]) == ("👍", True, 5)
    await grace.heard_nothing()
    (message,) = await chat.get("Ada", "/api/messages/Grace")
    assert message["reactions"] == {"🎉": ["Grace"], "👍": ["Ada"]}


@pytest.mark.parametrize("emoji", ["x", "👍👍", ":)", "∑", "中", " 👍"])
async def test_a_reaction_is_one_emoji(chat: Instance, emoji: str) -> None:
    _, grace, (first,) = await talk(chat, "hello")
    await grace.send(type="react", id=first, emoji=emoji)
    assert await grace.refused() == "invalid_emoji"


# Read marks


async def test_a_read_mark_is_shown_to_both_and_only_moves_forward(chat: Instance) -> None:
    ada, grace, _ = await talk(chat, *"abc")
    await grace.send(type="read", to="Ada", seq=2)
    event = {"type": "read", "seq": 4, "username": "Grace", "timestamp": NOW, "read_seq": 2}
    assert await ada.hear("read") == {**event, "conversation": "@Grace"}
    assert await grace.hear("read") == {**event, "conversation": "@Ada", "unread": 1, "mentions": 0}
    assert (await saved_chat(chat, "Grace"))["unread"] == 1
    for seq in (2, 1, 0, 5, 2**63 - 1):  # seen before, or still to come
        await grace.send(type="read", to="Ada", seq=seq)
    await grace.heard_nothing()
    await ada.say("Grace", "d")
    assert (await grace.hear("message"))["seq"] == 5
    assert (await saved_chat(chat, "Grace"))["unread"] == 2
    await grace.send(type="read", to="Ada", seq=5)
    assert (await grace.hear("read"))["read_seq"] == 5
    assert (await saved_chat(chat, "Grace"))["unread"] == 0


async def test_unread_counts_what_is_there_to_read(chat: Instance) -> None:
    ada, grace, ids = await talk(chat, *"abcde")
    for message_id in (ids[0], ids[3]):
        await ada.send(type="delete", id=message_id)
        await grace.hear("deleted")
    assert (await saved_chat(chat, "Grace"))["unread"] == 3
    await grace.send(type="read", to="Ada", seq=2)
    await grace.hear("read")
    assert (await saved_chat(chat, "Grace"))["unread"] == 2
    await ada.send(type="edit", id=ids[4], message="E")  # no new message
    await ada.send(type="react", id=ids[4], emoji="👍")
    await grace.hear("edited")
    await grace.hear("reaction")
    assert (await saved_chat(chat, "Grace"))["unread"] == 2
    await grace.say("Ada", "all right")
    await grace.hear("sent")
    assert (await saved_chat(chat, "Grace"))["unread"] == 0
    assert (await saved_chat(chat, "Ada"))["unread"] == 1


async def test_a_mark_where_nothing_was_said_yet_is_told_to_nobody(chat: Instance) -> None:
    ada = await chat.live_device("Ada")
    await ada.send(type="read", to="Grace", seq=0)
    await ada.heard_nothing()
    await ada.send(type="read", to="Nobody", seq=0)
    assert await ada.refused() == "unknown_recipient"


# Typing


async def test_typing_is_told_to_the_other_and_kept_nowhere(chat: Instance) -> None:
    ada, grace, _ = await talk(chat)
    other = await chat.live_device("Ada")
    await ada.send(type="typing", to="grace")
    assert await grace.hear("typing") == {"type": "typing", "conversation": "@Ada", "username": "Ada"}
    for device in (ada, other):
        await device.heard_nothing()
    assert await chat.history("Ada", "Grace") == []
    assert (await chat.device("Grace")).ready["positions"] == {}


async def test_typing_is_told_once_a_second_however_often_it_is_said(world: World) -> None:
    now_s = 100.0
    chat = await world.instance(messages_per_second=0, monotonic=lambda: now_s)
    ada, grace, _ = await talk(chat)
    linus = await chat.live_device("Linus")
    is_told = {0.0: True, 0.25: False, 0.5: False, 0.75: False, 1.0: True, 1.5: False, 2.0: True}
    for at_s, told in is_told.items():
        now_s = 100.0 + at_s
        await ada.send(type="typing", to="Grace")
        await ada.heard_nothing()
        if told:
            await grace.hear("typing")  # before the next is said: a message may overtake it, since it needs no bus
        await ada.say("Grace", str(at_s))
        await ada.hear("sent")
        await grace.hear("message")
    await ada.send(type="typing", to="Linus")  # another conversation, which counts for itself
    await linus.hear("typing")


async def test_typing_to_nobody_or_oneself_is_refused(chat: Instance) -> None:
    ada = await chat.live_device("Ada")
    for to, code in (("Nobody", "unknown_recipient"), ("Ada", "recipient_is_self")):
        await ada.send(type="typing", to=to)
        assert await ada.refused() == code
    await ada.send(type="typing", room="nowhere")
    assert await ada.refused() == "not_a_member"


# Rights


async def test_only_the_author_changes_a_message(chat: Instance) -> None:
    _, grace, (first,) = await talk(chat, "hello")
    for command in ({"type": "edit", "message": "bye"}, {"type": "delete"}):
        await grace.send(id=first, **command)
        assert await grace.refused() == "not_the_author"
    path = f"/api/messages/Ada/{first}"
    assert await chat.does("Grace", "PATCH", path, json={"message": "bye"}) == (403, "not_the_author")
    assert await chat.does("Grace", "DELETE", path) == (403, "not_the_author")
    assert await chat.history("Ada", "Grace") == ["hello"]


async def test_to_others_a_message_does_not_exist(chat: Instance) -> None:
    _, _, (first,) = await talk(chat, "hello")
    linus = await chat.live_device("Linus")
    for message_id in (first, 99):
        for command in (
            {"type": "edit", "message": "bye"},
            {"type": "delete"},
            {"type": "react", "emoji": "👍"},
        ):
            await linus.send(id=message_id, **command)
            assert await linus.refused() == "unknown_message"
        await linus.say("Ada", "hello", reply_to=message_id)
        assert await linus.refused() == "unknown_message"
        for other in ("Ada", "Grace"):
            assert await chat.does("Linus", "DELETE", f"/api/messages/{other}/{message_id}") == (404, "unknown_message")
    assert await chat.history("Ada", "Grace") == ["hello"]


async def test_a_message_is_found_at_the_path_of_its_conversation_alone(chat: Instance) -> None:
    await chat.make_room("Ada", "garden")
    _, _, (first,) = await talk(chat, "hello")
    for path, refusal in (
        (f"/api/messages/Linus/{first}", (404, "unknown_message")),
        (f"/api/messages/Nobody/{first}", (404, "unknown_recipient")),
        (f"/api/messages/Ada/{first}", (422, "recipient_is_self")),
        (f"/api/rooms/garden/messages/{first}", (404, "unknown_message")),
        (f"/api/rooms/nowhere/messages/{first}", (404, "unknown_room")),
    ):
        assert await chat.does("Ada", "PATCH", path, json={"message": "bye"}) == refusal
        assert await chat.does("Ada", "DELETE", path) == refusal
    assert await chat.history("Ada", "Grace") == ["hello"]


@pytest.mark.parametrize("body", [{}, {"message": None}, {"message": 7}])
async def test_an_edit_without_a_text_is_refused_by_its_field(chat: Instance, body: dict[str, Any]) -> None:
    _, _, (first,) = await talk(chat, "hello")
    answer = await chat.request("Ada", "PATCH", f"/api/messages/Grace/{first}", json=body)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, ["message"])


async def test_changes_count_against_the_rate_like_messages(world: World) -> None:
    chat = await world.instance(messages_per_second=1, messages_burst=2)
    ada, _, (first,) = await talk(chat, "hello")
    await ada.send(type="edit", id=first, message="one")
    await ada.hear("edited")
    await ada.send(type="edit", id=first, message="two")
    assert await ada.refused() == "too_many_messages"
    path = f"/api/messages/Grace/{first}"
    assert await chat.does("Ada", "PATCH", path, json={"message": "two"}) == (429, "too_many_messages")


async def test_changes_cross_between_instances(world: World) -> None:
    here, there = [await world.instance(messages_per_second=0) for _ in range(2)]
    ada, grace = await here.live_device("Ada"), await there.live_device("Grace")
    await ada.say("Grace", "helo")
    first = (await grace.hear("message"))["id"]
    await ada.hear("sent")
    await ada.send(type="edit", id=first, message="hello")
    assert (await grace.hear("edited"))["message"] == "hello"
    await grace.send(type="react", id=first, emoji="👍")
    await grace.send(type="read", to="Ada", seq=2)
    for kind in ("edited", "reaction", "read"):
        await ada.hear(kind)
    await grace.send(type="typing", to="Ada")
    await ada.hear("typing")
    assert await there.does("Ada", "DELETE", f"/api/messages/Grace/{first}") == 200
    for device, expected in ((ada, ["deleted"]), (grace, ["reaction", "read", "deleted"])):
        for kind in expected:
            await device.hear(kind)
