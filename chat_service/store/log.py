"""The log: appends messages and changes to their conversations, each at the next `seq`."""

from msgspec import structs

from chat_service.domain.changes import AnyDraft, Appended, Change, ChangeDraft, Kind
from chat_service.domain.conversations import is_room, label_for, label_of_person, people_in
from chat_service.domain.messages import Draft, StoredMessage
from chat_service.domain.places import Head
from chat_service.domain.quotas import USUAL_QUOTAS, Quotas
from chat_service.domain.refusals import NotAMember, NotTheAuthor, UnknownMessage
from chat_service.store.attachments import as_json, attach, release
from chat_service.store.closures import close
from chat_service.store.erasures import are_erased, check_not_erased
from chat_service.store.quotas import check_change, rooms_owned
from chat_service.store.rows import MESSAGE, epoch, last_seq, message_of
from chat_service.store.search import folded_apart, reindex
from servicekit.database import Connection

CONVERSATIONS_REMEMBERED_MAX = 50_000
HEIRS_MAX = 100


class _Conversation:
    """A conversation as it is remembered: its id, the last `seq` given in it, and whether one of its two is erased."""

    __slots__ = ("epoch", "id", "is_over", "last_seq", "name")

    def __init__(self, id: int, epoch: str, name: str, last_seq: int, *, is_over: bool) -> None:
        self.id = id
        self.epoch = epoch
        self.name = name
        self.last_seq = last_seq
        self.is_over = is_over


class Log:
    """Appends inside a transaction that the caller holds.

    It remembers each conversation's id and last `seq`, which hold as long as nobody else writes the file: SQLite's
    `data_version` tells, and then they are read again. So a message costs one insert.
    """

    def __init__(self, *, quotas: Quotas = USUAL_QUOTAS, conversations_max: int = CONVERSATIONS_REMEMBERED_MAX) -> None:
        self._quotas = quotas
        self._conversations_max = conversations_max
        self._conversations: dict[str, _Conversation] = {}
        self._data_version = -1

    def begin(self, connection: Connection) -> None:
        """Call at the start of each transaction, when it holds the write lock."""
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        if version != self._data_version or len(self._conversations) > self._conversations_max:
            self.forget()
        self._data_version = version

    def forget(self) -> None:
        """What is remembered may be wrong (a transaction was rolled back, say): read it again when needed."""
        self._conversations.clear()

    def append(self, connection: Connection, draft: AnyDraft) -> Appended:
        """Store `draft` at the next `seq`.

        With a nonce used before, find the message stored then; what changes nothing takes no place.
        Raises UnknownMessage, NotTheAuthor, NotAMember, UnknownRecipient, or that a quota is used up, having changed
        nothing.
        """
        if isinstance(draft, Draft):
            return self._append_message(connection, draft)
        return self._append_change(connection, draft)

    # Messages

    def _append_message(self, connection: Connection, draft: Draft) -> Appended:
        conversation = self._find(connection, draft.conversation)
        if draft.room is not None and not _is_member(connection, draft.sender_username, draft.conversation):
            if (first := _find_by_nonce(connection, draft)) is not None:  # sent when they were in there
                return Appended(first, is_new=False)
            raise NotAMember(label_for(draft.sender_username, draft.conversation))
        if draft.reply_to is not None:  # and after that: who is not in there learns nothing of what was said
            _check_reply(connection, draft, draft.reply_to)
        if conversation is None or conversation.is_over:
            if (first := _find_by_nonce(connection, draft)) is not None:  # sent again, to somebody else
                return Appended(first, is_new=False)
            check_not_erased(connection, *people_in(draft.conversation))
            conversation = self._make(connection, draft)
        cursor = connection.execute(
            "INSERT INTO messages (conversation_id, seq, sender_username, receiver_username, message, timestamp,"
            " nonce, reply_to, attachments, call, message_folded) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (sender_username, nonce) WHERE nonce IS NOT NULL DO NOTHING",
            (
                conversation.id,
                conversation.last_seq + 1,
                draft.sender_username,
                draft.receiver_username,
                draft.message,
                draft.timestamp,
                draft.nonce,
                draft.reply_to,
                as_json(draft.attachments) if draft.attachments else None,
                as_json(draft.call) if draft.call else None,
                folded_apart(draft.message),
            ),
        )
        if cursor.rowcount == 0:
            first = _find_by_nonce(connection, draft)
            assert first is not None  # it was in the way
            return Appended(first, is_new=False)
        conversation.last_seq += 1
        message_id = cursor.lastrowid
        assert message_id is not None
        if draft.attachments:
            attach(connection, message_id, draft.attachments)
        stored = StoredMessage.of(draft, id=message_id, epoch=conversation.epoch, seq=conversation.last_seq)
        return Appended(stored, is_new=True)

    # Changes

    def _append_change(self, connection: Connection, draft: ChangeDraft) -> Appended:
        name = draft.conversation if draft.message_id is None else _conversation_of(connection, draft)
        conversation = self._find(connection, name)
        if conversation is None:
            if is_room(name):
                raise NotAMember(name)
            return Appended(None, is_new=False)  # nobody has said anything yet
        if draft.erases and draft.kind is Kind.LEFT:
            draft = _departure(connection, conversation, draft, self._quotas)
        check_change(connection, conversation.id, draft, self._quotas)
        if not _CARRY_OUT[draft.kind](connection, conversation, draft):
            end = Head(conversation.last_seq, conversation.epoch)
            return Appended(None, is_new=False, changed_before=(name, end) if draft.kind in _TOLD_AGAIN else None)
        connection.execute(
            "INSERT INTO changes (conversation_id, seq, kind, username, timestamp, message_id, value, mark, removes)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                conversation.id,
                conversation.last_seq + 1,
                draft.kind.value,
                draft.username,
                draft.timestamp,
                draft.message_id,
                # A text that is edited away or deleted must not live on here.
                "" if draft.kind is Kind.EDITED else draft.value,
                draft.mark,
                draft.removes,
            ),
        )
        conversation.last_seq += 1
        if draft.kind is Kind.CLOSED:
            del self._conversations[name]
        return Appended(
            Change(
                kind=draft.kind,
                conversation=name,
                epoch=conversation.epoch,
                seq=conversation.last_seq,
                username=draft.username,
                timestamp=draft.timestamp,
                message_id=draft.message_id,
                value=draft.value,
                mark=draft.mark,
                removes=draft.removes,
            ),
            is_new=True,
        )

    # Conversations

    def _find(self, connection: Connection, name: str) -> _Conversation | None:
        found = self._conversations.get(name)
        if found is None:
            row = connection.execute(
                f"SELECT id, {epoch('id')}, {last_seq('conversations.id')} FROM conversations WHERE name = ?", (name,)
            ).fetchone()
            if row is not None:
                is_over = not is_room(name) and are_erased(connection, *people_in(name))
                found = self._conversations[name] = _Conversation(row[0], row[1], name, row[2], is_over=is_over)
        return found

    def _make(self, connection: Connection, draft: Draft) -> _Conversation:
        """A first message makes the 1:1 conversation, and saves the chat for both."""
        name = draft.conversation
        conversation_id, its_epoch = connection.execute(
            f"INSERT INTO conversations (name, created_at) VALUES (?, ?) RETURNING id, {epoch('id')}",
            (name, draft.timestamp),
        ).fetchone()
        one, other = people_in(name)
        for username, peer in ((one, other), (other, one)):
            connection.execute(
                "INSERT INTO memberships (username, conversation_id, label) VALUES (?, ?, ?)",
                (username, conversation_id, label_of_person(peer)),
            )
            connection.execute(
                "INSERT INTO contacts (user_username, chat_username, chat_nickname, chat_pfp, created_at)"
                " SELECT ?, username, nickname, pfp, ? FROM people WHERE username = ?"
                " ON CONFLICT (user_username, chat_username) DO NOTHING",
                (username, draft.timestamp, peer),
            )
        made = self._conversations[name] = _Conversation(conversation_id, its_epoch, name, 0, is_over=False)
        return made


