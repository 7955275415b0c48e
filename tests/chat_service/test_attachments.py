"""Attachments: pictures in messages, with the media service itself beside the chat service."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import closing

import httpx
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from tests.asgi import serving
from tests.chat_service.world import Device, Event, Instance, World
from tests.media_service.cleaning.pictures import encoded
from tests.valkey import Valkey
from tests.waiting import eventually

SHOWN = {
    *("id", "url", "thumbnail_url", "filename", "kind", "content_type", "size", "width", "height", "duration_s"),
    "placeholder",
}


class Album:
    """The media service, as its clients meet it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._shades = iter(range(256))

    def _client(self, name: str) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.world.auth.token(name)}"}
        return httpx.AsyncClient(base_url=self.world.media_url, headers=headers, trust_env=False, verify=False)

    async def keep(self, name: str, count: int = 1) -> list[str]:
        """The ids of new pictures of theirs."""
        pictures = [encoded(Image.new("RGB", (8, 8), (next(self._shades), 0, 0)), "PNG") for _ in range(count)]
        async with self._client(name) as client:
            files = [("files", (f"{n}.png", data)) for n, data in enumerate(pictures)]
            answer = await client.post("/api/user/upload-files", files=files)
        return [file["id"] for file in answer.json()["files"]]

    async def status(self, name: str, file_id: str) -> int:
        async with self._client(name) as client:
            return (await client.get(f"/api/files/{file_id}")).status_code

    async def remove(self, name: str, file_id: str) -> None:
        async with self._client(name) as client:
            assert (await client.delete(f"/api/files/{file_id}")).status_code == 204

    async def until_gone(self, name: str, file_id: str) -> None:
        async def is_gone() -> bool:
            return await self.status(name, file_id) == 404

        await eventually(is_gone)


@pytest.fixture
async def album(world: World, chat: Instance) -> Album:
    await world.media(chat)
    return Album(world)


def ids(event: Event) -> list[str]:
    return [attachment["id"] for attachment in event["attachments"]]


async def shown(chat: Instance, name: str, path: str) -> list[list[str]]:
    """The pictures of each message of a history."""
    return [ids(message) for message in await chat.get(name, path)]


async def say(device: Device, text: str, attachments: list[str], to: str = "Grace") -> Event:
    """A message to a person, or with its mark to a room; its `sent`."""
    address = {"room": to[1:]} if to.startswith("#") else {"to": to}
    await device.send(message=text, attachments=attachments, **address)
    while (event := await device.hear_anything())["type"] != "sent":
        assert event.get("code") == "recipient_offline" or event["type"] == "deleted", event
    return event


# Sending


async def test_pictures_come_with_the_message_in_their_order_each_once(chat: Instance, album: Album) -> None:
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    one, two, three = await album.keep("Ada", 3)
    sent = await say(ada, "look", [three, one, three, two, one])
    message = await grace.hear("message")
    assert ids(sent) == ids(message) == [three, one, two]
    assert set(message["attachments"][0]) == SHOWN
    assert message["attachments"][0]["url"] == f"/api/files/{three}"
    assert await album.status("Grace", one) == 200
    assert await album.status("Linus", one) == 404
    assert await shown(chat, "Grace", "/api/messages/Ada") == [[three, one, two]]


async def test_pictures_in_a_room_are_for_its_members_of_now(chat: Instance, album: Album) -> None:
    await chat.make_room("Ada", "den", "Grace", private=True)
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    (picture,) = await album.keep("Ada")
    await say(ada, "", [picture], to="#den")
    assert ids(await grace.hear("message")) == [picture]
    assert await album.status("Grace", picture) == 200
    assert await album.status("Linus", picture) == 404
    await chat.remove_member("Ada", "den", "Grace")
    await album.until_gone("Grace", picture)
    await chat.add_member("Ada", "den", "Linus")
    assert await album.status("Linus", picture) == 200


async def test_who_is_no_member_shows_nothing_in_a_room(chat: Instance, album: Album) -> None:
    await chat.make_room("Ada", "den", private=True)
    grace = await chat.live_device("Grace")
    (picture,) = await album.keep("Grace")
    await grace.send(room="den", message="look", attachments=[picture])
    assert await grace.refused() in {"not_a_member", "unknown_room"}
    assert await album.status("Ada", picture) == 404


async def test_a_message_may_show_20_pictures_and_none_more(chat: Instance, album: Album) -> None:
    ada = await chat.live_device("Ada")
    pictures = await album.keep("Ada", 20)
    assert ids(await say(ada, "", pictures)) == pictures
    await ada.refused()
    await ada.say("Grace", "", attachments=[*pictures, pictures[0]], nonce="n1")
    assert await ada.refused() == "invalid_command"


