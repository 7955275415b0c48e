"""Rooms: who may do what, and that who is not in one hears nothing of what is said there."""

from tests.chat_service.drafts import NOW
from tests.chat_service.rooms import hear_seqs, members, names
from tests.chat_service.world import Instance

# Who may do what


async def test_a_private_room_does_not_exist_for_others(chat: Instance) -> None:
    await chat.make_room("Ada", "garden", private=True)
    unknown = (404, "unknown_room")
    for room in ("garden", "nowhere"):
        path = f"/api/rooms/{room}"
        assert await chat.does("Grace", "GET", path) == unknown
        assert await chat.does("Grace", "PATCH", path, json={"topic": "x"}) == unknown
        assert await chat.does("Grace", "DELETE", path) == unknown
        assert await chat.does("Grace", "GET", f"{path}/messages") == unknown
        for whom in ("Grace", "Linus"):
            assert await chat.does("Grace", "PUT", f"{path}/members/{whom}") == unknown
            assert await chat.does("Grace", "DELETE", f"{path}/members/{whom}") == unknown
    assert await names(chat, "Grace") == ["lobby"]
    grace = await chat.live_device("Grace")
    for room in ("garden", "nowhere"):
        for command in ({"message": "hello"}, {"type": "read", "seq": 1}, {"type": "typing"}):
            await grace.send(room=room, **command)
            error = await grace.hear("error")
            assert (error["code"], room in error["detail"]) == ("not_a_member", True)


async def test_anybody_joins_a_public_room_and_any_member_invites(chat: Instance) -> None:
    await chat.make_room("Ada", "garden")
    assert await chat.does("Grace", "PUT", "/api/rooms/garden/members/Linus") == (403, "not_a_member")
    for _ in range(2):  # joining again changes nothing
        await chat.add_member("Grace", "garden", "grace")
    await chat.add_member("Grace", "garden", "Linus")
    assert await members(chat, "Linus", "garden") == ["Ada", "Grace", "Linus"]
    assert (await chat.get("Ada", "/api/rooms/garden"))["last_seq"] == 3
    assert await chat.does("Ada", "PUT", "/api/rooms/garden/members/Nobody") == (404, "unknown_recipient")


