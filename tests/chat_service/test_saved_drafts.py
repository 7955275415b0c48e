"""Saved drafts: what somebody is about to write is on all their devices, and nobody else's affair."""

from typing import Any

import pytest

from chat_service.domain.conversations import Label
from chat_service.domain.quotas import Quotas
from chat_service.domain.refusals import InvalidMessage, MessageTooLong, TooManyDrafts, UnknownMessage
from chat_service.domain.saved_drafts import SavedDraft, draft_of
from chat_service.store.saved_drafts import SavedDrafts
from servicekit.database import Database
from tests.chat_service.erasure import erase, rows, say
from tests.chat_service.world import Instance, World
from tests.clock import Clock
from tests.problems import code
from tests.stores import allow, opened_store, refuse

TO_GRACE, IN_GARDEN = "/api/conversations/%40Grace/draft", "/api/conversations/%23garden/draft"
NONE = {"message": "", "reply_to": None, "updated_at": None}


async def put(chat: Instance, path: str, message: str, name: str = "Ada", **more: Any) -> int | tuple[int, str]:
    return await chat.does(name, "PUT", path, json={"message": message, **more})


# The rules


@pytest.mark.parametrize("text, kept", [("", ""), (" \n\u200b\u2800", ""), (" a ", " a "), ("👍" * 4, "👍" * 4)])
def test_a_text_is_kept_as_it_was_typed_where_something_of_it_is_seen(text: str, kept: str) -> None:
    assert draft_of(text, None, now="now", length_max=4) == SavedDraft(kept, None, "now")
    assert draft_of(text, None, now="now", length_max=4).is_empty == (not kept)
    assert not draft_of(text, 7, now="now", length_max=4).is_empty


def test_its_limits_are_those_of_messages() -> None:
    with pytest.raises(MessageTooLong):
        draft_of("👍" * 5, None, now="now", length_max=4)
    with pytest.raises(InvalidMessage):
        draft_of("a\0", None, now="now", length_max=4)


# The store


async def test_one_a_conversation_is_kept_and_so_many_of_one_person(database: Database) -> None:
    drafts = SavedDrafts(database, quotas=Quotas(drafts_max=1))
    grace, linus = Label("@Grace"), Label("@Linus")
    for text in ("He", "Hello"):
        await drafts.put("Ada", grace, SavedDraft(text, None, "now"))
    with pytest.raises(TooManyDrafts):
        await drafts.put("Ada", linus, SavedDraft("Hi", None, "now"))
    await drafts.put("Grace", linus, SavedDraft("Hi", None, "now"))
    assert await drafts.get("Ada", grace) == SavedDraft("Hello", None, "now")
    await drafts.remove("Ada", grace)
    await drafts.put("Ada", linus, SavedDraft("Hi", None, "now"))
    assert await drafts.get("Ada", grace) == SavedDraft()


async def test_it_answers_a_message_of_the_conversation_or_none(database: Database) -> None:
    with pytest.raises(UnknownMessage):
        await SavedDrafts(database).put("Ada", Label("@Grace"), SavedDraft("", 1, "now"))


# The service


async def test_two_devices_have_one_draft_and_others_hear_nothing(world: World) -> None:
    here, there = [await world.instance(messages_per_second=0, drafts_per_second=0) for _ in range(2)]
    (message_id,) = await say(here, "Grace", "when?", to="Ada")
    devices = [await here.live_device("Ada"), await there.live_device("Ada")]
    grace = await here.live_device("Grace")
    told = {"message": "At te", "reply_to": message_id, "updated_at": "2027-01-15T08:00:00.000Z"}
    answer = await here.request("Ada", "PUT", TO_GRACE, json={**told, "updated_at": "mine", "nonce": "here-1"})
    assert answer.json() == told
    for device in devices:
        assert await device.hear("draft") == {"type": "draft", "conversation": "@Grace", **told, "nonce": "here-1"}
    assert await there.get("Ada", TO_GRACE) == told
    assert await put(there, TO_GRACE, "At ten") == 200  # the one that comes last holds
    assert await put(here, TO_GRACE, "") == 200
    for device in devices:
        assert [(await device.hear("draft"))["message"] for _ in range(2)] == ["At ten", ""]
    assert await put(here, TO_GRACE, " ") == 200  # it is gone already: nobody is told
    for device in (*devices, grace):
        await device.heard_nothing()
    assert await there.get("Ada", TO_GRACE) == await there.get("Grace", TO_GRACE.replace("Grace", "Ada")) == NONE


async def test_there_need_be_no_conversation_yet(chat: Instance) -> None:
    assert await put(chat, "/api/conversations/@grace/draft", "Hello, I am") == 200
    assert (await chat.get("Ada", TO_GRACE))["message"] == "Hello, I am"