async def test_only_ones_own_pictures_can_be_attached(chat: Instance, album: Album) -> None:
    ada = await chat.live_device("Ada")
    (adas,), (graces,) = await album.keep("Ada"), await album.keep("Grace")
    for wrong in (
        [graces],
        [adas, graces],
        ["unknown"],
        ["../files"],
        [f"{adas}&owner=Grace"],
        ["\0"],
        ["🙂" * 64] * 20,
    ):
        await ada.say("Grace", "look", attachments=wrong, nonce="n1")
        error = await ada.hear("error")
        assert (error["code"], error["nonce"]) == ("unknown_attachment", "n1")
    for malformed in ([""], ["x" * 65], ["x" * 60_000], [7], "x", None):
        await ada.say("Grace", "look", attachments=malformed)
        assert await ada.refused() == "invalid_command"
    await ada.heard_nothing()
    assert await chat.get("Ada", "/api/saved-chats") == []


async def test_a_text_may_be_empty_only_beside_a_picture(chat: Instance, album: Album) -> None:
    ada = await chat.live_device("Ada")
    (picture,) = await album.keep("Ada")
    for text in ("", " \n"):
        assert (await say(ada, text, [picture]))["message"] == text
        await ada.refused()
    for text, refusal in (("x" * 4001, "message_too_long"), ("\0", "invalid_message")):
        await ada.say("Grace", text, attachments=[picture])
        assert await ada.refused() == refusal
    await ada.say("Grace", "", attachments=[])
    assert await ada.refused() == "message_empty"


async def test_commands_keep_their_order_though_one_of_them_has_pictures(chat: Instance, album: Album) -> None:
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    (picture,) = await album.keep("Ada")
    for number in range(30):
        more = {"attachments": [picture]} if number % 3 == 0 else {}
        await ada.connection.send(json.dumps({"to": "Grace", "message": str(number), **more}))
    assert await grace.hear_texts(30) == [str(number) for number in range(30)]


async def test_a_message_with_pictures_sent_again_is_the_first_one(chat: Instance, album: Album) -> None:
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    one, two = await album.keep("Ada", 2)
    await ada.say("Grace", "look", attachments=[one], nonce="n1")
    first = await ada.hear("sent")
    await ada.say("Grace", "look", attachments=[two], nonce="n1")
    assert await ada.hear("sent") == {**first, "delivered": None}
    assert ids(await grace.hear("message")) == [one]
    await grace.heard_nothing()
    assert await album.status("Grace", two) == 404  # it was never shown


# Reading


async def test_history_resume_and_search_carry_the_pictures(chat: Instance, album: Album) -> None:
    ada = await chat.live_device("Ada")
    pictures = await album.keep("Ada", 2)
    sent = await say(ada, "a picture of a cat", pictures)
    grace = await chat.device("Grace")
    await grace.send(type="resume", positions={"@Ada": 0})
    assert (await grace.hear("message"))["attachments"] == sent["attachments"]
    (found,) = await chat.get("Grace", "/api/search-messages", query="cat")
    (message,) = await chat.get("Grace", "/api/messages/Ada")
    assert found["attachments"] == message["attachments"] == sent["attachments"]


async def test_an_edit_keeps_the_pictures(chat: Instance, album: Album) -> None:
    ada = await chat.live_device("Ada")
    pictures = await album.keep("Ada", 2)
    sent = await say(ada, "lok", pictures)
    await ada.refused()
    await ada.send(type="edit", id=sent["id"], message="look")
    await ada.hear("edited")
    assert await shown(chat, "Ada", "/api/messages/Grace") == [pictures]


async def test_in_plain_text_a_picture_is_its_address(chat: Instance, album: Album) -> None:
    ada = await chat.live_device("Ada")
    linus = await chat.connect(chat.auth.token("Linus"), path="/api/ws/chat?format=text")
    await chat.add_member("Ada", "lobby", "Ada")
    one, two = await album.keep("Ada", 2)
    for text, said in (("look", "look "), ("", "")):
        await ada.send(room="lobby", message=text, attachments=[one, two])
        async with asyncio.timeout(10):
            while not str(line := await linus.recv()).startswith("Ada: "):
                pass
        assert line == f"Ada: {said}/api/files/{one} /api/files/{two}"


# The media service away


async def test_without_the_media_service_only_pictures_wait(world: World, chat: Instance) -> None:
    ada = await chat.live_device("Ada")
    await ada.say("Grace", "look", attachments=["some id"], nonce="n1")
    await ada.say("Grace", "only words")
    error = await ada.hear("error")
    assert (error["code"], error["nonce"]) == ("media_unavailable", "n1")
    assert (await ada.hear("sent"))["message"] == "only words"
    await ada.refused()
    await world.media(chat)
    (picture,) = await Album(world).keep("Ada")
    assert ids(await say(ada, "look", [picture])) == [picture]


