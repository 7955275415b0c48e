"""Edits and deletes, by socket and by HTTP alike, and what is read, resumed and found afterwards."""

import pytest

from tests.chat_service.drafts import NOW
from tests.chat_service.talks import found, saved_chat, talk
from tests.chat_service.world import Instance

# Edits


@pytest.mark.parametrize("by_http", [False, True])
async def test_an_edit_comes_to_both_and_changes_what_is_read_later(chat: Instance, *, by_http: bool) -> None:
    ada, grace, (first,) = await talk(chat, "helo")
    if by_http:
        answer = await chat.request("Ada", "PATCH", f"/api/messages/Grace/{first}", json={"message": "hello"})
        assert (answer.status_code, answer.json()) == (200, {"message": "Message edited", "id": first})
    else:
        await ada.send(type="edit", id=first, message="hello")
    event = {
        "type": "edited",
        "seq": 2,
        "username": "Ada",
        "timestamp": NOW,
        "id": first,
        "message": "hello",
        "html": None,
        "mentions": [],
        "mentions_room": False,
    }
    assert await ada.hear("edited") == {**event, "conversation": "@Grace"}
    assert await grace.hear("edited") == {**event, "conversation": "@Ada"}
    (message,) = await chat.get("Grace", "/api/messages/Ada")
    assert (message["message"], message["edited_at"], message["seq"]) == ("hello", NOW, 1)
    assert (await saved_chat(chat, "Grace"))["last_message"] == "hello"
    assert (await found(chat, "Grace", "hello"), await found(chat, "Grace", "helo")) == (["hello"], [])


@pytest.mark.parametrize(
    "text, code",
    [("", "message_empty"), (" \n", "message_empty"), ("x" * 4001, "message_too_long"), ("\0", "invalid_message")],
)
async def test_an_edit_keeps_the_rules_of_a_message(chat: Instance, text: str, code: str) -> None:
    ada, grace, (first,) = await talk(chat, "hello")
    await ada.send(type="edit", id=first, message=text)
    assert await ada.refused() == code
    assert await chat.does("Ada", "PATCH", f"/api/messages/Grace/{first}", json={"message": text}) == (422, code)
    await ada.send(type="edit", id=first, message="👋" * 4000)
    assert (await grace.hear("edited"))["message"] == "👋" * 4000


async def test_an_edit_that_changes_nothing_is_told_to_nobody(chat: Instance) -> None:
    ada, grace, (first,) = await talk(chat, "hello")
    assert await chat.does("Ada", "PATCH", f"/api/messages/Grace/{first}", json={"message": "hello"}) == 200
    for device in (ada, grace):
        await device.heard_nothing()
    assert "edited_at" not in (await chat.get("Ada", "/api/messages/Grace"))[0]


# Deletes


@pytest.mark.parametrize("by_http", [False, True])
async def test_a_deleted_message_keeps_its_place_without_its_text(chat: Instance, *, by_http: bool) -> None:
    ada, grace, (first, secret) = await talk(chat, "hello", "my secret")
    await grace.say("Ada", "oh!", reply_to=secret)
    reply = await ada.hear("message")
    await grace.hear("sent")
    await grace.send(type="react", id=secret, emoji="😮")
    for device in (ada, grace):
        await device.hear("reaction")
    if by_http:
        assert await chat.does("Ada", "DELETE", f"/api/messages/grace/{secret}") == 200
    else:
        await ada.send(type="delete", id=secret)
    event = {"type": "deleted", "seq": 5, "username": "Ada", "timestamp": NOW, "id": secret}
    assert await ada.hear("deleted") == {**event, "conversation": "@Grace"}
    assert await grace.hear("deleted") == {**event, "conversation": "@Ada"}
    history = await chat.get("Grace", "/api/messages/Ada")
    assert [(one["id"], one["message"], one.get("deleted")) for one in history] == [
        (first, "hello", None),
        (secret, "", True),
        (reply["id"], "oh!", None),
    ]
    assert (history[1]["reactions"], history[2]["reply_to"]) == ({}, secret)
    assert await found(chat, "Grace", "secret") == []
    again = await chat.device("Grace", session="another")
    await again.send(type="resume", positions={})
    replayed = [await again.hear_anything() for _ in range(5)]
    assert "secret" not in str(replayed)
    assert [(one["type"], one["seq"]) for one in replayed] == [
        ("message", 1),
        ("message", 2),
        ("sent", 3),
        ("reaction", 4),
        ("deleted", 5),
    ]


async def test_when_the_last_message_is_deleted_the_chat_shows_the_one_before(chat: Instance) -> None:
    ada, grace, (_, last) = await talk(chat, "hello", "my secret")
    await ada.send(type="delete", id=last)
    await grace.hear("deleted")
    saved = await saved_chat(chat, "Grace")
    assert (saved["last_message"], saved["last_seq"], saved["unread"]) == ("hello", 3, 1)


async def test_what_was_edited_and_deleted_is_resumed_without_any_of_its_texts(chat: Instance) -> None:
    ada, grace, (first,) = await talk(chat, "first secret")
    await ada.send(type="edit", id=first, message="second secret")
    await ada.send(type="delete", id=first)
    for kind in ("edited", "deleted"):
        await grace.hear(kind)
    again = await chat.device("Grace", session="another")
    await again.send(type="resume", positions={"@Ada": 1})
    edited = await again.hear("edited")
    assert (edited["seq"], edited["message"]) == (2, "")
    assert (await again.hear("deleted"))["seq"] == 3
    assert (await again.hear("resumed"))["positions"] == {"@Ada": 3}


async def test_what_is_deleted_can_be_changed_no_more(chat: Instance) -> None:
    ada, _, (first,) = await talk(chat, "hello")
    await ada.send(type="delete", id=first)
    await ada.hear("deleted")
    for command in ({"type": "edit", "message": "x"}, {"type": "delete"}, {"type": "react", "emoji": "👍"}):
        await ada.send(id=first, **command)
        assert await ada.refused() == "unknown_message"
    path = f"/api/messages/Grace/{first}"
    assert await chat.does("Ada", "PATCH", path, json={"message": "x"}) == (404, "unknown_message")
    assert await chat.does("Ada", "DELETE", path) == (404, "unknown_message")


async def test_a_message_sent_again_after_it_was_deleted_is_answered_and_stays_deleted(chat: Instance) -> None:
    ada, grace, _ = await talk(chat)
    await ada.say("Grace", "my secret", nonce="n1")
    sent = await ada.hear("sent")
    await ada.send(type="delete", id=sent["id"])
    await ada.hear("deleted")
    await ada.say("Grace", "my secret", nonce="n1")
    again = await ada.hear("sent")
    assert (again["id"], again["message"], again["deleted"]) == (sent["id"], "", True)
    await grace.hear("message")
    await grace.hear("deleted")
    await grace.heard_nothing()
