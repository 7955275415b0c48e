"""Quotas: whatever can be made without end has a limit, exact for those who come at once."""

import asyncio

from chat_service.peers import PROFILES_CHANNEL
from tests.chat_service.world import Instance, World
from tests.waiting import eventually


async def test_a_person_owns_so_many_rooms_and_no_more(world: World) -> None:
    chat = await world.instance(messages_per_second=0, rooms_owned_max=3)
    for number in range(3):
        await chat.make_room("Ada", f"room-{number}")
    body = {"json": {"name": "one-more"}}
    answer = await chat.request("Ada", "POST", "/api/rooms", **body)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_rooms")
    assert int(answer.headers["Retry-After"]) > 0
    assert await chat.does("Grace", "POST", "/api/rooms", **body) == 201
    assert await chat.does("Ada", "DELETE", "/api/rooms/room-0") == 204
    await chat.make_room("Ada", "another")


async def test_of_those_who_make_their_last_room_at_once_exactly_one_does(world: World) -> None:
    instances = [await world.instance(rooms_owned_max=2) for _ in range(2)]
    await instances[0].make_room("Ada", "first")
    attempts = [
        instances[number % 2].does("Ada", "POST", "/api/rooms", json={"name": f"r{number}"}) for number in range(8)
    ]
    outcomes = await asyncio.gather(*attempts)
    assert sorted(outcomes, key=str) == [(429, "too_many_rooms")] * 7 + [201]


async def tell_of_profiles(world: World) -> None:
    bus = await world.bus()
    await bus.execute(("PUBLISH", bus.channel(PROFILES_CHANNEL), b"news"))


async def is_owner(chat: Instance, room: str, name: str) -> bool:
    return bool((await chat.get("Linus", f"/api/rooms/{room}"))["owner"] == name)


async def test_what_somebody_inherits_counts_as_theirs(world: World) -> None:
    chat = await world.instance(messages_per_second=0, rooms_owned_max=1)
    await chat.make_room("Ada", "garden", "Grace", "Linus")
    await chat.make_room("Grace", "kitchen")
    world.auth.erase("Ada")
    await tell_of_profiles(world)
    await eventually(lambda: is_owner(chat, "garden", "Linus"))  # Grace was there first, and owns one already
    assert await chat.does("Linus", "POST", "/api/rooms", json={"name": "another"}) == (429, "too_many_rooms")


async def test_a_person_is_in_so_many_rooms_besides_their_own_and_no_more(world: World) -> None:
    chat = await world.instance(messages_per_second=0, rooms_joined_max=2, rooms_owned_max=2)
    for name in ("one", "two"):
        await chat.make_room("Grace", name)
    await chat.make_room("Linus", "three")
    await chat.make_room("Ada", "own")
    await chat.add_member("Ada", "one", "Ada")
    await chat.add_member("Grace", "two", "Ada")
    for name in ("Ada", "Linus"):  # whoever asks for it
        path = "/api/rooms/three/members/Ada"
        assert await chat.does(name, "PUT", path) == (429, "too_many_rooms")
    assert await chat.refusal("Ada", path="/api/ws/chat?room=three") == (429, "too_many_rooms")
    await chat.add_member("Ada", "one", "Ada")  # where they are already
    await chat.make_room("Ada", "own-too")
    await chat.remove_member("Ada", "one", "Ada")
    await chat.add_member("Linus", "three", "Ada")


async def test_a_room_has_so_many_members_and_no_more(world: World) -> None:
    chat = await world.instance(messages_per_second=0, room_members_max=2)
    await chat.make_room("Ada", "garden", "Grace")
    assert await chat.does("Linus", "PUT", "/api/rooms/garden/members/Linus") == (409, "room_full")
    await chat.add_member("Ada", "garden", "Grace")
    await chat.remove_member("Ada", "garden", "Grace")
    await chat.add_member("Linus", "garden", "Linus")
    for name in ("Ada", "Grace", "Linus"):  # everybody may enter the lobby
        await chat.add_member(name, "lobby", name)


async def test_so_many_invitations_an_hour_and_no_more(world: World) -> None:
    now_s = 0.0
    chat = await world.instance(messages_per_second=0, invitations_per_hour=5, monotonic=lambda: now_s)
    await chat.make_room("Ada", "garden", "Grace", "Linus")
    path = "/api/rooms/garden/members"
    for _ in range(3):
        await chat.remove_member("Ada", "garden", "Linus")
        await chat.add_member("Ada", "garden", "Linus")
    assert await chat.does("Ada", "PUT", f"{path}/Grace") == (429, "too_many_invitations")
    assert await chat.does("Ada", "PUT", f"{path}/Ada") == 200  # to join is not to invite
    assert await chat.does("Grace", "PUT", f"{path}/Linus") == 200
    now_s = 721.0
    world.clock.forward(now_s)
    assert await chat.does("Ada", "PUT", f"{path}/Grace") == 200  # who is there already costs nothing
    for name in ("Grace", "Linus"):
        await chat.remove_member("Ada", "garden", name)
    assert await chat.does("Ada", "PUT", f"{path}/Grace") == 200
    assert await chat.does("Ada", "PUT", f"{path}/Linus") == (429, "too_many_invitations")


