"""Those who write into a log, beside each other or one after the other."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag

from chat_service.app import MIGRATIONS
from chat_service.domain.changes import Appended, Change, Kind
from chat_service.domain.intents import Draft
from chat_service.domain.messages import StoredMessage
from chat_service.store.log import Log
from chat_service.store.postgres_log import PostgresLog
from chat_service.store.sqlite_log import SqliteLog
from servicekit import sqlite_file
from servicekit.postgres_schema import migrate
from servicekit.problems import Refusal
from tests.chat_service.drafts import NOW, change, to_room
from tests.new_stores import put_new_store
from tests.stores import opened_store

CAST = ("Ada", "Grace", "Linus")
GARDEN = "#garden"


def make_empty(where: Path | str) -> None:
    """A store with its schema, the cast and a room."""
    if isinstance(where, Path):
        put_new_store(where, MIGRATIONS)
        sqlite_file.make(where, MIGRATIONS)
    else:
        migrate(*urldefrag(where), MIGRATIONS)
    with opened_store(where) as connection:
        for version, name in enumerate(CAST, 1):
            connection.execute(
                "INSERT INTO people (username, username_folded, nickname, version) VALUES (?, ?, ?, ?)",
                (name, name.casefold(), name, version),
            )
        connection.execute("INSERT INTO conversations (name, created_at) VALUES (?, ?)", (GARDEN, NOW))
        connection.execute(
            "INSERT INTO rooms (conversation_id, name, name_folded, topic, is_private, owner_username, created_at)"
            " SELECT id, 'garden', 'garden', '', 0, 'Ada', created_at FROM conversations"
            " WHERE name = ?",
            (GARDEN,),
        )


class Writer:
    """One process: its connection and its log."""

    def __init__(self, where: Path | str) -> None:
        self._where = where
        self._closing = ExitStack()
        self.connection = self._closing.enter_context(opened_store(where))
        self.log: Log = SqliteLog() if isinstance(where, Path) else PostgresLog()

    def close(self) -> None:
        self._closing.close()

    @contextmanager
    def group(self) -> Iterator[None]:
        """One transaction; a Refusal inside is the caller's, anything else rolls it back, as GroupWriter does."""
        self.connection.execute("BEGIN IMMEDIATE" if isinstance(self._where, Path) else "BEGIN")
        self.log.begin(self.connection)
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            self.log.forget()
            raise
        self.connection.execute("COMMIT")

    def write(self, group: Sequence[Draft]) -> Sequence[Appended | Refusal]:
        """A whole group, as GroupWriter has it written."""
        with self.group():
            return self.log.append_group(self.connection, group)

    def append(self, one: Draft) -> StoredMessage:
        entry = self.log.append(self.connection, one).entry
        assert isinstance(entry, StoredMessage)
        return entry

    def change(self, kind: Kind, username: str, message_id: int = 0, **more: Any) -> Change | None:
        """What was changed; None: nothing."""
        appended = self.log.append(self.connection, change(kind, username, message_id, **more))
        assert appended.is_new is (appended.entry is not None)
        assert not isinstance(appended.entry, StoredMessage)
        return appended.entry

    def join(self, *names: str) -> None:
        with self.group():
            for name in names:
                assert self.change(Kind.JOINED, name, conversation=GARDEN, value=name)


def rows(connection: Any, query: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(query)]


def in_garden(sender: str, text: str = "hello", *, nonce: str | None = None, reply_to: int | None = None) -> Draft:
    return to_room(sender, "garden", text, nonce=nonce, reply_to=reply_to)
