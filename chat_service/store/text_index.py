"""The index of texts: what each engine has to be able to do, so that words are found in messages."""

from collections.abc import Sequence
from typing import Any, Protocol

from chat_service.store.search_conditions import Conditions
from servicekit.database import Connection, Row
from servicekit.texts import folded

INDEX_BATCH = 100
ID_MAX = 2**63 - 1


class TextIndex(Protocol):
    """Filled in the background: an entry costs more than the message. What it does not hold yet is found all the same.

    Words and patterns are folded.
    """

    def stored(self, connection: Connection, message_ids: Sequence[int]) -> None:
        """Messages were stored, in the same transaction."""

    def changed(self, connection: Connection, message_id: int, *, old: str, new: str) -> None:
        """The text of a message changes, in the same transaction."""

    def is_behind(self, connection: Connection) -> bool:
        """Whether there is something to index."""

    def index_some(self, connection: Connection) -> int:
        """Index the next messages, INDEX_BATCH at most; how many."""

    def find(
        self, connection: Connection, words: list[str], conditions: Conditions, until: int, limit: int
    ) -> list[Any]:
        """Rows of the newest messages below the id `until` that hold all words and are as the conditions say."""


def order_of(conditions: Conditions, *, is_indexed: bool) -> str:
    """The column by which messages are read: both rise together in a conversation, which has an index by `seq`."""
    return "id" if is_indexed or conditions.conversation_id is None else "seq"


def folded_apart(text: str) -> str | None:
    """The column `message_folded`: the folded form of a text, where that is more than small letters of ASCII."""
    if text.isascii():
        return None
    form = folded(text)
    return None if form == text.encode().lower().decode() else form


def put_folded(connection: Connection, message_id: int, text: str) -> None:
    connection.execute("UPDATE messages SET message_folded = ? WHERE id = ?", (folded_apart(text), message_id))


def folded_texts(connection: Connection, rows: Sequence[Row]) -> list[tuple[int, str]]:
    """Ids and folded texts of the rows (`id, message, message_folded`).

    The column is filled where a message was stored before there was one.
    """
    missing = [(folded_apart(row["message"]), row["id"]) for row in rows if row["message_folded"] is None]
    before = [(form, message_id) for form, message_id in missing if form is not None]
    connection.executemany("UPDATE messages SET message_folded = ? WHERE id = ?", before)
    return [(row["id"], row["message_folded"] or folded(row["message"])) for row in rows]


def pattern(word: str) -> str:
    """For LIKE: its wildcards stand for themselves."""
    return "%{}%".format(word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_"))
