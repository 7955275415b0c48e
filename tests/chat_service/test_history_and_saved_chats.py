"""History in pages, and saved chats."""

from typing import Any

import pytest

from tests.chat_service.world import Instance, World
from tests.problems import code


async def talk(chat: Instance, count: int) -> list[int]:
    """Ada says the numbers to Grace; their ids."""
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    for number in range(count):
        await ada.say("Grace", str(number), nonce=f"n{number}")
    return [(await grace.hear("message"))["id"] for _ in range(count)]


# History


async def test_the_history_is_told_from_the_side_of_who_asks(chat: Instance) -> None:
    await talk(chat, 1)
    (hers,) = await chat.get("Ada", "/api/messages/grace")
    assert hers == {
        "id": 1,
        "seq": 1,
        "conversation": "@Grace",
        "sender_username": "Ada",
        "receiver_username": "Grace",
        "message": "0",
        "timestamp": "2027-01-15T08:00:00.000Z",
        "nonce": "n0",
        "attachments": [],
        "reply_to": None,
        "html": None,
        "mentions": [],
        "mentions_room": False,
        "cards": [],
        "reactions": {},
    }
    (theirs,) = await chat.get("Grace", "/api/messages/Ada")
    assert theirs == {**hers, "conversation": "@Ada", "nonce": None}
    assert await chat.get("Linus", "/api/messages/Ada") == []
    assert await chat.get("Ada", "/api/messages/Ada") == []


async def test_a_page_is_the_last_50_and_at_most_200(chat: Instance) -> None:
    await talk(chat, 250)
    path = "/api/messages/Grace"
    assert [one["message"] for one in await chat.get("Ada", path)] == [str(number) for number in range(200, 250)]
    for limit, length in ((1, 1), (200, 200), (201, 200), (10**12, 200)):
        assert len(await chat.get("Ada", path, limit=limit)) == length


async def test_links_lead_through_the_whole_history_and_back(chat: Instance) -> None:
    await talk(chat, 10)
    async with chat.client("Ada") as client:
        back: list[str] = []
        answer = await client.get("/api/messages/Grace?limit=4")
        while answer.json():
            back = [one["message"] for one in answer.json()] + back
            first = answer.links["prev"]["url"]
            answer = await client.get(first)
        assert back == [str(number) for number in range(10)]
        forth: list[str] = []
        answer = await client.get("/api/messages/Grace?after=0&limit=4")
        while answer.json():
            forth += [one["message"] for one in answer.json()]
            answer = await client.get(answer.links["next"]["url"])
        assert forth == back
        assert "link" not in answer.headers


@pytest.mark.parametrize(
    "field, value",
    [
        ("limit", "0"),
        ("limit", "-1"),
        ("limit", "many"),
        ("limit", "1.5"),
        ("before", "-1"),
        ("before", "x"),
        ("before", str(2**63)),
        ("after", "-1"),
        ("after", "now"),
        ("after", str(2**64)),
    ],
)
async def test_a_page_that_cannot_be_is_refused_by_its_field(asked: Instance, field: str, value: str) -> None:
    answer = await asked.request("Ada", "GET", "/api/messages/Grace", params={field: value})
    assert code(answer) == (422, "invalid")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_the_ends_of_the_ids_are_pages_too(chat: Instance) -> None:
    await talk(chat, 3)
    assert await chat.get("Ada", "/api/messages/Grace", before=0) == []
    assert await chat.get("Ada", "/api/messages/Grace", after=2**63 - 1) == []
    assert len(await chat.get("Ada", "/api/messages/Grace", before=2**63 - 1, after=0)) == 3


async def test_with_nobody_there_is_no_history(chat: Instance) -> None:
    assert code(await chat.request("Ada", "GET", "/api/messages/Nobody")) == (404, "unknown_recipient")


async def test_with_auth_away_nobody_can_say_who_does_not_exist(world: World, chat: Instance) -> None:
    await chat.get("Ada", "/api/messages/Grace")
    await world.auth.stop()
    assert code(await chat.request("Ada", "GET", "/api/messages/Nobody")) == (503, "directory_unavailable")
    assert await chat.get("Ada", "/api/messages/Grace") == []


