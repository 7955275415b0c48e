"""Erasing: of who has erased their account nothing stays but the name, in what others keep."""

from chat_service.store.rooms import Rooms as RoomStore
from tests.chat_service.erasure import (
    UNKNOWN,
    assert_gapless,
    assert_nothing_is_left,
    erase,
    hear_all,
    is_erased,
    rows,
    say,
    tell,
)
from tests.chat_service.world import Instance, World
from tests.waiting import eventually

# What she said


async def test_her_messages_go_from_history_search_and_lists_and_the_others_hear_each_go(world: World) -> None:
    here, there = [await world.instance(messages_per_second=0) for _ in range(2)]
    await here.make_room("Grace", "garden", "Ada")
    direct = await say(here, "Ada", "my secret", "my other secret", to="Grace")
    await say(here, "Grace", "what is it?", to="Ada")
    public = await say(here, "Ada", "a public secret", room="garden")
    devices = [await here.live_device("Grace"), await there.live_device("Grace")]
    await erase(world)
    for device in devices:
        heard = await hear_all(device, "deleted", "left", count=4)
        gone = [event for event in heard if event["type"] == "deleted"]
        for label, said in (("@Ada", direct), ("#garden", public)):  # between conversations there is no order
            assert [event["id"] for event in gone if event["conversation"] == label] == said
        assert {event["username"] for event in heard} == {"Ada"}
        await device.heard_nothing()
    for chat in (here, there):
        history = await chat.get("Grace", "/api/messages/Ada")
        assert [(one["message"], one.get("deleted", False)) for one in history] == [
            ("", True),
            ("", True),
            ("what is it?", False),
        ]
        assert await chat.get("Grace", "/api/search-messages", query="secret") == []
    assert_nothing_is_left(world)
    assert_gapless(world)


async def test_others_keep_the_conversation_under_her_username_without_a_picture_and_offline(
    world: World, chat: Instance
) -> None:
    world.auth.change("Ada", nickname="Countess", pfp="/api/files/1")
    await tell(world, "profiles", "news")
    ada = await chat.live_device("Ada")  # from the beginning: so that she is told to have left once
    await say(chat, "Linus", "hello", to="Grace")
    await say(chat, "Ada", "my secret", to="Grace")
    await say(chat, "Grace", "what is it?", to="Ada")
    grace = await chat.live_device("Grace")
    await erase(world)
    assert await ada.closed() == 4401
    while (event := await grace.hear_anything()) != {"type": "presence", "username": "Ada", "online": False}:
        assert event["type"] in {"presence", "deleted"}
    saved = await chat.get("Grace", "/api/saved-chats")
    assert [one["chat_username"] for one in saved] == ["Ada", "Linus"]
    assert (saved[0]["chat_nickname"], saved[0]["chat_pfp"], saved[0]["online"]) == ("Ada", "", False)
    assert saved[0]["last_message"] == "what is it?"
    again = await chat.device("Grace")
    assert (again.ready["positions"], again.ready["online"]) == ({"@Ada": 3, "@Linus": 1}, [])


async def test_the_others_still_read_mark_and_delete_what_is_theirs(chat: Instance, world: World) -> None:
    (first,) = await say(chat, "Ada", "hello", to="Grace")
    (own,) = await say(chat, "Grace", "mine", to="Ada")
    await erase(world)
    grace = await chat.live_device("Grace")
    await grace.send(type="read", to="Ada", seq=3)
    assert (await grace.hear("read"))["read_seq"] == 3
    assert await chat.does("Grace", "DELETE", f"/api/messages/Ada/{first}") == (404, "unknown_message")
    assert await chat.does("Grace", "DELETE", f"/api/messages/Ada/{own}") == 200
    assert (await grace.hear("deleted"))["id"] == own
    assert await chat.history("Grace", "Ada") == ["", ""]


async def test_her_reactions_go_also_where_she_was_no_longer_a_member(chat: Instance, world: World) -> None:
    await chat.make_room("Grace", "garden", "Ada")
    (in_room,) = await say(chat, "Grace", "roses", room="garden")
    (direct,) = await say(chat, "Grace", "hello", to="Ada")
    (own,) = await say(chat, "Ada", "hello yourself", to="Grace")
    ada = await chat.live_device("Ada")
    for message_id, emoji in ((in_room, "🌹"), (in_room, "👍"), (direct, "👍"), (own, "👀")):
        await ada.send(type="react", id=message_id, emoji=emoji)
        await ada.hear("reaction")
    await chat.remove_member("Ada", "garden", "Ada")
    grace = await chat.live_device("Grace")
    await grace.send(type="react", id=direct, emoji="👍")
    await grace.hear("reaction")
    await erase(world)
    heard = await hear_all(grace, "reaction", "deleted", count=4)
    assert sorted((one["id"], one["emoji"]) for one in heard if one["type"] == "reaction") == sorted(
        [(in_room, "🌹"), (in_room, "👍"), (direct, "👍")]
    )
    assert [one["id"] for one in heard if one["type"] == "deleted"] == [own]
    (message, _) = await chat.get("Grace", "/api/messages/Ada")
    assert message["reactions"] == {"👍": ["Grace"]}
    assert_nothing_is_left(world)


