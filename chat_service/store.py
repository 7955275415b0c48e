"""The store: every query of chat, in the SQL that SQLite and PostgreSQL share."""

from collections.abc import Iterable, Mapping
from typing import Any

from chat_service.domain.conversations import direct_name, label_of_person
from chat_service.domain.messages import Appended, Draft, StoredMessage
from chat_service.domain.people import Person, SavedChat
from chat_service.domain.refusals import UnknownMessage
from servicekit.database import Connection, Database, Row

_MESSAGE = "id, seq, sender_username, receiver_username, message, timestamp, nonce, reply_to"
_CONVERSATIONS_REMEMBERED_MAX = 50_000
_SAVED_CHATS_MAX = 1_000


class Log:
    """Appends messages to their conversations, inside a transaction that the caller holds.

    It remembers each conversation's id and last `seq`, which hold as long as nobody else writes the file: SQLite's
    `data_version` tells, and then they are read again. So a message costs one insert.
    """

    def __init__(self) -> None:
        self._conversations: dict[str, list[int]] = {}  # name: [id, last seq]
        self._data_version = -1

    def begin(self, connection: Connection) -> None:
        """Call at the start of each transaction, when it holds the write lock."""
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        if version != self._data_version or len(self._conversations) > _CONVERSATIONS_REMEMBERED_MAX:
            self.forget()
        self._data_version = version

    def forget(self) -> None:
        """What is remembered may be wrong (a transaction was rolled back, say): read it again when needed."""
        self._conversations.clear()

    def append(self, connection: Connection, draft: Draft) -> Appended:
        """Store `draft` at the next `seq`; with a nonce used before, find the message stored then.

        Raises UnknownMessage for a reply to what is not in the conversation, having changed nothing.
        """
        if draft.reply_to is not None:
            _check_reply(connection, draft, draft.reply_to)
        conversation = self._find(connection, draft)
        if conversation is None:
            if (first := _find_by_nonce(connection, draft)) is not None:  # sent again, to somebody else
                return Appended(first, is_new=False)
            conversation = self._make(connection, draft)
        conversation_id, last_seq = conversation
        cursor = connection.execute(
            "INSERT INTO messages (conversation_id, seq, sender_username, receiver_username, message, timestamp,"
            " nonce, reply_to) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (sender_username, nonce) WHERE nonce IS NOT NULL DO NOTHING",
            (
                conversation_id,
                last_seq + 1,
                draft.sender_username,
                draft.receiver_username,
                draft.message,
                draft.timestamp,
                draft.nonce,
                draft.reply_to,
            ),
        )
        if cursor.rowcount == 0:
            first = _find_by_nonce(connection, draft)
            assert first is not None  # it was in the way
            return Appended(first, is_new=False)
        conversation[1] += 1
        message_id = cursor.lastrowid
        assert message_id is not None
        return Appended(StoredMessage.of(draft, id=message_id, seq=last_seq + 1), is_new=True)

    def _find(self, connection: Connection, draft: Draft) -> list[int] | None:
        name = direct_name(draft.sender_username, draft.receiver_username)
        found = self._conversations.get(name)
        if found is None and (found := _find_conversation(connection, name)) is not None:
            self._conversations[name] = found
        return found

    def _make(self, connection: Connection, draft: Draft) -> list[int]:
        name = direct_name(draft.sender_username, draft.receiver_username)
        made = self._conversations[name] = _make_conversation(connection, name, draft)
        return made


def _find_conversation(connection: Connection, name: str) -> list[int] | None:
    row = connection.execute(
        "SELECT id, (SELECT coalesce(max(seq), 0) FROM messages WHERE conversation_id = conversations.id)"
        " FROM conversations WHERE name = ?",
        (name,),
    ).fetchone()
    return list(row) if row else None


