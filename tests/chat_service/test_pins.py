"""Pins: told to everybody in the conversation, kept within bounds, and gone with their message."""

from chat_service.store.pins import PINS_MAX
from tests.chat_service.talks import talk
from tests.chat_service.world import Instance

PATH = "/api/messages/Grace"


async def pinned(chat: Instance, name: str, path: str) -> list[str]:
    return [one["message"] for one in await chat.get(name, f"{path}/pins")]


async def test_both_pin_in_a_conversation_of_two_and_both_are_told(chat: Instance) -> None:
    ada, grace, (first, second) = await talk(chat, "one", "two")
    assert await chat.does("Ada", "PUT", f"{PATH}/pins/{first}") == 204
    assert await chat.does("Grace", "PUT", f"/api/messages/Ada/pins/{second}") == 204
    for device, label in ((ada, "@Grace"), (grace, "@Ada")):
        told = [await device.hear("pinned") for _ in range(2)]
        assert [(one["id"], one["username"], one["conversation"]) for one in told] == [
            (first, "Ada", label),
            (second, "Grace", label),
        ]
        assert [one["seq"] for one in told] == [3, 4]
    assert await pinned(chat, "Grace", "/api/messages/Ada") == ["two", "one"]
    for _ in range(2):  # the second time changes nothing
        assert await chat.does("Ada", "PUT", f"{PATH}/pins/{first}") == 204
        assert await chat.does("Ada", "DELETE", f"{PATH}/pins/{second}") == 204
    assert (await grace.hear("unpinned"))["id"] == second
    await grace.heard_nothing()
    assert await pinned(chat, "Ada", PATH) == ["one"]


async def test_a_deleted_message_is_pinned_no_longer_and_an_edited_one_says_what_it_says_now(chat: Instance) -> None:
    _, _, (first, second) = await talk(chat, "one", "two")
    for message_id in (first, second):
        assert await chat.does("Ada", "PUT", f"{PATH}/pins/{message_id}") == 204
    assert await chat.does("Ada", "PATCH", f"{PATH}/{first}", json={"message": "other"}) == 200
    assert await chat.does("Ada", "DELETE", f"{PATH}/{second}") == 200
    assert await pinned(chat, "Ada", PATH) == ["other"]
    assert await chat.does("Ada", "PUT", f"{PATH}/pins/{second}") == (404, "unknown_message")


async def test_in_a_room_its_owner_and_moderators_pin(chat: Instance) -> None:
    await chat.make_room("Grace", "garden", "Ada", "Linus")
    said = (await chat.request("Ada", "POST", "/api/rooms/garden/messages", json={"message": "roses"})).json()["id"]
    path = f"/api/rooms/garden/pins/{said}"
    assert await chat.does("Ada", "PUT", path) == (403, "not_allowed")
    assert await chat.does("Grace", "PUT", path) == 204
    assert await chat.does("Ada", "DELETE", path) == (403, "not_allowed")
    assert await chat.does("Grace", "PUT", "/api/rooms/garden/members/Ada/role", json={"role": "moderator"}) == 204
    assert await chat.does("Ada", "DELETE", path) == 204
    assert await chat.does("Ada", "PUT", path) == 204
    assert await pinned(chat, "Linus", "/api/rooms/garden") == ["roses"]
    await chat.remove_member("Grace", "garden", "Linus")
    assert await chat.does("Linus", "GET", "/api/rooms/garden/pins") == (403, "not_a_member")
    assert await chat.does("Linus", "PUT", path) == (404, "unknown_message")


async def test_so_many_are_pinned_and_no_more(chat: Instance) -> None:
    _, _, ids = await talk(chat, *map(str, range(PINS_MAX + 1)))
    answers = [await chat.does("Ada", "PUT", f"{PATH}/pins/{message_id}") for message_id in ids]
    assert answers == [204] * PINS_MAX + [(409, "too_many_pins")]
    assert await chat.does("Ada", "DELETE", f"{PATH}/pins/{ids[0]}") == 204
    assert await chat.does("Ada", "PUT", f"{PATH}/pins/{ids[-1]}") == 204
    assert len(await pinned(chat, "Ada", PATH)) == PINS_MAX


async def test_only_what_was_said_in_the_conversation_is_pinned_there(chat: Instance) -> None:
    _, _, (first,) = await talk(chat, "one")
    assert await chat.does("Linus", "PUT", f"{PATH}/pins/{first}") == (404, "unknown_message")
    assert await chat.does("Ada", "PUT", f"/api/messages/Linus/pins/{first}") == (404, "unknown_message")
    assert await chat.does("Ada", "PUT", f"{PATH}/pins/999") == (404, "unknown_message")
    assert await pinned(chat, "Linus", "/api/messages/Ada") == []