async def test_what_she_said_in_a_room_that_she_had_left_goes_too(chat: Instance, world: World) -> None:
    await chat.make_room("Grace", "garden", "Ada")
    (said,) = await say(chat, "Ada", "my secret", room="garden")
    await chat.remove_member("Grace", "garden", "Ada")
    grace = await chat.live_device("Grace")
    await erase(world)
    deleted = await grace.hear("deleted")
    assert (deleted["id"], deleted["conversation"], deleted["seq"]) == (said, "#garden", 5)
    await grace.heard_nothing()


async def test_a_room_that_was_closed_before_is_left_alone(chat: Instance, world: World) -> None:
    await chat.make_room("Grace", "garden", "Ada")
    await say(chat, "Ada", "my secret", room="garden")
    assert await chat.does("Grace", "DELETE", "/api/rooms/garden") == 204
    await erase(world)
    assert rows(world, "SELECT message FROM messages") == [("",)]
    assert_gapless(world)


# Her rooms


async def test_she_leaves_all_rooms_and_what_she_owned_passes_to_who_has_been_there_longest(
    chat: Instance, world: World
) -> None:
    await chat.make_room("Ada", "garden", "Linus", "Grace", private=True)
    await chat.remove_member("Ada", "garden", "Linus")
    await chat.add_member("Ada", "garden", "Linus")
    await chat.make_room("Grace", "kitchen", "Ada")
    await chat.add_member("Ada", "lobby", "Ada")
    await chat.add_member("Linus", "lobby", "Linus")
    grace, linus = await chat.live_device("Grace"), await chat.live_device("Linus")
    await erase(world)
    heard = await hear_all(grace, "left", count=2)
    assert [(one["conversation"], one["username"]) for one in heard] == [("#garden", "Ada"), ("#kitchen", "Ada")]
    heard = await hear_all(linus, "left", count=2)
    assert [(one["conversation"], one["username"]) for one in heard] == [("#garden", "Ada"), ("#lobby", "Ada")]
    garden = await chat.get("Linus", "/api/rooms/garden")
    assert (garden["owner"], garden["members"]) == ("Grace", ["Grace", "Linus"])
    assert (await chat.get("Grace", "/api/rooms/kitchen"))["owner"] == "Grace"
    lobby = await chat.get("Grace", "/api/rooms/lobby")
    assert (lobby["owner"], lobby["members"]) == (None, ["Linus"])
    assert await chat.does("Grace", "PATCH", "/api/rooms/garden", json={"topic": "hers now"}) == 200
    assert_nothing_is_left(world)


async def test_a_room_with_nobody_else_in_it_is_closed_and_its_name_free(chat: Instance, world: World) -> None:
    await chat.make_room("Ada", "garden", "Grace")
    await say(chat, "Grace", "tulips", room="garden")
    await chat.remove_member("Grace", "garden", "Grace")
    await chat.add_member("Ada", "lobby", "Ada")  # which nobody owns: it stays
    await erase(world)
    assert [room["name"] for room in await chat.get("Grace", "/api/rooms")] == ["lobby"]
    await chat.make_room("Grace", "garden")
    assert await chat.get("Grace", "/api/rooms/garden/messages") == []
    assert_nothing_is_left(world)


async def test_an_owner_who_was_not_in_her_room_leaves_it_all_the_same(chat: Instance, world: World) -> None:
    store = RoomStore(chat.state["database"])
    for name in ("alone", "garden"):
        await store.create(name=name, topic="", private=False, owner="Ada", now="now")
    await chat.add_member("Grace", "garden", "Grace")
    await erase(world)
    owners = {room["name"]: room["owner"] for room in await chat.get("Grace", "/api/rooms")}
    assert owners == {"garden": "Grace", "lobby": None}


async def test_nothing_passes_to_somebody_who_is_erased_too(chat: Instance, world: World) -> None:
    await chat.make_room("Ada", "garden", "Grace")
    await chat.make_room("Ada", "kitchen", "Grace", "Linus")
    world.auth.erase("Ada")
    world.auth.erase("Grace")
    await tell(world, "profiles", "news")
    await eventually(lambda: is_erased(world, "Ada") and is_erased(world, "Grace"))
    owners = {room["name"]: room["owner"] for room in await chat.get("Linus", "/api/rooms")}
    assert owners == {"kitchen": "Linus", "lobby": None}
    for name in ("Ada", "Grace"):
        assert_nothing_is_left(world, name)