def _make_conversation(connection: Connection, name: str, draft: Draft) -> list[int]:
    """A first message makes the conversation, and saves the chat for both."""
    (conversation_id,) = connection.execute(
        "INSERT INTO conversations (name, created_at) VALUES (?, ?) RETURNING id", (name, draft.timestamp)
    ).fetchone()
    pair = (draft.sender_username, draft.receiver_username)
    for username, other in (pair, pair[::-1]):
        connection.execute(
            "INSERT INTO memberships (username, conversation_id, label) VALUES (?, ?, ?)",
            (username, conversation_id, label_of_person(other)),
        )
        connection.execute(
            "INSERT INTO contacts (user_username, chat_username, chat_nickname, chat_pfp, created_at)"
            " SELECT ?, username, nickname, pfp, ? FROM people WHERE username = ?"
            " ON CONFLICT (user_username, chat_username) DO NOTHING",
            (username, draft.timestamp, other),
        )
    return [conversation_id, 0]


def _check_reply(connection: Connection, draft: Draft, message_id: int) -> None:
    name = direct_name(draft.sender_username, draft.receiver_username)
    found = connection.execute(
        "SELECT 1 FROM messages WHERE id = ? AND conversation_id = (SELECT id FROM conversations WHERE name = ?)",
        (message_id, name),
    ).fetchone()
    if found is None:
        raise UnknownMessage(message_id)


def _find_by_nonce(connection: Connection, draft: Draft) -> StoredMessage | None:
    row = connection.execute(
        f"SELECT {_MESSAGE} FROM messages WHERE sender_username = ? AND nonce = ?",
        (draft.sender_username, draft.nonce),
    ).fetchone()
    return _message(row) if row else None


def _message(row: Row) -> StoredMessage:
    return StoredMessage(**dict(zip(row.keys(), row, strict=True)))


class Store:
    """What the rest of chat asks of the file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def positions(self, username: str) -> dict[str, int]:
        """The last `seq` of each of the person's conversations, by its label."""
        return await self._database.read(_positions, username)

    async def list_after(self, username: str, label: str, seq: int, *, until: int, limit: int) -> list[StoredMessage]:
        """The first `limit` messages after `seq` up to `until`, in order."""
        return await self._database.read(_list_after, username, label, seq, until, limit)

    async def history(
        self, username: str, other: str, *, before: int | None, after: int | None, limit: int
    ) -> list[StoredMessage]:
        """Oldest first: the last `limit` messages, or those next to a message id on one side of it."""
        return await self._database.read(_history, username, other, before, after, limit)

    async def saved_chats(self, username: str) -> list[SavedChat]:
        """By recent activity."""
        return await self._database.read(_saved_chats, username)

    async def save_chat(self, username: str, other: str, *, nickname: str | None, pfp: str | None, now: str) -> None:
        await self._database.write(_save_chat, username, other, nickname, pfp, now)

    async def contacts(self, username: str) -> list[str]:
        """Whom the person has saved."""
        return await self._database.read(_column, _CONTACTS, username)

    async def watchers(self, username: str) -> list[str]:
        """Who has saved the person."""
        return await self._database.read(_column, _WATCHERS, username)

    async def find_person(self, username: str) -> Person | None:
        """By name in any case."""
        return await self._database.read(_find_person, username)

    async def people_version(self) -> int:
        return await self._database.read(_people_version)

    async def put_people(self, people: Iterable[Person]) -> None:
        """Take over new and changed profiles, into the saved chats that show them too."""
        await self._database.write(_put_people, list(people))


_CONTACTS = "SELECT chat_username FROM contacts WHERE user_username = ?"
_WATCHERS = "SELECT user_username FROM contacts WHERE chat_username = ?"


def _positions(connection: Connection, username: str) -> dict[str, int]:
    rows = connection.execute(
        "SELECT label, (SELECT coalesce(max(seq), 0) FROM messages"
        " WHERE messages.conversation_id = memberships.conversation_id)"
        " FROM memberships WHERE username = ?",
        (username,),
    )
    return dict(rows.fetchall())


