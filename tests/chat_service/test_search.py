"""Search: any script, parts of words, newest first, over one's own conversations alone; indexed or not yet."""

import itertools
from collections.abc import AsyncIterator

import pytest

from servicekit.sqlite_database import SqliteDatabase
from tests.chat_service.libraries import Library, column
from tests.chat_service.world import Instance, World

_shelves = itertools.count(1)


@pytest.fixture(params=[False, True], ids=["not indexed yet", "indexed"])
def is_indexed(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
async def library(world: World, *, is_indexed: bool) -> Library:
    chat = await world.instance(messages_per_second=0, indexing_pause_s=3600)  # it indexes nothing by itself
    return Library(chat, is_indexed=is_indexed)


@pytest.fixture(scope="module")
async def shared_chat(
    tmp_path_factory: pytest.TempPathFactory, database_url_of_module: str
) -> AsyncIterator[tuple[World, Instance]]:
    """Without Redis, of which another test's is emptied."""
    folder = tmp_path_factory.mktemp("shared")
    nowhere = f"unix://{folder}/no-redis.sock"
    async with World(folder, nowhere, database_url_of_module) as world:
        yield world, await world.instance(redis_url=nowhere, messages_per_second=0, indexing_pause_s=3600)


@pytest.fixture
def shelf(shared_chat: tuple[World, Instance], *, is_indexed: bool) -> Library:
    """A library of people of its own, for tests that only speak and search."""
    world, chat = shared_chat
    suffix = f"-{next(_shelves)}"
    world.auth.register(f"Ada{suffix}", f"Grace{suffix}")
    return Library(chat, is_indexed=is_indexed, suffix=suffix)


@pytest.mark.parametrize(
    "text, queries",
    [
        ("The Garden is in bloom", ["garden", "GARDEN", "arde", "rden i"[:4], "oom", "in", "th", "garden bloom", "m"]),
        ("我们明天在公园见面", ["公园", "明天", "明天在公园", "园见面", "我", "公园 明天"]),
        ("明日は公園で会いましょう", ["公園", "会いましょう", "ましょ", "は"]),
        ("コンピュータの設定", ["ピュータ", "コン", "設定"]),
        ("พรุ่งนี้เจอกันที่สวน", ["พรุ่งนี้", "เจอกัน", "สวน", "สว"]),
        ("내일 공원에서 만나요", ["공원", "공원에서", "만나"]),
        ("Über Straßen und Äcker", ["über", "ÜBER", "üb", "ÜB", "straßen", "äcker", "ÄC"]),
        ("Привет, мир", ["привет", "ПРИВЕТ", "ми", "МИР"]),
        ("see you 👋🏽 there", ["👋", "👋🏽", "you 👋"]),
    ],
)
async def test_a_part_of_what_was_said_is_found_in_every_script(shelf: Library, text: str, queries: list[str]) -> None:
    await shelf.say("Ada", "something else", text, "more of it", to="Grace")
    for query in queries:
        assert text in await shelf.find(query), query
        assert text in await shelf.find(query, name="Grace"), query
    assert await shelf.find("nowhere") == []


@pytest.mark.parametrize(
    "texts, queries",
    [
        (["im café", "im cafe\u0301", "IM CAFÉ"], ["café", "CAFE\u0301", "fé", "é"]),
        (["die Straße", "DIE STRASSE"], ["straße", "STRASSE", "ß", "ss", "SS"]),
        (["ΟΔΟΣ", "οδος", "Οδός"[:2] + "ος"], ["οδοσ", "ΟΔΟΣ", "ος"]),
        (["한글", "\u1112\u1161\u11ab\u1100\u1173\u11af"], ["한글", "\u1112\u1161\u11ab", "글"]),
    ],
)
async def test_a_text_is_found_in_either_normal_form_and_in_any_case(
    shelf: Library, texts: list[str], queries: list[str]
) -> None:
    await shelf.say("Ada", *texts, to="Grace")
    for query in queries:
        assert await shelf.find(query) == texts[::-1], ascii(query)


async def test_an_edit_and_a_deletion_are_followed_in_the_folded_form(library: Library) -> None:
    first, second = await library.say("Ada", "Im CAFE\u0301", "Die STRAßE", to="Grace")
    await library.chat.request("Ada", "PATCH", f"/api/messages/Grace/{first}", json={"message": "Zur OPER, FÜR Ada"})
    await library.chat.request("Ada", "DELETE", f"/api/messages/Grace/{second}")
    assert await library.find("FÜR") == ["Zur OPER, FÜR Ada"]
    for gone in ("café", "fé", "strasse", "ße"):
        assert await library.find(gone) == []
    query = "SELECT message_folded FROM messages ORDER BY id"
    assert await column(library.chat.state["database"], query) == ["zur oper, für ada", None]
    if library.is_indexed:
        database = library.chat.state["database"]
        is_sqlite = isinstance(database, SqliteDatabase)
        query = "SELECT term FROM message_terms" if is_sqlite else "SELECT unnest(grams) FROM message_grams"
        terms = await column(database, query)
        assert not {"afé", "str", "ass"} & {*terms}


async def test_all_words_must_be_there_in_any_order(shelf: Library) -> None:
    await shelf.say("Ada", "red roses and tulips", "red tulips", "roses", "is it red?", to="Grace")
    assert await shelf.find("tulips red") == ["red tulips", "red roses and tulips"]
    assert await shelf.find("roses red") == ["red roses and tulips"]
    assert await shelf.find("it red") == ["is it red?"]
    assert await shelf.find("re ed") == ["is it red?", "red tulips", "red roses and tulips"]
    assert await shelf.find("red blue") == []


@pytest.mark.parametrize(
    "text",
    [
        '"quoted"',
        '""',
        "NOT",
        "a AND b",
        "roses OR tulips",
        "NEAR(a, b)",
        "message:hello",
        "ros*",
        "^hello",
        "(hello)",
        "100%",
        "snake_case",
        "back\\slash",
        "*",
        "?",
        "[a-z]",
        "a]b[c",
        "[^x]",
        "'; DROP TABLE messages; --",
        "{}:+-",
        "x' OR '1'='1",
    ],
)
async def test_what_looks_like_an_operator_is_text(shelf: Library, text: str) -> None:
    await shelf.say("Ada", "some of its kind", "say " + text + " again", to="Grace")
    assert await shelf.find(text) == ["say " + text + " again"]
    assert len(await shelf.find("kind")) == 1


async def test_wildcards_stand_for_themselves(shelf: Library) -> None:
    await shelf.say("Ada", "snakeXcase", "1000 roses", "abc", to="Grace")
    for query in ("snake_case", "100%", "a?c", "a*", "[abc]", "%%%", "___", "***", "_", "%"):
        assert await shelf.find(query) == [], query


async def test_newest_first_by_pages_to_the_end(library: Library) -> None:
    texts = [f"rose {number}" for number in range(10)]
    await library.say("Ada", *texts[:6], to="Grace")
    library.is_indexed = False  # the newest are not yet, in either case
    await library.say("Ada", *texts[6:], to="Linus")
    async with library.chat.client("Ada") as client:
        for query, limit in (("rose", 3), ("ro", 4), ("rose", 10), ("rose ro", 1)):
            answer = await client.get("/api/search-messages", params={"query": query, "limit": limit})
            found: list[str] = []
            while answer.json():
                assert len(answer.json()) <= limit
                found += [one["message"] for one in answer.json()]
                answer = await client.get(answer.links["next"]["url"])
            assert found == texts[::-1], query
            assert "link" not in answer.headers


async def test_a_result_is_the_message_as_its_reader_sees_it(library: Library) -> None:
    await library.say("Ada", "a rose", to="Grace")
    (hers,) = await library.chat.get("Grace", "/api/search-messages", query="rose")
    (history,) = await library.chat.get("Grace", "/api/messages/Ada")
    assert hers == history | {"marks": [[2, 4]]}


async def test_edits_are_followed_and_what_is_deleted_is_never_shown(library: Library) -> None:
    first, second = await library.say("Ada", "red roses", "white roses", to="Grace")
    ada = library.devices["Ada"]
    assert await library.chat.does("Ada", "PATCH", f"/api/messages/Grace/{first}", json={"message": "tulips"}) == 200
    await library.settle()
    for query, expected in (
        ("roses", ["white roses"]),
        ("red", []),
        ("re", []),
        ("tulips", ["tulips"]),
        ("tu", ["tulips"]),
    ):
        assert await library.find(query) == expected
    await ada.send(type="delete", id=second)
    while (await ada.hear_anything())["type"] != "deleted":
        pass
    await library.settle()
    for query in ("roses", "ro", "white"):
        assert await library.find(query) == []
        assert await library.find(query, name="Grace") == []


async def test_other_peoples_conversations_are_never_shown(library: Library) -> None:
    await library.chat.make_room("Ada", "garden", "Grace", private=True)
    await library.say("Ada", "our secret rose", to="Grace")
    await library.say("Ada", "the garden's secret rose", room="garden")
    for query in ("secret", "secret rose", "se", "rose"):
        assert len(await library.find(query)) == len(await library.find(query, name="Grace")) == 2
        assert await library.find(query, name="Linus") == []
    await library.chat.remove_member("Ada", "garden", "Grace")
    assert await library.find("secret", name="Grace") == ["our secret rose"]


async def test_a_query_is_bounded_and_has_words(library: Library) -> None:
    path = "/api/search-messages"
    for query in ("", " ", "\u2003", "\u200b", "\u2800 \u202e"):
        assert await library.chat.does("Ada", "GET", path, params={"query": query}) == (422, "query_empty")
    assert await library.chat.does("Ada", "GET", path) == (422, "query_empty")
    assert await library.find("x" * 200) == []
    for params in ({"query": "x" * 201}, {"query": "x", "limit": 0}, {"query": "x", "before": -1}, {"query": "a\0"}):
        assert await library.chat.does("Ada", "GET", path, params=params) == (422, "invalid")
    await library.say("Ada", "one two", to="Grace")
    assert await library.find("one " * 10 + "three") == ["one two"]  # words after the tenth are not looked at
