"""Operators of a search: whose, where, with what and when, over the caller's own conversations, on both engines."""

import pytest

from chat_service.domain.attachments import Attachment
from chat_service.domain.changes import Kind
from chat_service.domain.conversations import Conversation
from chat_service.domain.intents import Draft, SendMessage
from chat_service.domain.search_query import parsed
from chat_service.store.engines import log_of
from chat_service.store.rooms import Rooms
from chat_service.store.search import Search
from servicekit.database import Database
from servicekit.problems import Refusal
from tests.chat_service.drafts import NOW, change
from tests.chat_service.world import Instance

GARDEN, SHED, HERS = Conversation.room("garden"), Conversation.room("shed"), Conversation.direct("Ada", "Grace")
OTHERS = Conversation.direct("Ada", "Linus")
TRICK = '","kind":"video","x":"'  # a name that looks like what is looked for


def said(author: str, where: Conversation, text: str, *files: Attachment, day: str = "2026-11-29") -> Draft:
    return Draft(SendMessage(conversation=where, text=text, attachments=files), author, f"{day}T12:00:00.000Z")


def file(kind: str, name: str = "") -> Attachment:
    return Attachment(
        id=f"{kind}{name}",
        url="/",
        thumbnail_url=None,
        filename=name,
        content_type="",
        size=1,
        width=None,
        height=None,
        placeholder=None,
        kind=kind,  # type: ignore[arg-type]
    )


SAID = [
    said("Ada", HERS, "a rose", day="2026-11-01"),
    said("Grace", HERS, "a picture of a rose", file("picture"), day="2026-11-02"),
    said("Ada", GARDEN, "the song of a rose", file("audio"), file("document", TRICK), day="2026-11-03"),
    said("Linus", GARDEN, "a rose on film, HTTPS://rose.example", file("video"), day="2026-11-04"),
    said("Linus", GARDEN, "http: and ://rose", day="2026-11-05"),
    said("Ada", OTHERS, "a rose for Linus alone", file("picture", "2"), day="2026-11-06"),
    said("Ada", SHED, "a rose in the shed", day="2026-11-07"),
    said("Linus", GARDEN, "", file("picture", "of old"), day="2026-11-08"),
]


@pytest.fixture
async def search(database: Database) -> Search:
    """Of those messages, of which Grace may read what is not in the shed, nor between Ada and Linus."""
    for room in ("garden", "shed"):
        await Rooms(database).create(name=room, topic="", private=False, owner="Ada", now=NOW)
    joins = [(GARDEN, "Ada"), (GARDEN, "Grace"), (GARDEN, "Linus"), (SHED, "Ada"), (SHED, "Linus")]
    log = log_of(database)
    drafts = [change(Kind.JOINED, who, conversation=where.name, value=who) for where, who in joins] + SAID
    outcomes = await database.write(log.append_group, drafts)
    assert [one for one in outcomes if isinstance(one, Refusal)] == []
    without_kind = "UPDATE messages SET attachments = replace(attachments, ?, '') WHERE message = ''"
    await database.write(lambda store: store.execute(without_kind, ('"kind":"picture",',)))
    return Search(database)


async def found(search: Search, query: str, who: str = "Grace") -> list[int]:
    """The days of November on which it was said."""
    hits = await search.find(who, parsed(query, asker=who), before=None, limit=50)
    return [int(message.timestamp[8:10]) for message, _ in hits]


QUERIES = {
    "rose": [5, 4, 3, 2, 1],
    "from:ada": [3, 1],
    "from:@LINUS rose": [5, 4],
    "from:ada from:grace rose": [3, 2, 1],
    "from:me": [2],
    "from:nobody": [],
    "in:garden rose": [5, 4, 3],
    "in:#GARDEN": [8, 5, 4, 3],
    "in:@garden": [],
    "in:@ada": [2, 1],
    "in:Ada in:#garden rose": [5, 4, 3, 2, 1],
    "in:shed": [],  # not hers to read, as if there were none
    "in:linus": [],
    "in:nowhere": [],
    "in:%": [],
    "from:_da": [],
    "has:file": [8, 4, 3, 2],
    "has:picture": [8, 2],
    "has:audio": [3],
    "has:video": [4],
    "has:link": [4],
    "has:link has:video on": [4],
    "has:audio has:video": [],
    "before:2026-11-03": [2, 1],
    "after:2026-11-03 rose": [5, 4],
    "after:2026-11-01 before:2026-11-04 a": [3, 2],
    "before:2026-11-01 after:2026-11-30": [],
    "before:0001-01-01": [],
    "after:9999-12-31": [],
    '"from:ada"': [],
    "from:ada in:garden has:audio before:2026-12-01 after:2026-01-01 ro song": [3],
}


async def test_operators_narrow_what_is_found_whether_it_is_indexed_or_not(search: Search) -> None:
    assert {query: await found(search, query) for query in QUERIES} == QUERIES
    assert await found(search, "rose", "Linus") == [7, 6, 5, 4, 3]
    while await search.index_some():
        pass
    assert {query: await found(search, query) for query in QUERIES} == QUERIES
    assert await found(search, "in:shed", "Linus") == [7]


async def test_operators_alone_are_read_by_pages(search: Search) -> None:
    query = parsed("in:garden", asker="Grace")
    (first, _), (second, _) = await search.find("Grace", query, before=None, limit=2)
    rest = await search.find("Grace", query, before=second.id, limit=9)
    days = [one.timestamp[8:10] for one in (first, second, *(message for message, _ in rest))]
    assert days == ["08", "05", "04", "03"]


async def test_a_hit_says_where_its_words_stand(search: Search) -> None:
    ((message, marks), *_) = await search.find("Grace", parsed("ROSE film", asker="Grace"), before=None, limit=1)
    assert [message.message[start : start + length] for start, length in marks] == ["rose", "film", "rose"]
    ((_, none),) = await search.find("Grace", parsed("has:audio", asker="Grace"), before=None, limit=1)
    assert none == ()


@pytest.mark.parametrize("query", ["rose has:cat", "before:2026-02-30", "after:soon"])
async def test_an_operator_is_refused_with_the_field(asked: Instance, query: str) -> None:
    answer = await asked.request("Ada", "GET", "/api/search-messages", params={"query": query})
    assert (answer.status_code, answer.json()["code"]) == (422, "query_invalid")
    assert [error["field"] for error in answer.json()["errors"]] == ["query"]


async def test_as_many_operators_as_fit_are_answered(asked: Instance) -> None:
    for query in ("in:a " * 40, "from:a" + "\u3000from:a" * 27, '"' * 200, "before:2026-01-01 " * 11):
        assert await asked.does("Ada", "GET", "/api/search-messages", params={"query": query}) == 200
