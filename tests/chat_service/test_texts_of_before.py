"""Data of before: names, reactions and the index are brought over when the file is opened."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from chat_service.app import MIGRATIONS
from chat_service.domain.emoji import fully_qualified
from chat_service.domain.search_query import SearchQuery
from chat_service.store.search import Search
from servicekit import sqlite_file
from servicekit.engines import open_database
from tests.chat_service.test_texts import SPELLINGS


def file_of_before(folder: Path) -> Path:
    """With the schema that came before the rules for texts."""
    before = folder / "migrations"
    before.mkdir()
    for script in MIGRATIONS.glob("*.sql"):
        if script.name < "0010":
            shutil.copy(script, before)
    sqlite_file.make(folder / "chat.db", before)
    with closing(sqlite3.connect(folder / "chat.db")) as file, file:
        file.execute("INSERT INTO conversations VALUES (2, 'Ada|Grace', '')")
        file.execute("INSERT INTO memberships (username, conversation_id, label) VALUES ('Grace', 2, '@Ada')")
        for seq, text in enumerate(("Cafe\u0301", "CAFÉ", "STRASSE"), start=1):
            file.execute(
                "INSERT INTO messages (conversation_id, seq, sender_username, receiver_username, message, timestamp)"
                " VALUES (2, ?, 'Ada', 'Grace', ?, '')",
                (seq, text),
            )
    return folder / "chat.db"


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as file:
        return file.execute(query).fetchall()


def test_reactions_of_before_have_one_spelling_and_are_merged(tmp_path: Path) -> None:
    path = file_of_before(tmp_path)
    given = [spelling for emoji, others in SPELLINGS for spelling in (emoji, *others)]
    with closing(sqlite3.connect(path)) as file, file:
        for seq, spelling in enumerate(given, start=10):
            file.execute("INSERT INTO reactions (message_id, username, emoji) VALUES (1, 'Ada', ?)", (spelling,))
            file.execute(
                "INSERT INTO changes VALUES (2, ?, 'reaction', 'Ada', '', 1, ?, 0, 0)",
                (seq, spelling),
            )
        file.execute("INSERT INTO changes VALUES (2, 9, 'joined', 'Ada', '', NULL, '1', 0, 0)")
    sqlite_file.make(path, MIGRATIONS)
    assert {emoji for (emoji,) in rows(path, "SELECT emoji FROM reactions")} == {emoji for emoji, _ in SPELLINGS}
    assert len(rows(path, "SELECT 1 FROM reactions")) == len(SPELLINGS)
    told = [value for (value,) in rows(path, "SELECT value FROM changes WHERE kind = 'reaction' ORDER BY seq")]
    assert told == [fully_qualified(spelling) for spelling in given]
    assert rows(path, "SELECT value FROM changes WHERE kind = 'joined'") == [("1",)]


def test_names_of_before_are_seen_and_take_one_line(tmp_path: Path) -> None:
    path = file_of_before(tmp_path)
    with closing(sqlite3.connect(path)) as file, file:
        for number, topic in enumerate(("What\x1b grows\n", "\u200b", "")):
            file.execute("INSERT INTO conversations (name, created_at) VALUES (?, '')", (f"#r{number}",))
            file.execute(
                "INSERT INTO rooms (conversation_id, name, name_folded, topic, is_private, owner_username, created_at)"
                " VALUES (last_insert_rowid(), ?, ?, ?, 0, NULL, '')",
                (f"r{number}", f"r{number}", topic),
            )
        for username, nickname in (("Grace", "\u3164"), ("Linus", "Li\u202enus"), ("Alan", None), ("Edsger", "E. W.")):
            file.execute(
                "INSERT INTO contacts (user_username, chat_username, chat_nickname, created_at)"
                " VALUES ('Ada', ?, ?, '')",
                (username, nickname),
            )
    sqlite_file.make(path, MIGRATIONS)
    assert rows(path, "SELECT topic FROM rooms WHERE name LIKE 'r_' ORDER BY name") == [("What grows",), ("",), ("",)]
    names = rows(path, "SELECT chat_nickname FROM contacts ORDER BY id")
    assert names == [("Grace",), ("Linus",), (None,), ("E. W.",)]


async def test_what_was_said_before_is_found_however_it_is_spelled_once_it_is_indexed(tmp_path: Path) -> None:
    path = file_of_before(tmp_path)
    async with open_database(path, MIGRATIONS) as database:
        search = Search(database)
        while await search.index_some():
            pass
        for query, found in (("café", ["CAFÉ", "Cafe\u0301"]), ("fé", ["CAFÉ", "Cafe\u0301"]), ("straße", ["STRASSE"])):
            assert [
                one.message for one, _ in await search.find("Grace", SearchQuery(words=(query,)), before=None, limit=9)
            ] == found
    assert rows(path, "SELECT message_folded FROM messages ORDER BY id") == [("café",), ("café",), (None,)]
