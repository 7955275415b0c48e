"""How much answers a message: told with the message, and with each reply that goes, on both engines alike."""

from typing import Any

from tests.chat_service.world import Instance


async def say(chat: Instance, name: str, path: str, text: str, reply_to: int | None = None) -> int:
    answer = await chat.request(name, "POST", path, json={"message": text, "reply_to": reply_to})
    return int(answer.json()["id"])


def counts(items: list[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    return {one["message"]: (one["replies_count"], one["last_reply_id"]) for one in items if "last_reply_id" in one}


async def test_what_answers_a_message_is_counted_wherever_that_is_read(chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace")
    path = "/api/rooms/garden/messages"
    tea, cake = await say(chat, "Ada", path, "Tea?"), await say(chat, "Ada", path, "Cake?")
    yes = await say(chat, "Grace", path, "Yes", tea)
    no = await say(chat, "Ada", path, "No", tea)
    why = await say(chat, "Grace", path, "Why?", no)
    await say(chat, "Grace", "/api/messages/Ada", "By the way")
    assert counts(await chat.get("Grace", path)) == {"Tea?": (2, no), "No": (1, why)}
    assert counts(await chat.get("Ada", f"/api/messages/{tea}/replies")) == {"No": (1, why)}
    assert await chat.does("Ada", "PUT", f"/api/rooms/garden/pins/{tea}") == 204
    assert counts(await chat.get("Ada", "/api/rooms/garden/pins")) == {"Tea?": (2, no)}
    for gone, left in ((no, 1), (yes, 0)):
        author = "Ada" if gone == no else "Grace"
        assert await chat.does(author, "DELETE", f"{path}/{gone}") == 200
        assert counts(await chat.get("Ada", path, before=cake)) == {"Tea?": (left, no)}


async def test_who_hears_that_a_reply_is_deleted_hears_what_it_answered_also_later(chat: Instance) -> None:
    grace = await chat.live_device("Grace")
    path = "/api/messages/Grace"
    tea = await say(chat, "Ada", path, "Tea?")
    reply = await say(chat, "Ada", path, "I mean: coffee?", tea)
    for gone in (reply, tea):
        assert await chat.does("Ada", "DELETE", f"{path}/{gone}") == 200
    for _ in range(2):
        await grace.hear("message")
    again = await chat.device("Grace", session="another")
    await again.send(type="resume", positions={"@Ada": 2})
    for device in (grace, again):
        told = [await device.hear("deleted") for _ in range(2)]
        assert [(one["id"], one.get("reply_to")) for one in told] == [(reply, tea), (tea, None)]
