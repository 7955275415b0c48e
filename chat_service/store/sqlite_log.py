"""The log in SQLite: its one writer holds the whole file, so that what is known of a conversation may be remembered."""

from collections.abc import Sequence
from typing import Any, cast

from chat_service.domain.changes import Appended
from chat_service.domain.conversations import Conversation
from chat_service.domain.intents import Draft, SendMessage
from chat_service.domain.messages import StoredMessage
from chat_service.domain.quotas import USUAL_QUOTAS, Quotas
from chat_service.domain.refusals import NotAccepted, NotAMember, UnknownMessage
from chat_service.store.attachments import attach
from chat_service.store.blocks import barred_of
from chat_service.store.log import MESSAGE_COLUMNS, UNLESS_SENT, Log, message_row, stored_message
from chat_service.store.log_end import LogEnd
from chat_service.store.mentions import mention
from chat_service.store.moderation import check_not_timed_out, check_slow_mode, find_membership
from chat_service.store.rows import MESSAGE, epoch, last_seq, message_of
from chat_service.store.sqlite_text_index import SqliteTextIndex
from servicekit.database import Connection
from servicekit.problems import Refusal

CONVERSATIONS_REMEMBERED_MAX = 50_000
_INSERT_MESSAGE = (
    f"INSERT INTO messages ({MESSAGE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) {UNLESS_SENT}"
)
# With whether one of the two has erased their account, in one statement: where several write, it runs for each message.
_FIND_END = (
    f"SELECT id, {epoch('id')}, {last_seq('conversations.id')}, barred, slow_mode_s,"
    " EXISTS (SELECT 1 FROM erasures WHERE username = ?) OR EXISTS (SELECT 1 FROM erasures WHERE username = ?)"
    " FROM conversations WHERE name = ?"
)


class SqliteLog(Log):
    """It remembers each conversation's id and last `seq`, which hold as long as nobody else writes the file.

    SQLite's `data_version` tells, and then they are read again. So a message costs one insert.
    """

    def __init__(self, *, quotas: Quotas = USUAL_QUOTAS, conversations_max: int = CONVERSATIONS_REMEMBERED_MAX) -> None:
        super().__init__(SqliteTextIndex(), quotas)
        self._conversations_max = conversations_max
        self._data_version = -1

    def begin(self, connection: Connection) -> None:
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        if version != self._data_version or len(self._ends) > self._conversations_max:
            self.forget()
        self._data_version = version

    def append_group(self, connection: Connection, drafts: Sequence[Draft]) -> list[Appended | Refusal]:
        self.begin(connection)
        return [self._attempt(connection, draft) for draft in drafts]

    def _attempt(self, connection: Connection, draft: Draft) -> Appended | Refusal:
        try:
            return self.append(connection, draft)
        except Refusal as refusal:
            return refusal

    def append(self, connection: Connection, draft: Draft) -> Appended:
        if isinstance(draft.intent, SendMessage):
            return self._append_message(connection, draft, draft.intent)
        return self._append_change(connection, draft)

    def _append_message(self, connection: Connection, draft: Draft, intent: SendMessage) -> Appended:
        conversation = intent.conversation
        end = self._find(connection, conversation)
        try:
            _check_may_write(connection, draft, conversation, end)
        except Refusal:
            if (first := _find_by_nonce(connection, draft.author, intent)) is not None:  # sent when they still might
                return Appended(first, is_new=False)
            raise
        answered = None
        if intent.reply_to is not None:  # and after that: who is not in there learns nothing of what was said
            answered = _author_of(connection, conversation, intent.reply_to)
        if end is None or end.is_over:
            if (first := _find_by_nonce(connection, draft.author, intent)) is not None:  # sent again, to somebody else
                return Appended(first, is_new=False)
            end = self._begin_direct(connection, draft, conversation)
        if end.slow_mode_s:
            if (first := _find_by_nonce(connection, draft.author, intent)) is not None:
                return Appended(first, is_new=False)
            check_slow_mode(connection, draft, end)
        message_id = _insert_message(connection, draft, intent, end)
        if message_id is None:
            first = _find_by_nonce(connection, draft.author, intent)
            assert first is not None  # it was in the way
            return Appended(first, is_new=False)
        end.seq += 1
        if intent.attachments:
            attach(connection, message_id, intent.attachments)
        mentions = mention(connection, draft, end, message_id, end.seq, answered)
        stored = stored_message(draft, intent, end, end.seq, message_id, mentions)
        return Appended(stored, is_new=True)

    def _find(self, connection: Connection, conversation: Conversation) -> LogEnd | None:
        found = self._ends.get(conversation)
        if found is None:
            one, other = (None, None) if conversation.is_room else conversation.people
            row = connection.execute(_FIND_END, (one, other, conversation.name)).fetchone()
            if row is not None:
                *end, barred, slow_mode_s, is_over = row
                found = self._ends[conversation] = LogEnd(
                    conversation, *end, is_over=bool(is_over), barred=barred_of(barred), slow_mode_s=slow_mode_s
                )
        return found


def _check_may_write(connection: Connection, draft: Draft, conversation: Conversation, end: LogEnd | None) -> None:
    """Raises NotAMember, TimedOut or NotAccepted."""
    if conversation.is_room:
        member = find_membership(connection, draft.author, conversation.name)
        if member is None or end is None:
            raise NotAMember(conversation.name)
        if member[0] is not None:
            check_not_timed_out(draft, end, member[0])
    elif end is not None and draft.author in end.barred:
        raise NotAccepted(conversation.other_than(draft.author))


def _insert_message(connection: Connection, draft: Draft, intent: SendMessage, end: LogEnd) -> int | None:
    """The id; None where the nonce has been used."""
    cursor: Any = connection.execute(_INSERT_MESSAGE, message_row(draft, intent, end, end.seq + 1))
    return cast("int", cursor.lastrowid) if cursor.rowcount else None


def _author_of(connection: Connection, conversation: Conversation, message_id: int) -> str:
    """Raises UnknownMessage where there is none in the conversation."""
    found = connection.execute(
        "SELECT sender_username FROM messages"
        " WHERE id = ? AND conversation_id = (SELECT id FROM conversations WHERE name = ?)",
        (message_id, conversation.name),
    ).fetchone()
    if found is None:
        raise UnknownMessage(message_id)
    return str(found[0])


def _find_by_nonce(connection: Connection, author: str, intent: SendMessage) -> StoredMessage | None:
    row = connection.execute(
        f"SELECT {MESSAGE} FROM messages WHERE sender_username = ? AND nonce = ?", (author, intent.nonce)
    ).fetchone()
    return message_of(row) if row else None
