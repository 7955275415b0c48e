"""The log: appends messages and changes to their conversations, each at the next `seq`."""

from typing import Any, cast

from chat_service.domain.changes import Appended, Change, Kind
from chat_service.domain.conversations import Conversation, Label
from chat_service.domain.intents import Draft, SendMessage
from chat_service.domain.messages import StoredMessage
from chat_service.domain.quotas import USUAL_QUOTAS, Quotas
from chat_service.domain.refusals import NotAMember, UnknownMessage
from chat_service.store.attachments import as_json, attach
from chat_service.store.changes import TOLD_AGAIN, LogEnd, carry_out, conversation_of_message, is_member
from chat_service.store.erasures import are_erased, check_not_erased
from chat_service.store.rows import MESSAGE, epoch, last_seq, message_of
from chat_service.store.search import folded_apart
from servicekit.database import Connection

CONVERSATIONS_REMEMBERED_MAX = 50_000


class Log:
    """Appends inside a transaction that the caller holds.

    It remembers each conversation's id and last `seq`, which hold as long as nobody else writes the file: SQLite's
    `data_version` tells, and then they are read again. So a message costs one insert.
    """

    def __init__(self, *, quotas: Quotas = USUAL_QUOTAS, conversations_max: int = CONVERSATIONS_REMEMBERED_MAX) -> None:
        self._quotas = quotas
        self._conversations_max = conversations_max
        self._ends: dict[Conversation, LogEnd] = {}
        self._data_version = -1

    def begin(self, connection: Connection) -> None:
        """Call at the start of each transaction, when it holds the write lock."""
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        if version != self._data_version or len(self._ends) > self._conversations_max:
            self.forget()
        self._data_version = version

    def forget(self) -> None:
        """What is remembered may be wrong (a transaction was rolled back, say): read it again when needed."""
        self._ends.clear()

    def append(self, connection: Connection, draft: Draft) -> Appended:
        """Store `draft` at the next `seq`.

        With a nonce used before, find the message stored then; what changes nothing takes no place.
        Raises UnknownMessage, NotTheAuthor, NotAMember, UnknownRecipient, or that a quota is used up, having changed
        nothing.
        """
        if isinstance(draft.intent, SendMessage):
            return self._append_message(connection, draft, draft.intent)
        return self._append_change(connection, draft)

    # Messages

    def _append_message(self, connection: Connection, draft: Draft, intent: SendMessage) -> Appended:
        conversation = intent.conversation
        end = self._find(connection, conversation)
        if conversation.is_room and not is_member(connection, draft.author, conversation):
            if (first := _find_by_nonce(connection, draft.author, intent)) is not None:  # sent when they were in there
                return Appended(first, is_new=False)
            raise NotAMember(conversation.name)
        if intent.reply_to is not None:  # and after that: who is not in there learns nothing of what was said
            _check_reply(connection, conversation, intent.reply_to)
        if end is None or end.is_over:
            if (first := _find_by_nonce(connection, draft.author, intent)) is not None:  # sent again, to somebody else
                return Appended(first, is_new=False)
            end = self._begin_direct(connection, conversation, draft.timestamp)
        message_id = _insert_message(connection, draft, intent, end)
        if message_id is None:
            first = _find_by_nonce(connection, draft.author, intent)
            assert first is not None  # it was in the way
            return Appended(first, is_new=False)
        end.seq += 1
        if intent.attachments:
            attach(connection, message_id, intent.attachments)
        stored = StoredMessage(
            id=message_id,
            conversation=conversation,
            epoch=end.epoch,
            seq=end.seq,
            sender_username=draft.author,
            message=intent.text,
            timestamp=draft.timestamp,
            nonce=intent.nonce,
            reply_to=intent.reply_to,
            attachments=intent.attachments,
            call=intent.call,
        )
        return Appended(stored, is_new=True)

    def _begin_direct(self, connection: Connection, conversation: Conversation, timestamp: str) -> LogEnd:
        """A first message makes the 1:1 conversation, and saves the chat for both. Raises UnknownRecipient."""
        one, other = conversation.people
        check_not_erased(connection, one, other)
        conversation_id, its_epoch = connection.execute(
            f"INSERT INTO conversations (name, created_at) VALUES (?, ?) RETURNING id, {epoch('id')}",
            (conversation.name, timestamp),
        ).fetchone()
        for username, peer in ((one, other), (other, one)):
            connection.execute(
                "INSERT INTO memberships (username, conversation_id, label) VALUES (?, ?, ?)",
                (username, conversation_id, Label.of_person(peer).text),
            )
            connection.execute(
                "INSERT INTO contacts (user_username, chat_username, chat_nickname, chat_pfp, created_at)"
                " SELECT ?, username, nickname, pfp, ? FROM people WHERE username = ?"
                " ON CONFLICT (user_username, chat_username) DO NOTHING",
                (username, timestamp, peer),
            )
        end = self._ends[conversation] = LogEnd(conversation, conversation_id, its_epoch, 0)
        return end

    # Changes

    def _append_change(self, connection: Connection, draft: Draft) -> Appended:
        conversation = conversation_of_message(connection, draft) or draft.intent.conversation
        assert conversation is not None
        end = self._find(connection, conversation)
        if end is None:
            if conversation.is_room:
                raise NotAMember(conversation.name)
            return Appended(None, is_new=False)  # nobody has said anything yet
        done = carry_out(connection, draft, end, self._quotas)
        if not done.has_changed:
            is_told = done.kind in TOLD_AGAIN
            return Appended(None, is_new=False, changed_before=(conversation, end.head) if is_told else None)
        end.seq += 1
        if done.kind is Kind.CLOSED:
            del self._ends[conversation]
        change = Change(
            kind=done.kind,
            conversation=conversation,
            epoch=end.epoch,
            seq=end.seq,
            username=draft.author,
            timestamp=draft.timestamp,
            message_id=done.message_id,
            value=done.value,
            read_seq=done.read_seq,
            removes=done.removes,
        )
        _insert_change(connection, change, end)
        return Appended(change, is_new=True)

    # Conversations

    def _find(self, connection: Connection, conversation: Conversation) -> LogEnd | None:
        found = self._ends.get(conversation)
        if found is None:
            row = connection.execute(
                f"SELECT id, {epoch('id')}, {last_seq('conversations.id')} FROM conversations WHERE name = ?",
                (conversation.name,),
            ).fetchone()
            if row is not None:
                is_over = not conversation.is_room and are_erased(connection, *conversation.people)
                found = self._ends[conversation] = LogEnd(conversation, *row, is_over=is_over)
        return found