# Saved chats


async def test_a_first_message_saves_the_chat_for_both(chat: Instance) -> None:
    await talk(chat, 2)
    (hers,) = await chat.get("Ada", "/api/saved-chats")
    assert hers == {
        "id": hers["id"],
        "user_username": "Ada",
        "chat_username": "Grace",
        "chat_nickname": "Grace",
        "chat_pfp": None,
        "last_message": "1",
        "last_message_time": "2027-01-15T08:00:00.000Z",
        "last_sender_username": "Ada",
        "created_at": "2027-01-15T08:00:00.000Z",
        "unread": 0,
        "mentions": 0,
        "unread_seq": None,
        "level": "all",
        "muted_until": None,
        "last_seq": 2,
        "epoch": hers["epoch"],
        "other_read_seq": 0,
        "online": True,
    }
    (theirs,) = await chat.get("Grace", "/api/saved-chats")
    assert (theirs["chat_username"], theirs["unread"]) == ("Ada", 2)


@pytest.mark.parametrize(
    "body, shown",
    [
        ({"username": "grace"}, ("Grace", None)),
        (
            {"username": "Grace", "nickname": "Mum", "pfp": "https://example.org/m.png"},
            ("Mum", "https://example.org/m.png"),
        ),
        ({"username": "Grace", "nickname": "", "pfp": ""}, ("Grace", "")),
        ({"username": "Grace", "nickname": "n" * 64, "pfp": "/api/files/1"}, ("n" * 64, "/api/files/1")),
    ],
)
async def test_a_chat_is_saved_as_one_likes(chat: Instance, body: dict[str, Any], shown: tuple[Any, Any]) -> None:
    for _ in range(2):
        answer = await chat.request("Ada", "POST", "/api/save-chat", json=body)
        assert answer.status_code == 200, answer.text
    (saved,) = await chat.get("Ada", "/api/saved-chats")
    assert (saved["chat_username"], saved["chat_nickname"], saved["chat_pfp"]) == ("Grace", *shown)
    assert (saved["last_message"], saved["last_seq"], saved["unread"]) == (None, 0, 0)
    assert await chat.get("Grace", "/api/saved-chats") == []


@pytest.mark.parametrize(
    "body, field",
    [
        ({}, "username"),
        ({"username": ""}, "username"),
        ({"username": 7}, "username"),
        ({"username": "u" * 65}, "username"),
        ({"username": "Grace", "nickname": "n" * 65}, "nickname"),
        ({"username": "Grace", "nickname": 7}, "nickname"),
        ({"username": "Grace", "pfp": "javascript:alert(1)"}, "pfp"),
        ({"username": "Grace", "pfp": "//evil.example/x"}, "pfp"),
        ({"username": "Grace", "pfp": "https://x/" + "x" * 2048}, "pfp"),
    ],
)
async def test_a_chat_that_cannot_be_saved_is_refused_by_its_field(
    asked: Instance, body: dict[str, Any], field: str
) -> None:
    answer = await asked.request("Ada", "POST", "/api/save-chat", json=body)
    assert code(answer) == (422, "invalid")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"username": "Grace'])
async def test_a_body_that_is_no_json_is_malformed(asked: Instance, body: bytes) -> None:
    assert code(await asked.request("Ada", "POST", "/api/save-chat", content=body)) == (400, "malformed")


async def test_nobody_and_oneself_cannot_be_saved(chat: Instance) -> None:
    for username, refusal in (("Nobody", (404, "unknown_recipient")), ("Ada", (422, "recipient_is_self"))):
        answer = await chat.request("Ada", "POST", "/api/save-chat", json={"username": username})
        assert code(answer) == refusal
    answer = await chat.request("Ada", "POST", "/api/save-chat", content=b" " * (64 * 1024 + 1))
    assert code(answer) == (413, "body_too_large")