@pytest.mark.parametrize("body", [b"not JSON", b'{"files": 7}', b"{}", b'{"files": [{"id": "x"}]}'])
async def test_a_broken_media_service_is_one_that_is_away(world: World, body: bytes) -> None:
    async with serving(Starlette(routes=[Route("/{path:path}", lambda _: Response(body))])) as (url, _):
        chat = await world.instance(media_url=f"{url}/")
        ada = await chat.live_device("Ada")
        await ada.say("Grace", "look", attachments=["some id"], nonce="n1")
        assert await ada.refused() == "media_unavailable"
        await ada.heard_nothing()
        await chat.stop()


# Letting go


async def test_with_the_last_message_that_shows_it_a_picture_is_gone(chat: Instance, album: Album) -> None:
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    both, once = await album.keep("Ada", 2)
    first = await say(ada, "look", [both, once])
    second = await say(ada, "look again", [both], to="Linus")
    await ada.refused()
    await grace.hear("message")
    await ada.send(type="delete", id=first["id"])
    await grace.hear("deleted")
    await album.until_gone("Ada", once)
    assert await album.status("Grace", both) == 404
    assert await album.status("Linus", both) == await album.status("Ada", both) == 200
    assert await shown(chat, "Grace", "/api/messages/Ada") == [[]]
    await ada.hear("deleted")
    await ada.send(type="delete", id=second["id"])
    await album.until_gone("Ada", both)


async def test_a_closed_room_lets_its_pictures_go(chat: Instance, album: Album) -> None:
    await chat.make_room("Ada", "den", "Grace")
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    (adas,), (graces,) = await album.keep("Ada"), await album.keep("Grace")
    await say(ada, "", [adas], to="#den")
    await grace.hear("message")
    await say(grace, "", [graces], to="#den")
    assert await chat.does("Ada", "DELETE", "/api/rooms/den") == 204
    await album.until_gone("Ada", adas)
    await album.until_gone("Grace", graces)


async def test_the_owner_of_a_room_who_deletes_a_message_lets_its_picture_go(chat: Instance, album: Album) -> None:
    await chat.make_room("Ada", "den", "Grace")
    grace = await chat.live_device("Grace")
    (picture,) = await album.keep("Grace")
    sent = await say(grace, "look", [picture], to="#den")
    assert await chat.does("Ada", "DELETE", f"/api/rooms/den/messages/{sent['id']}") in {200, 204}
    await album.until_gone("Grace", picture)


async def test_a_removed_picture_is_gone_from_all_histories(chat: Instance, album: Album) -> None:
    await chat.make_room("Ada", "den", "Linus")
    ada = await chat.live_device("Ada")
    one, two = await album.keep("Ada", 2)
    await say(ada, "look", [one, two])
    await say(ada, "", [one], to="#den")
    await album.remove("Ada", one)
    await eventually(lambda: is_shown(chat, "Grace", "/api/messages/Ada", [[two]]))
    assert await shown(chat, "Linus", "/api/rooms/den/messages") == [[]]
    assert await shown(chat, "Ada", "/api/messages/Grace") == [[two]]
    await ada.say("Grace", "again", attachments=[one])
    assert await ada.refused() == "unknown_attachment"


async def is_shown(chat: Instance, name: str, path: str, expected: list[list[str]]) -> bool:
    return await shown(chat, name, path) == expected


@pytest.fixture
async def valkey() -> AsyncIterator[Valkey]:
    """One that may die."""
    with closing(Valkey()) as valkey:
        valkey.start()
        yield valkey


async def test_what_happened_while_redis_was_away_is_followed_when_it_is_back(world: World, valkey: Valkey) -> None:
    chat = await world.instance(redis_url=valkey.url)
    await world.media(chat, redis_url=valkey.url)
    album = Album(world)
    ada = await chat.live_device("Ada")
    removed, deleted = await album.keep("Ada", 2)
    await say(ada, "one", [removed])
    message = await say(ada, "two", [deleted])
    valkey.kill()
    await album.remove("Ada", removed)
    assert await chat.does("Ada", "DELETE", f"/api/messages/Grace/{message['id']}") in {200, 204}
    assert await shown(chat, "Grace", "/api/messages/Ada") == [[removed], []]
    valkey.start()
    await eventually(lambda: is_shown(chat, "Grace", "/api/messages/Ada", [[], []]))
    await album.until_gone("Ada", deleted)
