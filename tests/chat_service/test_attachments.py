"""Attachments: pictures in messages, with the media service itself beside the chat service."""

import asyncio
import json

from tests.chat_service.albums import SHOWN, Album, ids, say, shown
from tests.chat_service.world import Instance

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
