"""`/api/ws/chat`: one room a connection, for people with nothing but a WebSocket at hand."""

import json

import pytest
from websockets.asyncio.client import ClientConnection

from tests.chat_service.world import Device, Instance, World
from tests.stores import ON_SQLITE

PATH = "/api/ws/chat"


async def enter(chat: Instance, name: str, query: str = "") -> Device:
    return await chat.live_device(name, path=PATH + query)


async def line(connection: ClientConnection) -> str:
    text = await connection.recv()
    assert isinstance(text, str)
    return text


@pytest.fixture
async def ada(chat: Instance) -> Device:
    """In the lobby."""
    return await enter(chat, "Ada")


async def test_without_a_name_it_is_the_lobby_which_everybody_may_enter(chat: Instance, ada: Device) -> None:
    assert ada.ready["positions"] == {"#lobby": 1}
    grace = await enter(chat, "Grace", "?room=lobby")
    assert (await ada.hear("joined"))["username"] == "Grace"
    await grace.connection.send("Hello there!")
    message = await ada.hear("message")
    assert (message["room"], message["sender_username"], message["message"]) == ("lobby", "Grace", "Hello there!")
    assert (await grace.hear("sent"))["message"] == "Hello there!"
    again = await enter(chat, "Grace")  # who is in it already joins no second time
    assert again.ready["positions"] == {"#lobby": 3}


@ON_SQLITE
@pytest.mark.parametrize("text", ["Hello there!", "[1, 2]", '"hello"', "7", "null", " :-) ", "你好", "x" * 4000])
async def test_a_frame_that_is_no_object_is_said_as_it_is(ada: Device, text: str) -> None:
    await ada.connection.send(text)
    assert (await ada.hear("sent"))["message"] == text


@ON_SQLITE
@pytest.mark.parametrize(
    "text, code", [("", "message_empty"), (" ", "message_empty"), ("x" * 4001, "message_too_long")]
)
async def test_a_plain_text_keeps_the_rules_of_a_message(ada: Device, text: str, code: str) -> None:
    await ada.connection.send(text)
    assert await ada.refused() == code


async def test_a_binary_frame_is_text_or_is_refused(ada: Device) -> None:
    await ada.connection.send("你好".encode())
    assert (await ada.hear("sent"))["message"] == "你好"
    await ada.connection.send(b"\xff\xd8\xff\xe0")
    assert await ada.refused() == "invalid_command"
    await ada.heard_nothing()


async def test_commands_are_about_the_room_without_saying_so(chat: Instance, ada: Device) -> None:
    grace = await enter(chat, "Grace")
    await ada.hear("joined")
    await grace.send(message="helo", nonce="n1")
    sent = await grace.hear("sent")
    assert (sent["room"], sent["nonce"]) == ("lobby", "n1")
    await grace.send(type="message", room="lobby", message="again", reply_to=sent["id"])
    assert (await grace.hear("sent"))["reply_to"] == sent["id"]
    await grace.send(type="edit", id=sent["id"], message="hello")
    await grace.send(type="read", seq=3)
    for _ in range(2):
        await ada.hear("message")
    for kind in ("edited", "read"):
        assert (await ada.hear(kind))["conversation"] == "#lobby"
        await grace.hear(kind)
    await grace.send(type="typing")
    assert await ada.hear("typing") == {"type": "typing", "conversation": "#lobby", "username": "Grace"}
    await grace.heard_nothing()


async def test_what_is_not_of_the_room_is_refused(chat: Instance, ada: Device) -> None:
    everything = await chat.live_device("Ada")
    await chat.make_room("Ada", "garden")
    await everything.hear("joined")
    await everything.say("Grace", "hello")
    elsewhere = (await everything.hear("sent"))["id"]
    for command in (
        {"to": "Grace", "message": "hello"},
        {"room": "garden", "message": "hello"},
        {"type": "read", "room": "garden", "seq": 1},
        {"type": "typing", "to": "Grace"},
        {"type": "dance"},
        {"message": 7},
    ):
        await ada.send(**command)
        assert await ada.refused() == "invalid_command"
    await ada.connection.send("{half")
    assert await ada.refused() == "invalid_command"
    for command in ({"type": "edit", "message": "x"}, {"type": "delete"}, {"type": "react", "emoji": "👍"}):
        await ada.send(id=elsewhere, **command)
        assert await ada.refused() == "unknown_message"