async def test_an_invitation_that_brings_nobody_in_does_not_count(world: World) -> None:
    chat = await world.instance(messages_per_second=0, invitations_per_hour=2, room_members_max=2)
    await chat.make_room("Ada", "full", "Linus")
    for _ in range(3):
        assert await chat.does("Ada", "PUT", "/api/rooms/full/members/Grace") == (409, "room_full")
    await chat.make_room("Ada", "garden", "Grace")


async def test_who_tries_for_names_that_are_taken_is_stopped_and_who_makes_rooms_is_not(world: World) -> None:
    chat = await world.instance(messages_per_second=0, taken_names_per_hour=2)
    await chat.make_room("Grace", "secret", private=True)
    taken = {"json": {"name": "secret"}}
    for number in range(3):
        await chat.make_room("Ada", f"room-{number}")
    for _ in range(2):
        assert await chat.does("Ada", "POST", "/api/rooms", **taken) == (409, "room_taken")
    assert await chat.does("Ada", "POST", "/api/rooms", **taken) == (429, "too_many_requests")
    assert await chat.does("Ada", "POST", "/api/rooms", json={"name": "free"}) == (429, "too_many_requests")
    assert await chat.does("Linus", "POST", "/api/rooms", **taken) == (409, "room_taken")


async def test_a_room_that_could_not_be_made_is_no_name_that_was_tried(world: World) -> None:
    chat = await world.instance(messages_per_second=0, taken_names_per_hour=2, rooms_owned_max=1)
    await chat.make_room("Ada", "only")
    for _ in range(3):
        assert await chat.does("Ada", "POST", "/api/rooms", json={"name": "more"}) == (429, "too_many_rooms")
    assert await chat.does("Ada", "DELETE", "/api/rooms/only") == 204
    await chat.make_room("Ada", "another")


async def test_a_message_takes_so_many_reactions_of_a_person_and_of_all(world: World) -> None:
    chat = await world.instance(messages_per_second=0, reactions_per_person_max=2, reactions_per_message_max=3)
    await chat.make_room("Ada", "garden", "Grace", "Linus")
    ada = await chat.live_device("Ada")
    await ada.say_in("garden", "hello")
    path = f"/api/rooms/garden/messages/{(await ada.hear('sent'))['id']}/reactions"
    for emoji in "👍🎉":
        assert await chat.does("Ada", "PUT", f"{path}/{emoji}") == 204
    assert await chat.does("Ada", "PUT", f"{path}/👎") == (429, "too_many_reactions")
    assert await chat.does("Ada", "PUT", f"{path}/👍") == 204  # which is there already
    assert await chat.does("Grace", "PUT", f"{path}/👍") == 204
    assert await chat.does("Linus", "PUT", f"{path}/👍") == (429, "too_many_reactions")
    assert await chat.does("Ada", "DELETE", f"{path}/🎉") == 204
    assert await chat.does("Linus", "PUT", f"{path}/👍") == 204


async def test_a_person_saves_so_many_chats_and_no_more(world: World) -> None:
    chat = await world.instance(saved_chats_max=1)
    assert await chat.does("Ada", "POST", "/api/save-chat", json={"username": "Grace"}) == 200
    refused = (429, "too_many_saved_chats")
    assert await chat.does("Ada", "POST", "/api/save-chat", json={"username": "Linus"}) == refused
    assert await chat.does("Ada", "POST", "/api/save-chat", json={"username": "Grace", "nickname": "G"}) == 200
    assert await chat.does("Grace", "POST", "/api/save-chat", json={"username": "Linus"}) == 200


async def test_a_person_searches_so_often_at_once_and_no_more(world: World) -> None:
    chat = await world.instance(messages_per_second=0)
    for _ in range(30):
        assert await chat.does("Ada", "POST", "/api/messages/Grace", json={"message": "word " * 700}) == 201
    path = "/api/search-messages?query=word"
    outcomes = await asyncio.gather(*(chat.does("Ada", "GET", path) for _ in range(40)))
    assert set(outcomes) <= {200, (429, "too_many_requests")}
    assert outcomes.count(200) >= 4
    assert await chat.does("Ada", "GET", path) == 200