# Nobody reaches her


async def test_nobody_writes_to_her_invites_or_saves_her_on_any_instance(world: World) -> None:
    here, there = [await world.instance(messages_per_second=0) for _ in range(2)]
    await here.make_room("Grace", "garden")
    devices = [await chat.live_device(name) for chat in (here, there) for name in ("Grace", "Linus")]
    await say(here, "Grace", "hello", to="Ada", nonce="n1")
    for device in devices:  # so that both instances remember her
        await device.send(type="typing", to="Ada")
    assert (await devices[0].hear("sent"))["seq"] == (await devices[2].hear("sent"))["seq"] == 1
    await erase(world)
    for chat, device in zip((here, here, there, there), devices, strict=True):
        await device.say("aDA", "hello?", nonce="n2")
        error = await device.hear("error")
        assert (error["code"], error["nonce"]) == ("unknown_recipient", "n2")
        assert await chat.does("Linus", "POST", "/api/save-chat", json={"username": "Ada"}) == UNKNOWN
        assert await chat.does("Grace", "PUT", "/api/rooms/garden/members/Ada") == UNKNOWN
        assert await chat.does("Grace", "DELETE", "/api/rooms/garden/members/Ada") == UNKNOWN
    await devices[0].say("Ada", "hello", nonce="n1")  # sent again: it was stored when she was there
    assert (await devices[0].hear("sent"))["seq"] == 1
    assert await here.history("Grace", "Ada") == ["hello"]
    assert rows(world, "SELECT 1 FROM contacts WHERE user_username = 'Linus'") == []


async def test_she_is_known_to_be_gone_also_while_auth_is_away_and_after_a_restart(world: World) -> None:
    chat = await world.instance()
    await erase(world)
    await chat.stop()
    again = await world.instance()
    grace = await again.live_device("Grace")
    await world.auth.stop()
    await grace.say("Ada", "hello?")
    assert await grace.refused() == "unknown_recipient"
    await world.auth.start()


async def test_an_instance_forgets_what_another_one_has_stored(world: World) -> None:
    """The second one to pull finds the store up to date, and still must not remember her as she was."""
    here, there = [await world.instance() for _ in range(2)]
    for chat in (here, there):
        assert await chat.does("Grace", "POST", "/api/save-chat", json={"username": "Ada"}) == 200
    world.auth.erase("Ada")
    assert await here.does("Grace", "GET", "/api/messages/Nobody") == UNKNOWN  # which pulls
    await eventually(lambda: is_erased(world, "Ada"))
    assert await there.does("Grace", "GET", "/api/messages/Nobody") == UNKNOWN
    for chat in (here, there):
        assert await chat.does("Grace", "POST", "/api/save-chat", json={"username": "Ada"}) == UNKNOWN
    (saved,) = await there.get("Grace", "/api/saved-chats")
    assert (saved["chat_nickname"], saved["chat_pfp"]) == ("Ada", "")


async def test_with_a_token_that_is_not_yet_refused_she_leaves_nothing_new(world: World, chat: Instance) -> None:
    """The list of revocations may be a moment behind the feed of profiles."""
    await chat.make_room("Grace", "garden")
    await say(chat, "Ada", "hello", to="Grace")
    (message_id,) = await say(chat, "Grace", "hello", to="Ada")
    ada = await chat.live_device("Ada")
    world.auth.erase("Ada")
    await tell(world, "profiles", "news")
    await eventually(lambda: is_erased(world, "Ada"))
    await hear_all(ada, "deleted", count=1)
    for command, code in (
        ({"to": "Grace", "message": "still here"}, "unknown_recipient"),
        ({"to": "Linus", "message": "still here"}, "unknown_recipient"),
        ({"room": "garden", "message": "still here"}, "not_a_member"),
        ({"type": "react", "id": message_id, "emoji": "👍"}, "unknown_message"),
        ({"type": "read", "to": "Grace", "seq": 1}, "not_a_member"),
    ):
        await ada.send(**command)
        assert await ada.refused() == code
    assert await chat.does("Ada", "POST", "/api/rooms", json={"name": "mine"}) == UNKNOWN
    assert await chat.does("Ada", "PUT", "/api/rooms/garden/members/Ada") == UNKNOWN
    assert await chat.does("Ada", "POST", "/api/save-chat", json={"username": "Grace"}) == UNKNOWN
    assert_nothing_is_left(world)