async def test_only_the_owner_invites_to_a_private_room(chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace", private=True)
    assert await chat.does("Grace", "PUT", "/api/rooms/garden/members/Linus") == (403, "not_the_owner")
    await chat.add_member("Ada", "garden", "Linus")
    assert await members(chat, "Linus", "garden") == ["Ada", "Grace", "Linus"]


async def test_auth_asks_who_may_invite_into_a_room_before_it_makes_a_link(chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace")
    await chat.make_room("Ada", "cellar", "Grace", private=True)

    async def inviting(username: str, room: str) -> int | tuple[int, str]:
        return await chat.does("", "GET", "/internal/inviting", params={"username": username, "room": room})

    assert [await inviting(name, "garden") for name in ("Ada", "Grace")] == [204, 204]
    assert await inviting("Linus", "garden") == (403, "not_a_member")
    assert await inviting("Ada", "cellar") == 204
    assert await inviting("Grace", "cellar") == (403, "not_the_owner")
    assert [await inviting("Linus", room) for room in ("cellar", "attic")] == [(404, "unknown_room")] * 2


async def test_everybody_leaves_but_the_owner_who_alone_removes_others(chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace", "Linus")
    path = "/api/rooms/garden/members"
    for whom in ("Linus", "Ada"):
        assert await chat.does("Grace", "DELETE", f"{path}/{whom}") == (403, "not_the_owner")
    assert await chat.does("Ada", "DELETE", f"{path}/Ada") == (409, "owner_stays")
    for _ in range(2):
        await chat.remove_member("Grace", "garden", "Grace")
    await chat.remove_member("Ada", "garden", "Linus")
    assert await members(chat, "Ada", "garden") == ["Ada"]
    assert await chat.does("Grace", "GET", "/api/rooms/garden/messages") == (403, "not_a_member")
    assert await chat.does("Ada", "DELETE", f"{path}/Nobody") == (404, "unknown_recipient")


async def test_only_the_owner_closes_a_room_and_it_is_gone_for_all(chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace")
    grace = await chat.live_device("Grace")
    await grace.say_in("garden", "my secret")
    await grace.hear("sent")
    assert await chat.does("Grace", "DELETE", "/api/rooms/garden") == (403, "not_the_owner")
    assert await chat.does("Ada", "DELETE", "/api/rooms/garden") == 204
    closed = await grace.hear("closed")
    assert (closed["conversation"], closed["username"], closed["seq"]) == ("#garden", "Ada", 4)
    await grace.say_in("garden", "hello?")
    assert await grace.refused() == "not_a_member"
    for name in ("Ada", "Grace"):
        assert await chat.does(name, "GET", "/api/rooms/garden") == (404, "unknown_room")
        assert await chat.get(name, "/api/search-messages", query="secret") == []
    assert (await chat.device("Grace")).ready["positions"] == {}


# What is said in them


async def test_a_message_comes_to_every_member_and_to_nobody_else(chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace")
    ada, other, grace, linus = [await chat.live_device(name) for name in ("Ada", "Ada", "Grace", "Linus")]
    await ada.say_in("garden", "Hello there!", nonce="n1")
    event = {
        "id": 1,
        "seq": 3,
        "conversation": "#garden",
        "sender_username": "Ada",
        "room": "garden",
        "message": "Hello there!",
        "timestamp": NOW,
        "attachments": [],
        "reply_to": None,
        "html": None,
        "mentions": [],
        "mentions_room": False,
    }
    assert await grace.hear("message") == {"type": "message", "nonce": None, **event}
    for device in (ada, other):
        assert await device.hear("sent") == {"type": "sent", "nonce": "n1", "delivered": None, **event}
    for device in (ada, other, grace, linus):
        await device.heard_nothing()
    (message,) = await chat.get("Grace", "/api/rooms/GARDEN/messages")
    assert message == {**event, "nonce": None, "cards": [], "reactions": {}}
    assert (await chat.get("Grace", "/api/rooms/garden"))["unread"] == 1
    assert (await chat.get("Ada", "/api/rooms/garden"))["unread"] == 0


async def test_changes_in_a_room_come_to_every_member(chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace", "Linus")
    ada, grace, linus = [await chat.live_device(name) for name in ("Ada", "Grace", "Linus")]
    await grace.say_in("garden", "helo")
    first = (await ada.hear("message"))["id"]
    await grace.send(type="edit", id=first, message="hello")
    await ada.send(type="react", id=first, emoji="🌹")
    await ada.send(type="read", room="garden", seq=4)
    await hear_seqs(ada, 5, 7)
    assert await chat.does("Linus", "DELETE", f"/api/rooms/garden/messages/{first}") == (403, "not_the_author")
    assert await chat.does("Ada", "PATCH", f"/api/rooms/garden/messages/{first}", json={"message": "x"}) == (
        403,
        "not_the_author",
    )
    await linus.send(type="typing", room="garden")
    await ada.hear("typing")
    await ada.send(type="delete", id=first)  # the owner keeps order
    heard = [await grace.hear_anything() for _ in range(6)]
    assert [one["type"] for one in heard if one["type"] != "typing"] == [
        "sent",
        "edited",
        "reaction",
        "read",
        "deleted",
    ]
    assert {one["conversation"] for one in heard} == {"#garden"}
    assert [(await linus.hear_anything())["type"] for _ in range(5)] == [
        "message",
        "edited",
        "reaction",
        "read",
        "deleted",
    ]
    await linus.heard_nothing()  # not of his own typing


async def test_the_history_of_a_room_has_pages(chat: Instance) -> None:
    await chat.make_room("Ada", "garden")
    ada = await chat.live_device("Ada")
    for number in range(10):
        await ada.say_in("garden", str(number))
        await ada.hear("sent")
    async with chat.client("Ada") as client:
        back: list[str] = []
        answer = await client.get("/api/rooms/garden/messages?limit=4")
        while answer.json():
            back = [one["message"] for one in answer.json()] + back
            answer = await client.get(answer.links["prev"]["url"])
    assert back == [str(number) for number in range(10)]


async def test_who_was_away_gets_what_was_missed_in_a_room(chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace")
    ada = await chat.live_device("Ada")
    await ada.say_in("garden", "one")
    first = (await ada.hear("sent"))["id"]
    await ada.send(type="edit", id=first, message="One")
    await ada.hear("edited")
    await chat.add_member("Ada", "garden", "Linus")
    grace = await chat.device("Grace")
    assert grace.ready["positions"] == {"#garden": 5}
    await grace.send(type="resume", positions={"#garden": 2})
    message, edited, joined = await hear_seqs(grace, 3, 5)
    assert (message["message"], edited["message"], joined["username"]) == ("One", "One", "Linus")
    epochs = grace.ready["epochs"]
    resumed = {"type": "resumed", "positions": {"#garden": 5}, "epochs": epochs, "truncated": []}
    assert await grace.hear("resumed") == resumed
