"""The index of the search: made by and by, and it answers as the texts do."""

import itertools
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from structlog.testing import capture_logs

from chat_service.app import MIGRATIONS
from chat_service.domain.search_query import SearchQuery
from chat_service.store.engines import log_of
from chat_service.store.log import Log
from chat_service.store.search import Search, text_index_of
from chat_service.store.text_index import INDEX_BATCH
from servicekit import sqlite_file
from servicekit.database import Connection, Database
from servicekit.engines import open_database
from tests.chat_service.drafts import to_person
from tests.chat_service.libraries import column
from tests.chat_service.world import Instance, World
from tests.stores import allow, opened_store, refuse
from tests.waiting import eventually


async def test_everything_is_indexed_by_and_by(world: World) -> None:
    chat = await world.instance(messages_per_second=0)
    ada = await chat.live_device("Ada")
    for number in range(2 * INDEX_BATCH + 1):
        await ada.say("Grace", f"rose {number}")
    await eventually(lambda: has_everything(chat))
    await eventually(lambda: is_indexed_in(chat))
    assert len(await chat.get("Ada", "/api/search-messages", query="rose", limit=200)) == 200


async def has_everything(chat: Instance) -> bool:
    return len(await column(chat.state["database"], "SELECT '' FROM messages")) == 2 * INDEX_BATCH + 1


async def is_indexed_in(chat: Instance) -> bool:
    database = chat.state["database"]
    return not await database.read(text_index_of(database).is_behind)


FAILED = {"messages cannot be indexed", "the database refuses"}


async def test_a_disk_that_fails_ends_neither_the_indexing_nor_the_search(world: World) -> None:
    chat = await world.instance(indexing_pause_s=0.01)
    step, table = ("UPDATE", "search_progress") if isinstance(world.store, Path) else ("INSERT", "message_grams")
    with opened_store(world.store) as store:
        refuse(store, f"{step} ON {table}")
        ada = await chat.live_device("Ada")
        with capture_logs() as lines:
            await ada.say("Grace", "a rose")
            await ada.hear("sent")
            await eventually(lambda: FAILED & {line["event"] for line in lines})
        assert len(await chat.get("Ada", "/api/search-messages", query="rose")) == 1
        allow(store, table)
        await eventually(lambda: is_indexed_in(chat))
    assert len(await chat.get("Ada", "/api/search-messages", query="rose")) == 1


# The index against the plain comparison of every text


def keep(connection: Connection, log: Log, texts: list[str]) -> None:
    log.append_group(connection, [to_person("Ada", "Grace", text) for text in texts])


async def found(search: Search, *words: str) -> list[str]:
    found = await search.find("Grace", SearchQuery(words=words), before=None, limit=1_000)
    return [message.message for message, _ in found]


async def test_the_index_answers_as_the_texts_do(database: Database) -> None:
    alphabet = "aAbBzäÄßσΣİıЖж我们园👋 \n\"'*?[]%_\\-:"  # noqa: RUF001 - the cases are the matter
    chance = random.Random(7)
    texts = ["".join(chance.choices(alphabet, k=chance.randint(1, 9))) for _ in range(300)]
    await database.write(keep, log_of(database), texts)
    search = Search(database)
    words = [*filter(str.strip, alphabet)]
    pairs = ["".join(pair) for pair in itertools.product(words, repeat=2)]
    queries = [(word,) for word in [*words, *pairs]] + list(zip(pairs, reversed(pairs), strict=True))
    plainly = [await found(search, *query) for query in queries]
    while await search.index_some():
        pass
    assert [await found(search, *query) for query in queries] == plainly
    assert sum(map(len, plainly)) > len(queries)


async def test_a_text_of_before_is_found_in_its_folded_form_once_it_is_indexed(database: Database) -> None:
    """As it came from a store that had no such column yet."""
    await database.write(keep, log_of(database), ["Die Straße"])
    await database.write(lambda store: store.execute("UPDATE messages SET message_folded = NULL"))
    search = Search(database)
    await search.index_some()
    assert await found(search, "STRASSE") == ["Die Straße"]
    assert await column(database, "SELECT message_folded FROM messages") == ["die strasse"]


async def test_an_index_of_before_is_made_anew(tmp_path: Path) -> None:
    """Up to the third migration, texts were indexed without an end."""
    before = tmp_path / "migrations"
    before.mkdir()
    for number in ("0001", "0002", "0003"):
        shutil.copy(next(MIGRATIONS.glob(f"{number}_*.sql")), before)
    sqlite_file.make(tmp_path / "chat.db", before)
    with closing(sqlite3.connect(tmp_path / "chat.db")) as file, file:
        file.execute("INSERT INTO conversations VALUES (2, 'Ada|Grace', '')")
        file.execute("INSERT INTO memberships (username, conversation_id, label) VALUES ('Grace', 2, '@Ada')")
        file.execute(
            "INSERT INTO messages (conversation_id, seq, sender_username, receiver_username, message, timestamp)"
            " VALUES (2, 1, 'Ada', 'Grace', 'hello', '')"
        )
        file.execute("INSERT INTO message_texts (rowid, message) VALUES (1, 'hello')")
        file.execute("UPDATE search_progress SET indexed_id = 1")
    async with open_database(tmp_path / "chat.db", MIGRATIONS) as database:
        search = Search(database)
        assert await found(search, "lo") == await found(search, "hello") == ["hello"]
        await search.index_some()
        assert await found(search, "lo") == await found(search, "hello") == ["hello"]