def _check_reply(connection: Connection, draft: Draft, message_id: int) -> None:
    found = connection.execute(
        "SELECT 1 FROM messages WHERE id = ? AND conversation_id = (SELECT id FROM conversations WHERE name = ?)",
        (message_id, draft.conversation),
    ).fetchone()
    if found is None:
        raise UnknownMessage(message_id)


def _check_member(connection: Connection, username: str, conversation: str) -> None:
    if not _is_member(connection, username, conversation):
        raise NotAMember(label_for(username, conversation))


def _is_member(connection: Connection, username: str, conversation: str) -> bool:
    """Asked of the store each time, inside the transaction: who was removed a moment ago is not in it."""
    return (
        connection.execute(
            "SELECT 1 FROM memberships WHERE username = ? AND label = ?", (username, label_for(username, conversation))
        ).fetchone()
        is not None
    )


def _find_by_nonce(connection: Connection, draft: Draft) -> StoredMessage | None:
    row = connection.execute(
        f"SELECT {MESSAGE} FROM messages WHERE sender_username = ? AND nonce = ?",
        (draft.sender_username, draft.nonce),
    ).fetchone()
    return message_of(row) if row else None


def _conversation_of(connection: Connection, draft: ChangeDraft) -> str:
    """The conversation of the message that is to be changed, if the person is in it and it is not deleted."""
    row = connection.execute(
        "SELECT name FROM conversations JOIN messages ON messages.conversation_id = conversations.id"
        " LEFT JOIN memberships ON memberships.conversation_id = conversations.id AND memberships.username = ?"
        " WHERE messages.id = ? AND messages.deleted_at IS NULL AND (memberships.username IS NOT NULL OR ?)",
        (draft.username, draft.message_id, draft.erases),
    ).fetchone()
    if row is None or draft.conversation not in {"", row["name"]}:
        raise UnknownMessage(draft.message_id or 0)
    return str(row["name"])


def _edit(connection: Connection, _: _Conversation, draft: ChangeDraft) -> bool:
    _check_author(connection, draft)
    return _set_text(connection, draft, "edited_at", draft.value)


