"""The chat service's file, filled before the service starts: saying it all would take longer than measuring."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chat_service.app import MIGRATIONS
from chat_service.domain.conversations import Conversation
from chat_service.domain.intents import Draft, SendMessage
from chat_service.domain.messages import StoredMessage
from chat_service.store.sqlite_log import SqliteLog
from servicekit.database import Connection, Database
from servicekit.engines import open_database

_FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def store_path(data_dir: Path) -> Path:
    return data_dir / "chat" / "chat.db"


def chat_store(data_dir: Path) -> AbstractAsyncContextManager[Database]:
    return open_database(store_path(data_dir), MIGRATIONS)


async def store_messages(database: Database, messages: Iterable[tuple[str, str, str]]) -> list[StoredMessage]:
    """Each is sender, receiver and text; a second apart, and stored as chat stores them."""
    drafts = [
        Draft(SendMessage(conversation=Conversation.direct(sender, receiver), text=text), sender, timestamp(number))
        for number, (sender, receiver, text) in enumerate(messages)
    ]
    return await database.write(_append, drafts)


def timestamp(second: int) -> str:
    return (_FIRST + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _append(connection: Connection, drafts: Sequence[Draft]) -> list[StoredMessage]:
    log = SqliteLog()
    log.begin(connection)
    entries = [log.append(connection, draft).entry for draft in drafts]
    return [entry for entry in entries if isinstance(entry, StoredMessage)]
