"""Pictures in messages when the media service is away, and when nobody shows them any more."""

from collections.abc import AsyncIterator
from contextlib import closing

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from tests.asgi import serving
from tests.chat_service.albums import Album, ids, say, shown
from tests.chat_service.world import Instance, World
from tests.valkey import Valkey
from tests.waiting import eventually

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
