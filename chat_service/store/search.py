"""Search: full text over the caller's own conversations."""

from chat_service.domain.messages import StoredMessage
from chat_service.store.postgres_text_index import PostgresTextIndex
from chat_service.store.rows import message_of
from chat_service.store.sqlite_text_index import SqliteTextIndex
from chat_service.store.text_index import ID_MAX, INDEX_BATCH, TextIndex
from servicekit.database import Database
from servicekit.sqlite_database import SqliteDatabase
from servicekit.texts import folded


def text_index_of(database: Database) -> TextIndex:
    return SqliteTextIndex() if isinstance(database, SqliteDatabase) else PostgresTextIndex()


class Search:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._index = text_index_of(database)

    async def find(self, username: str, words: list[str], *, before: int | None, limit: int) -> list[StoredMessage]:
        """The newest messages that hold all of `words`, however spelled, older than the message id `before`.

        Raises TooManyAtOnce or TookTooLong.
        """
        until = ID_MAX if before is None else before
        rows = await self._database.read_long(username, self._index.find, username, [*map(folded, words)], until, limit)
        return [message_of(row) for row in rows]

    async def index_some(self) -> bool:
        """Index the next messages; whether there may be more."""
        if not await self._database.read(self._index.is_behind):
            return False
        return await self._database.write(self._index.index_some) == INDEX_BATCH
