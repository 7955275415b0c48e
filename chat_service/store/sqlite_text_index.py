"""The index of texts in SQLite: FTS5 with its trigram tokenizer, up to the id `indexed_id`."""

from collections.abc import Sequence
from typing import Any

from chat_service.store.rows import MESSAGE
from chat_service.store.search_conditions import Conditions
from chat_service.store.text_index import INDEX_BATCH, TextIndex, folded_texts, order_of, pattern, put_folded
from servicekit.database import Connection
from servicekit.texts import folded

_TERM_LENGTH = 3  # of the trigram tokenizer
_END = "char(10, 10)"  # behind each indexed text, so that each of its characters begins a term
_TERMS_MAX = 100
_NOWHERE = '("nil" NOT "nil")'
_INDEX = f"INSERT INTO message_texts (rowid, message) VALUES (?, ? || {_END})"
# Quick, but it knows the case of ASCII alone: so it is asked of what is folded already.
_HOLDS = " AND coalesce(message_folded, message) LIKE ? ESCAPE '\\'"


class SqliteTextIndex(TextIndex):
    def stored(self, connection: Connection, message_ids: Sequence[int]) -> None:
        """What comes after `indexed_id` is known as not indexed."""

    def changed(self, connection: Connection, message_id: int, *, old: str, new: str) -> None:
        """What is not indexed yet will be, with its new text."""
        put_folded(connection, message_id, new)
        if message_id <= _indexed_id(connection):
            connection.execute(
                f"INSERT INTO message_texts (message_texts, rowid, message) VALUES ('delete', ?, ? || {_END})",
                (message_id, folded(old)),
            )
            connection.execute(_INDEX, (message_id, folded(new)))

    def is_behind(self, connection: Connection) -> bool:
        query = "SELECT 1 FROM messages WHERE id > (SELECT indexed_id FROM search_progress) LIMIT 1"
        return connection.execute(query).fetchone() is not None

    def index_some(self, connection: Connection) -> int:
        rows = connection.execute(
            "SELECT id, message, message_folded FROM messages WHERE id > (SELECT indexed_id FROM search_progress)"
            " ORDER BY id LIMIT ?",
            (INDEX_BATCH,),
        ).fetchall()
        connection.executemany(_INDEX, folded_texts(connection, rows))
        if rows:
            connection.execute("UPDATE search_progress SET indexed_id = ?", (rows[-1]["id"],))
        return len(rows)

    def find(
        self, connection: Connection, words: list[str], conditions: Conditions, until: int, limit: int
    ) -> list[Any]:
        """First what is not indexed yet, which is newest, word by word; then the index."""
        indexed_id = _indexed_id(connection)
        expressions = {word: _expression(connection, word) for word in words}
        phrases = " AND ".join(filter(None, expressions.values()))
        order = order_of(conditions, is_indexed=bool(phrases))
        # The plus keeps SQLite from going conversation by conversation: newest first, it may stop early.
        conversation = f"{'+' if order == 'id' else ''}conversation_id {conditions.conversation}"
        visible = f"deleted_at IS NULL AND id < ? AND {conversation}{conditions.messages}"
        of_visible = (until, *conditions.parameters)
        found = connection.execute(
            f"SELECT {MESSAGE} FROM messages WHERE {visible}{_HOLDS * len(words)} AND id > ?"
            f" ORDER BY {order} DESC LIMIT ?",
            (*of_visible, *map(pattern, words), indexed_id if phrases else 0, limit),
        ).fetchall()
        if phrases and len(found) < limit:
            common = [word for word, expression in expressions.items() if not expression]
            found += connection.execute(
                f"SELECT {MESSAGE} FROM (SELECT rowid AS found_id FROM message_texts WHERE message_texts MATCH ?"
                "  AND rowid < ? ORDER BY rowid DESC) CROSS JOIN messages ON id = found_id"
                f" WHERE {visible}{_HOLDS * len(common)} ORDER BY found_id DESC LIMIT ?",
                (phrases, until, *of_visible, *map(pattern, common), limit - len(found)),
            ).fetchall()
        return found


def _indexed_id(connection: Connection) -> int:
    (indexed_id,) = connection.execute("SELECT indexed_id FROM search_progress").fetchone()
    return int(indexed_id)


def _expression(connection: Connection, word: str) -> str:
    """What MATCH finds the word by; empty where it is short and so common that reading the texts is quicker."""
    if len(word) >= _TERM_LENGTH:
        return _quoted(word)
    rows = connection.execute(
        "SELECT term FROM message_terms WHERE term >= ? AND term < ? LIMIT ?",
        (word, f"{word}\U0010ffff", _TERMS_MAX + 1),
    )
    terms = [term for (term,) in rows]
    if len(terms) > _TERMS_MAX:
        return ""
    return f"({' OR '.join(map(_quoted, terms))})" if terms else _NOWHERE


def _quoted(text: str) -> str:
    """For MATCH: inside quotes nothing is an operator."""
    return '"{}"'.format(text.replace('"', '""'))
