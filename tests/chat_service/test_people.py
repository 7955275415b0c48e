"""People: the copy of the auth service's profiles, with that service near or away."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from chat_service.actions.people import People
from chat_service.domain.refusals import DirectoryUnavailable, UnknownRecipient
from chat_service.peers import Peers
from chat_service.store.people import PeopleStore
from servicekit.database import Database
from servicekit.list_replica import ACCEPTED
from servicekit.numbered_lists import PAGE_MAX
from servicekit.peers import Peer
from tests.auth_stand_in import Auth
from tests.chat_service.world import CAST, Instance, World
from tests.stores import allow, refuse
from tests.waiting import eventually

# When it is not auth's any more


async def test_nobody_passes_once_a_token_tells_that_auth_has_lost_its_store(world: World) -> None:
    chat = await world.instance()
    ada, old = await chat.live_device("Ada"), world.auth.token("Ada")
    assert await chat.does("Grace", "GET", "/api/messages/Ada") == 200
    world.auth.lose_store()
    world.auth.register(*CAST)
    assert (
        await chat.does("Grace", "GET", "/api/messages/Ada") == 200
    )  # hers is of the lost one, of which nothing is known
    assert await chat.refusal("Ada") == (503, "unavailable")  # of the new one
    assert await ada.closed() == 1013
    assert await chat.does("Grace", "GET", "/api/messages/Ada") == (503, "unavailable")
    for path in ("audience?username=Ada&label=@Grace", "inviting", "members", "attachments/f?reader=Ada"):
        assert await chat.does("", "GET", f"/internal/{path}") == (503, "unavailable"), path

    await chat.state["database"].put_known_store("profiles", ACCEPTED)
    await chat.state["profiles"].pull()
    assert await chat.does("Linus", "GET", "/api/messages/Ada") == 200
    assert await chat.refusal(token=old) == (401, "unauthenticated")
    assert await chat.does("Grace", "GET", "/api/messages/Ada") == (401, "unauthenticated")


# Over sockets


async def test_with_auth_away_those_who_are_known_can_be_reached(world: World) -> None:
    chat = await world.instance()
    ada = await chat.live_device("Ada")
    await ada.say("Grace", "hello")
    await ada.hear("sent")
    await world.auth.stop()
    assert await ada.refused() == "recipient_offline"
    await ada.say("Linus", "hello")
    assert (await ada.hear("sent"))["receiver_username"] == "Linus"
    assert await ada.refused() == "recipient_offline"
    await ada.say("Nobody", "hello", nonce="n1")
    error = await ada.hear("error")
    assert (error["code"], error["nonce"]) == ("directory_unavailable", "n1")
    await world.auth.start()
    await ada.say("Nobody", "hello")
    assert await ada.refused() == "unknown_recipient"


async def test_a_changed_profile_follows_into_saved_chats_as_soon_as_redis_tells(world: World, chat: Instance) -> None:
    bus = await world.bus()
    ada = await chat.live_device("Ada")
    await ada.say("Grace", "hello")
    await ada.hear("sent")
    world.auth.change("Grace", nickname="Admiral", pfp="/api/files/1")
    await bus.execute(("PUBLISH", bus.channel("profiles"), "news"))

    async def has_followed() -> bool:
        (saved,) = await chat.get("Ada", "/api/saved-chats")
        return (saved["chat_nickname"], saved["chat_pfp"]) == ("Admiral", "/api/files/1")

    await eventually(has_followed)


# Alone


class Directory:
    """People over a store and the stand-in of the auth service."""

    def __init__(self, database: Database, http: httpx.AsyncClient) -> None:
        self.auth = Auth()
        self.database = database
        self.store = PeopleStore(self.database)
        self._http = http

    def people(self, **options: int) -> People:
        peer = Peer(self._http, self.auth.url)
        return People(store=self.store, peers=Peers(auth=peer, media=peer), known_stores=self.database, **options)

    def pulls(self) -> int:
        return self.auth.asked.count("/internal/profiles")


@pytest.fixture
async def directory(database: Database) -> AsyncIterator[Directory]:
    async with httpx.AsyncClient(trust_env=False, verify=False) as http:
        made = Directory(database, http)
        await made.auth.start()
        made.auth.register(*CAST)
        yield made
        await made.auth.stop()


async def test_a_person_is_found_in_any_case_and_then_remembered(directory: Directory) -> None:
    people = directory.people()
    assert people.remembered("grace") is None
    person = await people.get("gRaCe")
    assert person.username == "Grace"
    assert people.remembered("GRACE") == person
    assert directory.pulls() == 1


async def test_more_people_than_a_page_are_all_pulled(directory: Directory) -> None:
    names = [f"person-{number}" for number in range(PAGE_MAX + 1)]
    directory.auth.register(*names)
    assert (await directory.people().get(names[-1])).username == names[-1]
    assert directory.pulls() == 2


async def test_many_who_ask_for_nobody_at_once_share_a_pull(directory: Directory) -> None:
    people = directory.people()
    answers = await asyncio.gather(*(people.get(f"nobody {number}") for number in range(50)), return_exceptions=True)
    assert all(isinstance(answer, UnknownRecipient) for answer in answers)
    assert directory.pulls() <= 3


async def test_who_asks_during_a_pull_waits_for_one_that_begins_after(directory: Directory) -> None:
    people = directory.people()
    first = asyncio.create_task(people.get("Margaret"))
    await eventually(lambda: directory.pulls() == 1)
    directory.auth.register("Margaret")
    assert (await people.get("Margaret")).username == "Margaret"
    await asyncio.gather(first, return_exceptions=True)


async def test_a_changed_profile_is_not_remembered_as_it_was(directory: Directory) -> None:
    people = directory.people()
    await people.get("Grace")
    directory.auth.change("Grace", nickname="Admiral", pfp=None)
    with pytest.raises(UnknownRecipient):
        await people.get("nobody")  # which pulls
    assert (await people.get("Grace")).nickname == "Admiral"


async def test_what_is_remembered_is_bounded(directory: Directory) -> None:
    people = directory.people(remembered_max=2)
    for name in CAST:
        await people.get(name)
    assert [name for name in CAST if people.remembered(name)] == ["Grace", "Linus"]


async def test_an_auth_service_that_answers_nonsense_is_as_good_as_away(directory: Directory) -> None:
    directory.auth.register("Margaret")
    directory.auth.change("Margaret", nickname=7, pfp=None)  # type: ignore[arg-type]
    with pytest.raises(DirectoryUnavailable):
        await directory.people().get("Margaret")


async def test_neither_a_neighbour_nor_a_disk_that_fails_ends_the_pulling(directory: Directory) -> None:
    await directory.database.write(lambda store: refuse(store, "INSERT ON people"))
    people = directory.people()
    running = asyncio.create_task(people.following.run())
    await eventually(lambda: directory.pulls() == 1)
    await directory.auth.stop()
    people.following.tell_of_news()
    await directory.database.write(lambda store: allow(store, "people"))
    await directory.auth.start()

    async def is_known() -> bool:
        people.following.tell_of_news()
        return await directory.store.find_person("Grace") is not None

    await eventually(is_known)
    assert not running.done()
    running.cancel()
    await asyncio.wait([running])
