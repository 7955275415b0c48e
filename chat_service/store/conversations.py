"""Conversations as their readers ask for them: what they missed, and where they stand."""

from typing import Any

from msgspec import structs

from chat_service.domain.changes import Change, Entry, Kind
from chat_service.domain.conversations import Conversation, Label
from chat_service.domain.notification_levels import usual
from chat_service.domain.people import SavedChat
from chat_service.domain.places import Place, conversation_id_of
from chat_service.store import link_cards
from chat_service.store.notification_levels import chosen_columns
from chat_service.store.rows import MESSAGE, change_of, epoch, html_of, last_seq, mentions_of, message_of
from chat_service.store.unread_counts import counts_of, mentions, unread
from servicekit.database import Connection, Database

SAVED_CHATS_MAX = 1_000
_SAVED_LABEL = "'@' || chat_username"
_SAVED_MARKS = ("saved_chats.conversation_id", "saved_chats.read_seq", "saved_chats.unread_seq", "user_username")
_CONVERSATION = "(SELECT conversation_id FROM memberships WHERE username = ? AND label = ?)"
# An older version, beside this one, does not write down where they joined.
_JOINED_SEQ = (
    "CASE WHEN label LIKE '#%' THEN coalesce(joined_seq, (SELECT max(seq) FROM changes"
    "  WHERE changes.conversation_id = memberships.conversation_id AND kind = 'joined' AND value = username), 0)"
    " ELSE 0 END"
)


class Conversations:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def places(self, username: str) -> dict[Label, Place]:
        """Where each of the person's conversations stands, by its label."""
        return await self._database.read(_places, username)

    async def list_after(
        self, username: str, label: Label, seq: int, *, epoch: str | None, until: int, limit: int
    ) -> list[Entry]:
        """The first `limit` entries after `seq` up to `until`, in order.

        Nothing for who is not in it, nor where the label means a conversation of another `epoch` (None: whichever).
        """
        return await self._database.read(_list_after, username, label, seq, epoch, until, limit)

    async def list_missed(
        self, username: str, label: Label, seq: int, *, epoch: str | None, until: int, limit: int
    ) -> list[Entry]:
        """The same for a device that was away, of which many may come back at once: in turn."""
        return await self._database.read_in_turn(username, _list_after, username, label, seq, epoch, until, limit)

    async def find_ending(self, label: Label, epoch: str) -> Change | None:
        """That the room of this epoch was closed."""
        return await self._database.read(_find_ending, label, epoch)

    async def saved_chats(self, username: str) -> list[SavedChat]:
        """By recent activity."""
        return await self._database.read(_saved_chats, username)


def _places(connection: Connection, username: str) -> dict[Label, Place]:
    rows = connection.execute(
        f"SELECT label, {last_seq('memberships.conversation_id')}, {epoch('conversation_id')}, {_JOINED_SEQ}"
        " FROM memberships WHERE username = ?",
        (username,),
    )
    return {Label(text): Place(*place) for text, *place in rows}


def _list_after(
    connection: Connection, username: str, label: Label, seq: int, asked: str | None, until: int, limit: int
) -> list[Entry]:
    row = connection.execute(
        f"SELECT conversations.id, name, {epoch('conversations.id')} FROM conversations"
        " JOIN memberships ON conversation_id = conversations.id"
        " WHERE username = ? AND label = ?",
        (username, label.text),
    ).fetchone()
    if row is None or asked not in {None, row[2]}:
        return []
    conversation_id, conversation, its_epoch = row[0], Conversation(row[1]), row[2]
    within = "WHERE conversation_id = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
    place = (conversation_id, seq, until, limit)
    messages = connection.execute(f"SELECT {MESSAGE} FROM messages {within}", place)
    changes = connection.execute(f"SELECT * FROM changes {within}", place)
    entries: list[Entry] = [message_of(row) for row in messages]
    entries += [_with_text(connection, change_of(row, conversation, its_epoch)) for row in changes]
    entries.sort(key=lambda entry: entry.seq)
    return _with_counts(connection, username, conversation_id, entries[:limit])


def _with_counts(connection: Connection, username: str, conversation_id: int, entries: list[Entry]) -> list[Entry]:
    """The last time that they read tells what of it is unread now."""
    for place in reversed(range(len(entries))):
        entry = entries[place]
        if isinstance(entry, Change) and entry.kind == Kind.READ and entry.username == username:
            entries[place] = structs.replace(entry, counts=counts_of(connection, username, conversation_id))
            break
    return entries


def _with_text(connection: Connection, change: Change) -> Change:
    """An edit tells the text of now, and so with cards; what was in between is gone."""
    if change.kind == Kind.CARDS:
        return structs.replace(change, value=link_cards.now(connection, change.message_id))
    if change.kind != Kind.EDITED:
        return change
    row = connection.execute(
        "SELECT message, html, html_version, html_edited_at, edited_at, mentions, mentions_room FROM messages"
        " WHERE id = ?",
        (change.message_id,),
    ).fetchone()
    return structs.replace(
        change,
        value=row["message"],
        html=html_of(row),
        mentions=mentions_of(row["mentions"]),
        mentions_room=bool(row["mentions_room"]),
    )


def _find_ending(connection: Connection, label: Label, its_epoch: str) -> Change | None:
    row = connection.execute(
        "SELECT * FROM changes WHERE conversation_id = ? AND kind = ? ORDER BY seq DESC LIMIT 1",
        (conversation_id_of(its_epoch), Kind.CLOSED.value),
    ).fetchone()
    return None if row is None else change_of(row, Conversation(label.text), its_epoch)


def _saved_chats(connection: Connection, username: str) -> list[SavedChat]:
    rows = connection.execute(
        "SELECT id, user_username, chat_username, chat_nickname, chat_pfp, last_message, last_message_time,"
        f" created_at, {last_seq('saved_chats.conversation_id')} AS last_seq,"
        f" {epoch('saved_chats.conversation_id')} AS epoch,"
        " coalesce((SELECT theirs.read_seq FROM memberships AS theirs"
        "  WHERE theirs.conversation_id = saved_chats.conversation_id AND theirs.username = chat_username), 0)"
        " AS other_read_seq,"
        " (SELECT sender_username FROM messages WHERE messages.conversation_id = saved_chats.conversation_id"
        "  AND deleted_at IS NULL ORDER BY seq DESC LIMIT 1) AS last_sender_username,"
        f" {unread(*_SAVED_MARKS)} AS unread, {mentions(*_SAVED_MARKS)} AS mentions, unread_seq,"
        f" {chosen_columns(_SAVED_LABEL, 'user_username')}"
        " FROM saved_chats WHERE user_username = ?"
        " ORDER BY coalesce(last_message_time, created_at) DESC, id DESC LIMIT ?",
        (username, SAVED_CHATS_MAX),
    )
    return [_saved_chat(dict(zip(row.keys(), row, strict=True))) for row in rows]


def _saved_chat(fields: dict[str, Any]) -> SavedChat:
    if fields["level"] is None:
        fields["level"] = usual(Label.of_person(fields["chat_username"])).level
    return SavedChat(**fields)
