"""Search: full text over the caller's own conversations, narrowed by who said it, where, with what, and when."""

from chat_service.domain.messages import StoredMessage
from chat_service.domain.search_query import SearchQuery
from chat_service.store.postgres_text_index import PostgresTextIndex
from chat_service.store.rows import message_of
from chat_service.store.search_conditions import LINK_PART, find_conditions
from chat_service.store.sqlite_text_index import SqliteTextIndex
from chat_service.store.text_index import ID_MAX, INDEX_BATCH, TextIndex
from servicekit.database import Connection, Database
from servicekit.sqlite_database import SqliteDatabase
from servicekit.text_matches import Match, matches
from servicekit.texts import folded

# A message, and where its text holds the words.
Hit = tuple[StoredMessage, tuple[Match, ...]]


def text_index_of(database: Database) -> TextIndex:
    return SqliteTextIndex() if isinstance(database, SqliteDatabase) else PostgresTextIndex()


class Search:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._index = text_index_of(database)

    async def find(self, username: str, query: SearchQuery, *, before: int | None, limit: int) -> list[Hit]:
        """The newest messages that are as `query` says, older than the message id `before`.

        Raises TooManyAtOnce or TookTooLong.
        """
        until = ID_MAX if before is None else before
        return await self._database.read_long(username, self._find, username, query, until, limit)

    async def index_some(self) -> bool:
        """Index the next messages; whether there may be more."""
        if not await self._database.read(self._index.is_behind):
            return False
        return await self._database.write(self._index.index_some) == INDEX_BATCH

    def _find(self, connection: Connection, username: str, query: SearchQuery, until: int, limit: int) -> list[Hit]:
        """Marked here as well: that is work, and not the event loop's."""
        words = [*map(folded, query.words), *([LINK_PART] if "link" in query.kinds else ())]
        conditions = find_conditions(connection, username, query)
        if conditions is None:
            return []
        rows = self._index.find(connection, words, conditions, until, limit)
        return [(message, matches(message.message, query.words)) for message in map(message_of, rows)]