async def test_what_happens_elsewhere_is_not_shown(chat: Instance, ada: Device) -> None:
    await chat.make_room("Ada", "garden", "Grace")
    grace = await chat.live_device("Grace")
    await grace.say("Ada", "hello")
    await grace.say_in("garden", "hello")
    for _ in range(2):
        await grace.hear("sent")
    await ada.heard_nothing()
    assert ada.skipped == []


async def test_one_who_was_away_resumes_in_the_room(chat: Instance, ada: Device) -> None:
    for text in "abc":
        await ada.connection.send(text)
        await ada.hear("sent")
    again = await chat.device("Ada", path=PATH)
    await again.send(type="resume", positions={"#lobby": 2})
    assert await again.hear_texts(2, "sent") == ["b", "c"]
    await again.hear("resumed")


async def test_a_private_room_is_for_its_members_and_unknown_to_others(chat: Instance) -> None:
    await chat.make_room("Ada", "garden", private=True)
    for room in ("garden", "nowhere", "a%20b", "%00"):
        assert await chat.refusal("Grace", path=f"{PATH}?room={room}") == (404, "unknown_room")
    ada = await enter(chat, "Ada", "?room=GARDEN")
    await ada.connection.send("hello")
    assert (await ada.hear("sent"))["room"] == "garden"


async def test_who_is_removed_can_say_nothing_more_and_cannot_come_back(chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace", private=True)
    grace = await enter(chat, "Grace", "?room=garden")
    await chat.remove_member("Ada", "garden", "Grace")
    assert (await grace.hear("left"))["username"] == "Grace"
    await grace.connection.send("hello?")
    assert await grace.refused() == "not_a_member"
    assert await chat.refusal("Grace", path=f"{PATH}?room=garden") == (404, "unknown_room")


async def test_as_text_everything_is_a_line(chat: Instance, ada: Device) -> None:
    grace = await chat.connect(chat.auth.token("Grace"), path=f"{PATH}?format=text")
    assert (await ada.hear("joined"))["username"] == "Grace"
    await grace.send("Hello there!")
    assert await line(grace) == "Grace: Hello there!"
    await ada.hear("message")
    await ada.connection.send("Hello yourself!\nSecond line")
    sent = await ada.hear("sent")
    await ada.send(type="edit", id=sent["id"], message="no line for this")
    await ada.hear("edited")
    await ada.connection.send("👋" * 4000)  # in a frame with a long head
    assert await line(grace) == "Ada: Hello yourself!\n| Second line"
    assert await line(grace) == f"Ada: {'👋' * 4000}"
    await grace.send('{"message": "as it is"}')
    assert await line(grace) == 'Grace: {"message": "as it is"}'
    await grace.send(" ")
    assert await line(grace) == "error: A message needs at least one character that can be seen."


@ON_SQLITE
@pytest.mark.parametrize("frame", ['{"type": ["a"]}', '{"type": {}}', '{"type": 7}'])
async def test_a_command_of_no_type_is_refused_and_the_socket_stays(chat: Instance, ada: Device, frame: str) -> None:
    await ada.connection.send(frame)
    assert await ada.refused() == "invalid_command"
    await ada.send(type="ping")
    await ada.hear("pong")


async def test_a_room_socket_counts_like_any_other_connection(world: World) -> None:
    chat = await world.instance(connections_per_person=2)
    devices = [await enter(chat, "Ada") for _ in range(2)]
    assert await chat.refusal("Ada", path=PATH) == (429, "too_many_connections")
    assert await chat.refusal("Ada", path=PATH, token="nonsense") == (401, "unauthenticated")
    await devices[0].connection.send(json.dumps({"type": "ping"}))
    await devices[0].hear("pong")


async def test_rooms_sockets_meet_across_instances(world: World) -> None:
    here, there = [await world.instance() for _ in range(2)]
    ada, grace = await enter(here, "Ada"), await enter(there, "Grace")
    await ada.hear("joined")
    await ada.connection.send("hello")
    assert (await grace.hear("message"))["message"] == "hello"
