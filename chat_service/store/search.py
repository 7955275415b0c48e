"""Search: full text over the caller's own conversations. The one place that needs SQLite's FTS5."""

from itertools import product
from math import prod

from chat_service.domain.messages import StoredMessage
from chat_service.store.rows import MESSAGE, message_of
from servicekit.database import Connection, Database

INDEX_BATCH = 100
_ID_MAX = 2**63 - 1
_TERM_LENGTH = 3  # of the trigram tokenizer
_END = "char(10, 10)"  # behind each indexed text, so that each of its characters begins a term
_TERMS_MAX = 100
_NOWHERE = '("nil" NOT "nil")'
_SPELLINGS_MAX = 4
_INDEX = f"INSERT INTO message_texts (rowid, message) VALUES (?, ? || {_END})"
_LIKE = "message LIKE ? ESCAPE '\\'"


class Search:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, username: str, words: list[str], *, before: int | None, limit: int) -> list[StoredMessage]:
        """The newest messages that hold all of `words`, in any case, older than the message id `before`.

        Raises TooManyAtOnce or TookTooLong.
        """
        return await self._database.read_long(username, _find, username, words, before, limit)

    async def index_some(self) -> bool:
        """Index the next messages; whether there may be more."""
        if not await self._database.read(_is_behind):
            return False
        return await self._database.write(_index_some) == INDEX_BATCH


def reindex(connection: Connection, message_id: int, *, old: str, new: str) -> None:
    """Follow a change of text, in its own transaction. What is not indexed yet will be, with its new text."""
    (indexed_id,) = connection.execute("SELECT indexed_id FROM search_progress").fetchone()
    if message_id <= indexed_id:
        connection.execute(
            f"INSERT INTO message_texts (message_texts, rowid, message) VALUES ('delete', ?, ? || {_END})",
            (message_id, old),
        )
        connection.execute(_INDEX, (message_id, new))


def _is_behind(connection: Connection) -> bool:
    query = "SELECT 1 FROM messages WHERE id > (SELECT indexed_id FROM search_progress) LIMIT 1"
    return connection.execute(query).fetchone() is not None


def _index_some(connection: Connection) -> int:
    rows = connection.execute(
        "SELECT id, message FROM messages WHERE id > (SELECT indexed_id FROM search_progress) ORDER BY id LIMIT ?",
        (INDEX_BATCH,),
    ).fetchall()
    connection.executemany(_INDEX, map(tuple, rows))
    if rows:
        connection.execute("UPDATE search_progress SET indexed_id = ?", (rows[-1]["id"],))
    return len(rows)


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
    holds, patterns = _all_held(words)
    found = connection.execute(
        f"SELECT {MESSAGE} FROM messages WHERE {visible}{holds} AND id > ? ORDER BY id DESC LIMIT ?",
        (until, username, *patterns, indexed_id if phrases else 0, limit),
    ).fetchall()
    if phrases and len(found) < limit:
        also, common = _all_held([word for word, expression in expressions.items() if not expression])
        found += connection.execute(
            f"SELECT {MESSAGE} FROM (SELECT rowid AS found_id FROM message_texts WHERE message_texts MATCH ?"
            "  AND rowid < ? ORDER BY rowid DESC) CROSS JOIN messages ON id = found_id"
            f" WHERE {visible}{also} ORDER BY found_id DESC LIMIT ?",
            (phrases, until, until, username, *common, limit - len(found)),
        ).fetchall()
    return [message_of(row) for row in found]


def _expression(connection: Connection, word: str) -> str:
    """What MATCH finds the word by; empty where it is short and so common that reading the texts is quicker."""
    if len(word) >= _TERM_LENGTH:
        return _quoted(word)
    terms: list[str] = []
    for spelling in map("".join, product(*({*_cases(character)} for character in word))):
        rows = connection.execute(
            "SELECT term FROM message_terms WHERE term >= ? AND term < ? LIMIT ?",
            (spelling, f"{spelling}\U0010ffff", _TERMS_MAX + 1),
        )
        terms += [term for (term,) in rows]
    if len(terms) > _TERMS_MAX:
        return ""
    return f"({' OR '.join(map(_quoted, terms))})" if terms else _NOWHERE


def _all_held(words: list[str]) -> tuple[str, list[str]]:
    """SQL for: the message holds all the words in any case, of every script; and its parameters."""
    held = [_held(word) for word in words]
    return "".join(f" AND {condition}" for condition, _ in held), [one for _, patterns in held for one in patterns]


def _held(word: str) -> tuple[str, list[str]]:
    """By LIKE, which is quick but knows the case of ASCII alone; where that makes too many spellings, by GLOB."""
    cases = [{character} if character.isascii() else _cases(character) for character in word]
    if prod(map(len, cases)) > _SPELLINGS_MAX:
        return "message GLOB ?", [f"*{''.join(map(_any_case, word))}*"]
    patterns = [f"%{_escaped(''.join(spelling))}%" for spelling in product(*map(sorted, cases))]
    return f"({' OR '.join([_LIKE] * len(patterns))})", patterns


def _cases(character: str) -> set[str]:
    cases = (character, character.lower(), character.upper(), character.casefold())
    return {one for one in cases if len(one) == 1}


def _any_case(character: str) -> str:
    """For GLOB."""
    variants = sorted(_cases(character))
    return f"[{''.join(variants)}]" if len(variants) > 1 or character in "*?[" else character


def _escaped(text: str) -> str:
    """For LIKE: its wildcards stand for themselves."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _quoted(text: str) -> str:
    """For MATCH: inside quotes nothing is an operator."""
    return '"{}"'.format(text.replace('"', '""'))