def _delete(connection: Connection, conversation: _Conversation, draft: ChangeDraft) -> bool:
    if not _owns_room(connection, conversation, draft.username):
        _check_author(connection, draft)
    connection.execute("DELETE FROM reactions WHERE message_id = ?", (draft.message_id,))
    release(connection, "message_id = ?", draft.message_id)
    return _set_text(connection, draft, "deleted_at", "")


def _set_text(connection: Connection, draft: ChangeDraft, when: str, text: str) -> bool:
    """Replace the text, in the index too, and note in the column `when` that it happened."""
    message_id = draft.message_id or 0
    (old,) = connection.execute("SELECT message FROM messages WHERE id = ?", (message_id,)).fetchone()
    if old == text and text:
        return False
    reindex(connection, message_id, old=old, new=text)
    connection.execute(f"UPDATE messages SET message = ?, {when} = ? WHERE id = ?", (text, draft.timestamp, message_id))
    return True


def _react(connection: Connection, _: _Conversation, draft: ChangeDraft) -> bool:
    key = (draft.message_id, draft.username, draft.value)
    if draft.removes:
        query = "DELETE FROM reactions WHERE message_id = ? AND username = ? AND emoji = ?"
    else:
        query = "INSERT INTO reactions (message_id, username, emoji) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
    return connection.execute(query, key).rowcount == 1


def _read(connection: Connection, conversation: _Conversation, draft: ChangeDraft) -> bool:
    """A mark only moves forward, and not past the end: it would hide what is still to come."""
    changed = connection.execute(
        "UPDATE memberships SET read_seq = ? WHERE username = ? AND conversation_id = ? AND read_seq < ? AND ? <= ?",
        (draft.mark, draft.username, conversation.id, draft.mark, draft.mark, conversation.last_seq),
    )
    if changed.rowcount == 0:
        _check_member(connection, draft.username, conversation.name)
    return changed.rowcount == 1


def _join(connection: Connection, conversation: _Conversation, draft: ChangeDraft) -> bool:
    """A new member has read what was said before they came."""
    check_not_erased(connection, draft.value)
    changed = connection.execute(
        "INSERT INTO memberships (username, conversation_id, label, read_seq, joined_seq) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (draft.value, conversation.id, conversation.name, conversation.last_seq + 1, conversation.last_seq + 1),
    )
    return changed.rowcount == 1


def _leave(connection: Connection, conversation: _Conversation, draft: ChangeDraft) -> bool:
    changed = connection.execute(
        "DELETE FROM memberships WHERE username = ? AND conversation_id = ?", (draft.value, conversation.id)
    )
    return changed.rowcount == 1


def _departure(connection: Connection, conversation: _Conversation, draft: ChangeDraft, quotas: Quotas) -> ChangeDraft:
    """An owner who goes for good leaves the room to who joined first; without anybody else in it, it is closed.

    First to who may own another one. Where nobody may, it goes to somebody all the same: it is theirs who are in it.
    """
    if not _owns_room(connection, conversation, draft.username):
        return draft
    members = connection.execute(
        "SELECT memberships.username FROM memberships JOIN changes"
        "  ON changes.conversation_id = memberships.conversation_id AND kind = ? AND value = memberships.username"
        " WHERE memberships.conversation_id = ? AND memberships.username NOT IN (SELECT username FROM erasures)"
        " GROUP BY memberships.username ORDER BY max(seq) LIMIT ?",
        (Kind.JOINED.value, conversation.id, HEIRS_MAX),
    ).fetchall()
    heirs = [username for (username,) in members]
    if not heirs:
        return structs.replace(draft, kind=Kind.CLOSED)
    free = (one for one in heirs if rooms_owned(connection, one, quotas) < quotas.rooms_owned_max)
    connection.execute(
        "UPDATE rooms SET owner_username = ? WHERE conversation_id = ?", (next(free, heirs[0]), conversation.id)
    )
    return draft


def _close(connection: Connection, conversation: _Conversation, _: ChangeDraft) -> bool:
    """Its row stays, so that no other conversation ever gets its id."""
    close(connection, conversation.id)
    return True


def _check_author(connection: Connection, draft: ChangeDraft) -> None:
    (author,) = connection.execute("SELECT sender_username FROM messages WHERE id = ?", (draft.message_id,)).fetchone()
    if author != draft.username:
        raise NotTheAuthor


def _owns_room(connection: Connection, conversation: _Conversation, username: str) -> bool:
    return is_room(conversation.name) and bool(
        connection.execute(
            "SELECT 1 FROM rooms WHERE conversation_id = ? AND owner_username = ?", (conversation.id, username)
        ).fetchone()
    )


# Where a second time tells it once more, since nobody may have heard of the first.
_TOLD_AGAIN = frozenset({Kind.EDITED, Kind.JOINED, Kind.LEFT})
# Each returns whether it changed anything.
_CARRY_OUT = {
    Kind.EDITED: _edit,
    Kind.DELETED: _delete,
    Kind.REACTION: _react,
    Kind.READ: _read,
    Kind.JOINED: _join,
    Kind.LEFT: _leave,
    Kind.CLOSED: _close,
}
