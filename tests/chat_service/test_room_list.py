"""The list of rooms: one's own first, in pages, and at the same cost however many there are."""

import sqlite3
from typing import Any
from urllib.parse import urlencode

import pytest

from chat_service.app import MIGRATIONS
from chat_service.store.room_places import Wanted
from chat_service.store.rooms import _page
from servicekit.database import Connection
from servicekit.engines import open_database
from tests.chat_service.world import Instance, World

NOW = "2027-01-15T08:00:00.000Z"


async def pages(chat: Instance, name: str, **params: Any) -> list[list[str]]:
    """The names on each page, as `Link` leads from one to the next."""
    found = []
    path = "/api/rooms?" + urlencode(params)
    while path:
        answer = await chat.request(name, "GET", path)
        assert answer.status_code == 200, answer.text
        found.append([room["name"] for room in answer.json()])
        path = answer.links.get("next", {}).get("url", "")
    return found


async def test_own_rooms_come_first_however_many_public_ones_there_are(world: World) -> None:
    chat = await world.instance(messages_per_second=0, rooms_owned_max=150)
    for number in range(120):
        await chat.make_room("Grace", f"a-{number:03}")
    for name in ("zoo", "yard", "xylophone"):
        await chat.make_room("Ada", name)
    world.clock.now += 60
    grace = await chat.live_device("Ada")
    await grace.say_in("yard", "hello")
    await grace.hear("sent")
    first, second = await pages(chat, "Ada")
    assert first[:3] == ["yard", "xylophone", "zoo"]
    assert [*first[3:], *second] == [*(f"a-{number:03}" for number in range(120)), "lobby"]
    assert len(first) == 100


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 7])
async def test_the_pages_meet_without_gap_or_overlap(chat: Instance, limit: int) -> None:
    for name in "abc":
        await chat.make_room("Grace", f"hers-{name}")
    for name in "abc":
        await chat.make_room("Ada", f"mine-{name}", private=name == "b")
    await chat.make_room("Linus", "secret", private=True)
    found = await pages(chat, "Ada", limit=limit)
    assert [name for page in found for name in page] == [
        "mine-c",
        "mine-b",
        "mine-a",
        "hers-a",
        "hers-b",
        "hers-c",
        "lobby",
    ]
    assert {len(page) for page in found[:-1]} <= {limit}


@pytest.mark.parametrize("limit, status", [(0, 422), (1, 200), (100, 200), (101, 422), ("x", 422)])
async def test_a_page_has_a_size_that_may_be(asked: Instance, limit: int | str, status: int) -> None:
    answer = await asked.request("Ada", "GET", "/api/rooms", params={"limit": limit})
    assert answer.status_code == status


@pytest.mark.parametrize("after", ["", ",", "x,", ",1", "nothing like it", "2027,99999999999999999999", "ä,²"])
async def test_a_place_in_the_list_that_never_was_is_no_fault(chat: Instance, after: str) -> None:
    await chat.make_room("Ada", "garden")
    answer = await chat.request("Ada", "GET", "/api/rooms", params={"after": after})
    assert answer.status_code == 200


async def test_rooms_are_found_by_parts_of_their_name_or_topic_in_any_case_and_form(chat: Instance) -> None:
    for name, topic in (("Garden", "What grows"), ("cafe", "Kaffe\u0301 and STRASSE"), ("kitchen", "100%_wool")):
        await chat.request("Grace", "POST", "/api/rooms", json={"name": name, "topic": topic})
    await chat.make_room("Ada", "gardeners")
    await chat.make_room("Linus", "garden-secret", private=True)
    for query, expected in (
        ("ARDEN", ["gardeners", "Garden"]),
        ("kaff\u00e9", ["cafe"]),
        ("stra\u00dfe", ["cafe"]),
        ("%_", ["kitchen"]),
        ("nowhere", []),
    ):
        assert [name for page in await pages(chat, "Ada", query=query) for name in page] == expected
    assert await pages(chat, "Ada", query="garden", limit=1) == [["gardeners"], ["Garden"]]


async def test_a_page_of_rooms_costs_the_same_however_many_public_ones_there_are(world: World) -> None:
    async with open_database(world.folder / "alone.db", MIGRATIONS) as database:

        async def steps() -> int:
            looks = 0

            def look() -> int:
                nonlocal looks
                looks += 1
                return 0

            def read(connection: sqlite3.Connection) -> None:
                connection.set_progress_handler(look, 100)
                _page(connection, "Ada", Wanted(), "r0", 10)
                connection.set_progress_handler(None, 0)

            await database.read(read)
            return looks

        def make(connection: Connection, first: int, last: int) -> None:
            for number in range(first, last):
                (made,) = connection.execute(
                    "INSERT INTO conversations (name, created_at) VALUES (?, ?) RETURNING id", (f"#r{number}", NOW)
                ).fetchone()
                connection.execute(
                    "INSERT INTO rooms (conversation_id, name, name_folded, topic, is_private, created_at)"
                    " VALUES (?, ?, ?, '', 0, ?)",
                    (made, f"r{number}", f"r{number}", NOW),
                )

        await database.write(make, 0, 50)
        few = await steps()
        await database.write(make, 50, 5_000)
        assert await steps() <= few + 5


async def test_two_find_the_rooms_that_both_are_in_and_no_others(chat: Instance) -> None:
    for name, members, is_private in (
        ("beds", ["Ada"], False),
        ("attic", ["Ada"], True),
        ("cellar", [], True),
        ("Compost", ["Ada", "Linus"], False),
    ):
        await chat.make_room("Grace", name, *members, private=is_private)
    await chat.make_room("Ada", "hers-alone", private=True)
    for reader, other in (("Ada", "Grace"), ("Grace", "Ada")):
        shared = {"shared_with": other}
        assert await pages(chat, reader, **shared) == [["attic", "beds", "Compost"]]
        assert await pages(chat, reader, **shared, limit=2) == [["attic", "beds"], ["Compost"]]
        assert await pages(chat, reader, **shared, query="COMP") == [["Compost"]]
    assert await pages(chat, "Linus", shared_with="Grace") == [["Compost"]]
    assert await pages(chat, "Linus", shared_with="nobody") == [[]]
    await chat.remove_member("Grace", "Compost", "Linus")
    assert await pages(chat, "Linus", shared_with="Grace") == [[]]