def _insert_message(connection: Connection, draft: Draft, intent: SendMessage, end: LogEnd) -> int | None:
    """The id; None where the nonce has been used."""
    conversation = intent.conversation
    cursor: Any = connection.execute(
        "INSERT INTO messages (conversation_id, seq, sender_username, receiver_username, message, timestamp,"
        " nonce, reply_to, attachments, call, message_folded) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (sender_username, nonce) WHERE nonce IS NOT NULL DO NOTHING",
        (
            end.id,
            end.seq + 1,
            draft.author,
            None if conversation.is_room else conversation.other_than(draft.author),
            intent.text,
            draft.timestamp,
            intent.nonce,
            intent.reply_to,
            as_json(intent.attachments) if intent.attachments else None,
            as_json(intent.call) if intent.call else None,
            folded_apart(intent.text),
        ),
    )
    return cast("int", cursor.lastrowid) if cursor.rowcount else None


def _insert_change(connection: Connection, change: Change, end: LogEnd) -> None:
    connection.execute(
        "INSERT INTO changes (conversation_id, seq, kind, username, timestamp, message_id, value, mark, removes)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            end.id,
            change.seq,
            str(change.kind),
            change.username,
            change.timestamp,
            change.message_id,
            # A text that is edited away or deleted must not live on here.
            "" if change.kind == Kind.EDITED else change.value,
            change.read_seq,
            change.removes,
        ),
    )


def _check_reply(connection: Connection, conversation: Conversation, message_id: int) -> None:
    found = connection.execute(
        "SELECT 1 FROM messages WHERE id = ? AND conversation_id = (SELECT id FROM conversations WHERE name = ?)",
        (message_id, conversation.name),
    ).fetchone()
    if found is None:
        raise UnknownMessage(message_id)


def _find_by_nonce(connection: Connection, author: str, intent: SendMessage) -> StoredMessage | None:
    row = connection.execute(
        f"SELECT {MESSAGE} FROM messages WHERE sender_username = ? AND nonce = ?", (author, intent.nonce)
    ).fetchone()
    return message_of(row) if row else None
