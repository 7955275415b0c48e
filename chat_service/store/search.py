"""Search: full text over the caller's own conversations. The one place that needs SQLite's FTS5."""

from chat_service.domain.messages import StoredMessage
from chat_service.store.rows import MESSAGE, message_of
from servicekit.database import Connection, Database, Row
from servicekit.texts import folded

INDEX_BATCH = 100
_ID_MAX = 2**63 - 1
_TERM_LENGTH = 3  # of the trigram tokenizer
_END = "char(10, 10)"  # behind each indexed text, so that each of its characters begins a term
_TERMS_MAX = 100
_NOWHERE = '("nil" NOT "nil")'
_INDEX = f"INSERT INTO message_texts (rowid, message) VALUES (?, ? || {_END})"
# Quick, but it knows the case of ASCII alone: so it is asked of what is folded already.
_HOLDS = " AND coalesce(message_folded, message) LIKE ? ESCAPE '\\'"


class Search:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, username: str, words: list[str], *, before: int | None, limit: int) -> list[StoredMessage]:
        """The newest messages that hold all of `words`, however spelled, older than the message id `before`.

        Raises TooManyAtOnce or TookTooLong.
        """
        return await self._database.read_long(username, _find, username, [*map(folded, words)], before, limit)

    async def index_some(self) -> bool:
        """Index the next messages; whether there may be more."""
        if not await self._database.read(_is_behind):
            return False
        return await self._database.write(_index_some) == INDEX_BATCH


def folded_apart(text: str) -> str | None:
    """The column `message_folded`: the folded form of a text, where that is more than small letters of ASCII."""
    if text.isascii():
        return None
    form = folded(text)
    return None if form == text.encode().lower().decode() else form


def reindex(connection: Connection, message_id: int, *, old: str, new: str) -> None:
    """Follow a change of text, in its own transaction. What is not indexed yet will be, with its new text."""
    connection.execute("UPDATE messages SET message_folded = ? WHERE id = ?", (folded_apart(new), message_id))
    (indexed_id,) = connection.execute("SELECT indexed_id FROM search_progress").fetchone()
    if message_id <= indexed_id:
        connection.execute(
            f"INSERT INTO message_texts (message_texts, rowid, message) VALUES ('delete', ?, ? || {_END})",
            (message_id, folded(old)),
        )
        connection.execute(_INDEX, (message_id, folded(new)))


def _is_behind(connection: Connection) -> bool:
    query = "SELECT 1 FROM messages WHERE id > (SELECT indexed_id FROM search_progress) LIMIT 1"
    return connection.execute(query).fetchone() is not None


def _index_some(connection: Connection) -> int:
    rows = connection.execute(
        "SELECT id, message, message_folded FROM messages WHERE id > (SELECT indexed_id FROM search_progress)"
        " ORDER BY id LIMIT ?",
        (INDEX_BATCH,),
    ).fetchall()
    connection.executemany(_INDEX, [(row["id"], row["message_folded"] or folded(row["message"])) for row in rows])
    if rows:
        connection.executemany("UPDATE messages SET message_folded = ? WHERE id = ?", _folded_before(rows))
        connection.execute("UPDATE search_progress SET indexed_id = ?", (rows[-1]["id"],))
    return len(rows)


def _folded_before(rows: list[Row]) -> list[tuple[str, int]]:
    """Of those messages that were stored when there was no such column."""
    missing = [(folded_apart(row["message"]), row["id"]) for row in rows if row["message_folded"] is None]
    return [(form, message_id) for form, message_id in missing if form is not None]


def _find(
    connection: Connection, username: str, words: list[str], before: int | None, limit: int
) -> list[StoredMessage]:
    """First what is not indexed yet, which is newest, word by word; then the index."""
    (indexed_id,) = connection.execute("SELECT indexed_id FROM search_progress").fetchone()
    until = _ID_MAX if before is None else before
    expressions = {word: _expression(connection, word) for word in words}
    phrases = " AND ".join(filter(None, expressions.values()))
    visible = (
        # The plus keeps SQLite from going conversation by conversation: newest first, it may stop early.
        "deleted_at IS NULL AND id < ? AND +conversation_id IN"
        " (SELECT conversation_id FROM memberships WHERE username = ?)"
    )
    found = connection.execute(
        f"SELECT {MESSAGE} FROM messages WHERE {visible}{_HOLDS * len(words)} AND id > ? ORDER BY id DESC LIMIT ?",
        (until, username, *map(_pattern, words), indexed_id if phrases else 0, limit),
    ).fetchall()
    if phrases and len(found) < limit:
        common = [word for word, expression in expressions.items() if not expression]
        found += connection.execute(
            f"SELECT {MESSAGE} FROM (SELECT rowid AS found_id FROM message_texts WHERE message_texts MATCH ?"
            "  AND rowid < ? ORDER BY rowid DESC) CROSS JOIN messages ON id = found_id"
            f" WHERE {visible}{_HOLDS * len(common)} ORDER BY found_id DESC LIMIT ?",
            (phrases, until, until, username, *map(_pattern, common), limit - len(found)),
        ).fetchall()
    return [message_of(row) for row in found]


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


def _pattern(word: str) -> str:
    """For LIKE: its wildcards stand for themselves."""
    return "%{}%".format(word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_"))


def _quoted(text: str) -> str:
    """For MATCH: inside quotes nothing is an operator."""
    return '"{}"'.format(text.replace('"', '""'))