async def test_in_a_room_it_is_told_to_the_connection_about_that_room_too(chat: Instance) -> None:
    await chat.make_room("Ada", "garden")
    device = await chat.live_device("Ada", path="/api/ws/chat?room=garden")
    other = await chat.live_device("Ada", path="/api/ws/chat?room=lobby")
    assert await put(chat, "/api/conversations/%23GARDEN/draft", "Roses") == 200
    assert (await device.hear("draft"))["conversation"] == "#garden"
    await other.hear("joined")
    await other.heard_nothing()


async def test_who_is_not_in_there_keeps_and_reads_none(chat: Instance) -> None:
    await chat.make_room("Grace", "garden", "Ada")
    await chat.make_room("Grace", "cellar", private=True)
    assert await put(chat, IN_GARDEN, "Roses") == 200
    await chat.remove_member("Grace", "garden", "Ada")
    for path, refusal in (
        (IN_GARDEN, (403, "not_a_member")),
        ("/api/conversations/%23cellar/draft", (404, "unknown_room")),
        ("/api/conversations/%23nowhere/draft", (404, "unknown_room")),
        ("/api/conversations/%40nobody/draft", (404, "unknown_recipient")),
        ("/api/conversations/%40Ada/draft", (422, "recipient_is_self")),
        ("/api/conversations/Grace/draft", (404, "not_found")),
    ):
        assert await chat.does("Ada", "GET", path) == refusal
        for text in ("Tulips", ""):
            assert await put(chat, path, text) == refusal
    await chat.add_member("Grace", "garden", "Ada")
    assert (await chat.get("Ada", IN_GARDEN))["message"] == "Roses"


async def test_what_is_no_draft_is_refused_and_changes_nothing(world: World) -> None:
    chat = await world.instance(messages_per_second=0, drafts_per_second=0, message_length_max=5)
    await chat.make_room("Grace", "garden", "Ada")
    (elsewhere,) = await say(chat, "Grace", "roses", room="garden")
    assert await put(chat, TO_GRACE, "Hello") == 200
    for body, refusal in (
        ({"message": "Hello!"}, (422, "message_too_long")),
        ({"message": "a\0"}, (422, "invalid_message")),
        ({"message": "a", "reply_to": elsewhere}, (404, "unknown_message")),
        ({"message": "a", "reply_to": 0}, (422, "invalid")),
        ({"message": None}, (422, "invalid")),
    ):
        assert await chat.does("Ada", "PUT", TO_GRACE, json=body) == refusal
    assert (await chat.get("Ada", TO_GRACE))["message"] == "Hello"


async def test_two_a_second_are_kept_but_an_empty_one_always(world: World) -> None:
    clock = Clock()
    chat = await world.instance(monotonic=clock)
    assert [await put(chat, TO_GRACE, str(number)) for number in range(6)] == [200] * 6
    answer = await chat.request("Ada", "PUT", TO_GRACE, json={"message": "6"})
    assert code(answer) == (429, "too_many_requests")
    assert int(answer.headers["Retry-After"]) > 0
    assert await put(chat, TO_GRACE, "") == 200
    clock.forward(0.5)
    assert await put(chat, TO_GRACE, "7") == 200
    assert await put(chat, TO_GRACE, "8") == (429, "too_many_requests")


async def test_it_goes_with_the_account_and_with_the_room(world: World) -> None:
    chat = await world.instance(messages_per_second=0, drafts_per_second=0)
    await chat.make_room("Grace", "garden", "Ada")
    for name, path in (("Ada", TO_GRACE), ("Ada", IN_GARDEN), ("Grace", IN_GARDEN), ("Linus", TO_GRACE)):
        assert await put(chat, path, "secret", name) == 200
    await erase(world, "Ada")
    assert rows(world, "SELECT username FROM drafts ORDER BY 1") == [("Grace",), ("Linus",)]
    assert await chat.does("Grace", "DELETE", "/api/rooms/garden") == 204
    assert rows(world, "SELECT username FROM drafts") == [("Linus",)]


async def test_on_a_full_disk_it_is_as_before(world: World, chat: Instance) -> None:
    device = await chat.live_device("Ada")
    with opened_store(world.store) as store:
        refuse(store, "INSERT ON drafts")
        answer = await chat.request("Ada", "PUT", TO_GRACE, json={"message": "Hello"})
        assert answer.status_code in {500, 503}  # SQLite's trigger is not the disk
        allow(store, "drafts")
    await device.heard_nothing()
    assert await chat.get("Ada", TO_GRACE) == NONE
