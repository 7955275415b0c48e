"""Saved drafts, by who writes them and what the conversation is called from their side."""

from chat_service.domain.conversations import Label
from chat_service.domain.quotas import USUAL_QUOTAS, Quotas
from chat_service.domain.refusals import UnknownMessage
from chat_service.domain.saved_drafts import NO_DRAFT, SavedDraft
from chat_service.store.erasures import check_not_erased
from chat_service.store.moderation import check_is_in
from chat_service.store.quotas import check_drafts
from servicekit.database import Connection, Database


class SavedDrafts:
    """Each raises NotAMember for a room that they are not in."""

    def __init__(self, database: Database, *, quotas: Quotas = USUAL_QUOTAS) -> None:
        self._database = database
        self._quotas = quotas

    async def get(self, username: str, label: Label) -> SavedDraft:
        """An empty one where there is none."""
        return await self._database.read_few(_get, username, label)

    async def put(self, username: str, label: Label, draft: SavedDraft) -> None:
        """Raises UnknownMessage where it answers none of the conversation, and TooManyDrafts."""
        await self._database.write(_put, username, label, draft, self._quotas)

    async def remove(self, username: str, label: Label) -> None:
        await self._database.write(_remove, username, label)


def _get(connection: Connection, username: str, label: Label) -> SavedDraft:
    check_is_in(connection, username, label)
    row = connection.execute(
        "SELECT message, reply_to, updated_at FROM drafts WHERE username = ? AND label = ?", (username, label.text)
    ).fetchone()
    return SavedDraft(*row) if row else NO_DRAFT


def _put(connection: Connection, username: str, label: Label, draft: SavedDraft, quotas: Quotas) -> None:
    check_not_erased(connection, username)
    check_is_in(connection, username, label)
    if draft.reply_to is not None:
        _check_reply(connection, username, label, draft.reply_to)
    check_drafts(connection, username, label.text, quotas)
    connection.execute(
        "INSERT INTO drafts (username, label, message, reply_to, updated_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (username, label) DO UPDATE SET message = excluded.message, reply_to = excluded.reply_to,"
        " updated_at = excluded.updated_at",
        (username, label.text, draft.message, draft.reply_to, draft.updated_at),
    )


def _check_reply(connection: Connection, username: str, label: Label, message_id: int) -> None:
    found = connection.execute(
        "SELECT 1 FROM messages JOIN memberships ON memberships.conversation_id = messages.conversation_id"
        " WHERE messages.id = ? AND username = ? AND label = ?",
        (message_id, username, label.text),
    )
    if found.fetchone() is None:
        raise UnknownMessage(message_id)


def _remove(connection: Connection, username: str, label: Label) -> None:
    check_is_in(connection, username, label)
    connection.execute("DELETE FROM drafts WHERE username = ? AND label = ?", (username, label.text))
