"""The index of texts in PostgreSQL: for each message all that stands in one, two and three characters in a row (GIN).

The grams are our own, so that every script is found, whatever the locale; pg_trgm knows the letters of one alone.
"""

from collections.abc import Sequence
from typing import Any

from chat_service.store.rows import MESSAGE
from chat_service.store.search_conditions import Conditions
from chat_service.store.text_index import INDEX_BATCH, TextIndex, folded_texts, order_of, pattern, put_folded
from servicekit.database import Connection

_GRAM_MAX = 3
_INDEXED = (
    " AND id IN (SELECT message_id FROM message_grams WHERE grams @> ? UNION ALL SELECT message_id FROM unindexed)"
)
_HOLDS = " AND coalesce(message_folded, lower(message)) LIKE ? ESCAPE '\\'"  # small by the collation C: ASCII alone


class PostgresTextIndex(TextIndex):
    def stored(self, connection: Connection, message_ids: Sequence[int]) -> None:
        connection.execute("INSERT INTO unindexed (message_id) SELECT unnest(?::bigint[])", (list(message_ids),))

    def changed(self, connection: Connection, message_id: int, *, old: str, new: str) -> None:
        """Its row is locked, so that who indexes now passes it over, or has ended."""
        put_folded(connection, message_id, new)
        connection.execute(
            "INSERT INTO unindexed (message_id) VALUES (?)"
            " ON CONFLICT (message_id) DO UPDATE SET message_id = excluded.message_id",
            (message_id,),
        )
        connection.execute("DELETE FROM message_grams WHERE message_id = ?", (message_id,))

    def is_behind(self, connection: Connection) -> bool:
        return connection.execute("SELECT 1 FROM unindexed LIMIT 1").fetchone() is not None

    def index_some(self, connection: Connection) -> int:
        taken = connection.execute(
            "DELETE FROM unindexed WHERE message_id IN"
            " (SELECT message_id FROM unindexed ORDER BY message_id LIMIT ? FOR UPDATE SKIP LOCKED)"
            " RETURNING message_id",
            (INDEX_BATCH,),
        ).fetchall()
        rows = connection.execute(
            "SELECT id, message, message_folded FROM messages WHERE id = ANY(?) AND message <> ''",
            ([message_id for (message_id,) in taken],),
        ).fetchall()
        connection.executemany(
            "INSERT INTO message_grams (message_id, grams) VALUES (?, ?)"
            " ON CONFLICT (message_id) DO UPDATE SET grams = excluded.grams",
            [(message_id, _grams(text)) for message_id, text in folded_texts(connection, rows)],
        )
        return len(taken)

    def find(
        self, connection: Connection, words: list[str], conditions: Conditions, until: int, limit: int
    ) -> list[Any]:
        wanted = list({gram for word in words for gram in _asked_grams(word)})
        order = order_of(conditions, is_indexed=bool(words))
        return connection.execute(
            f"SELECT {MESSAGE} FROM messages WHERE deleted_at IS NULL AND id < ?"
            f" AND conversation_id {conditions.conversation}{conditions.messages}"
            f"{_INDEXED if words else ''}{_HOLDS * len(words)} ORDER BY {order} DESC LIMIT ?",
            (until, *conditions.parameters, *([wanted] if words else ()), *map(pattern, words), limit),
        ).fetchall()


def _grams(text: str) -> list[str]:
    return list({text[at : at + size] for size in range(1, _GRAM_MAX + 1) for at in range(len(text) - size + 1)})


def _asked_grams(word: str) -> set[str]:
    """Of the longest that there are: the shorter ones are in them."""
    size = min(len(word), _GRAM_MAX)
    return {word[at : at + size] for at in range(len(word) - size + 1)}