def _list_after(
    connection: Connection, username: str, label: str, seq: int, until: int, limit: int
) -> list[StoredMessage]:
    rows = connection.execute(
        f"SELECT {_MESSAGE} FROM messages WHERE seq > ? AND seq <= ? AND conversation_id ="
        " (SELECT conversation_id FROM memberships WHERE username = ? AND label = ?)"
        " ORDER BY seq LIMIT ?",
        (seq, until, username, label, limit),
    )
    return [_message(row) for row in rows]


def _history(
    connection: Connection, username: str, other: str, before: int | None, after: int | None, limit: int
) -> list[StoredMessage]:
    direction = "ASC" if after is not None and before is None else "DESC"
    rows = connection.execute(
        f"SELECT {_MESSAGE} FROM messages WHERE conversation_id ="
        " (SELECT id FROM conversations WHERE name = ?)"
        " AND id < coalesce(?, id + 1) AND id > coalesce(?, id - 1)"
        f" ORDER BY seq {direction} LIMIT ?",
        (direct_name(username, other), before, after, limit),
    )
    return sorted((_message(row) for row in rows), key=lambda message: message.seq)


def _saved_chats(connection: Connection, username: str) -> list[SavedChat]:
    rows = connection.execute(
        "SELECT id, user_username, chat_username, chat_nickname, chat_pfp, last_message, last_message_time,"
        " created_at, coalesce(last_seq, 0) AS last_seq,"
        # What the other one said since one's own last word.
        " (SELECT count(*) FROM messages WHERE messages.conversation_id = saved_chats.conversation_id"
        "  AND seq > coalesce((SELECT seq FROM messages AS own"
        "   WHERE own.conversation_id = saved_chats.conversation_id AND own.sender_username = user_username"
        "   ORDER BY seq DESC LIMIT 1), 0)) AS unread"
        " FROM saved_chats WHERE user_username = ?"
        " ORDER BY coalesce(last_message_time, created_at) DESC, id DESC LIMIT ?",
        (username, _SAVED_CHATS_MAX),
    )
    return [SavedChat(**dict(zip(row.keys(), row, strict=True))) for row in rows]


def _save_chat(
    connection: Connection, username: str, other: str, nickname: str | None, pfp: str | None, now: str
) -> None:
    connection.execute(
        "INSERT INTO contacts (user_username, chat_username, chat_nickname, chat_pfp, created_at)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (user_username, chat_username)"
        " DO UPDATE SET chat_nickname = excluded.chat_nickname, chat_pfp = excluded.chat_pfp",
        (username, other, nickname, pfp, now),
    )


def _column(connection: Connection, query: str, *values: Any) -> list[str]:
    return [value for (value,) in connection.execute(query, values)]


def _find_person(connection: Connection, username: str) -> Person | None:
    row: Mapping[str, Any] | None = connection.execute(
        "SELECT username, nickname, pfp, version FROM people WHERE username_folded = ?",
        (username.casefold(),),
    ).fetchone()
    return Person(row["username"], row["nickname"], row["pfp"], row["version"]) if row else None


def _people_version(connection: Connection) -> int:
    (version,) = connection.execute("SELECT coalesce(max(version), 0) FROM people").fetchone()
    return int(version)


def _put_people(connection: Connection, people: list[Person]) -> None:
    for person in people:
        changed = connection.execute(
            "INSERT INTO people (username, username_folded, nickname, pfp, version) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (username) DO UPDATE SET nickname = excluded.nickname, pfp = excluded.pfp,"
            " version = excluded.version WHERE people.version < excluded.version",
            (person.username, person.username.casefold(), person.nickname, person.pfp, person.version),
        )
        if changed.rowcount == 0:  # known already: a name saved by hand since then stays
            continue
        connection.execute(
            "UPDATE contacts SET chat_nickname = ?, chat_pfp = ? WHERE chat_username = ?",
            (person.nickname, person.pfp, person.username),
        )
