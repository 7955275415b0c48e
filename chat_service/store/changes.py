"""Changes, carried out: what edits, deletions, reactions, read marks and memberships do to the store."""

from chat_service.domain.changes import Kind
from chat_service.domain.conversations import Conversation
from chat_service.domain.emoji import fully_qualified
from chat_service.domain.intents import (
    AboutMessage,
    ChangeRoom,
    CloseRoom,
    DeleteMessage,
    Draft,
    EditMessage,
    Join,
    Leave,
    MarkRead,
    Pin,
    React,
    RemoveCards,
    SetRole,
    ShowCards,
    TimeOut,
)
from chat_service.domain.markdown import RENDERER_VERSION
from chat_service.domain.mentions import NO_MENTIONS
from chat_service.domain.moderation import Act, Position
from chat_service.domain.quotas import Quotas
from chat_service.domain.refusals import NotAccepted, NotAMember, NotTheAuthor, OwnerStays, UnknownMessage
from chat_service.store import link_cards
from chat_service.store.arrivals import take_arrival
from chat_service.store.attachments import detach
from chat_service.store.blocks import check_accepts
from chat_service.store.closed_rooms import close
from chat_service.store.erasures import check_not_erased
from chat_service.store.log_end import Done, LogEnd
from chat_service.store.mentions import forget_mentions, mention_anew
from chat_service.store.moderation import check_not_timed_out, find_membership, moderate
from chat_service.store.pins import pin, unpin
from chat_service.store.positions import check_may, positions
from chat_service.store.quotas import check_joined, check_reactions, rooms_owned
from chat_service.store.text_index import TextIndex
from chat_service.store.unread_counts import counts_of
from chat_service.store.unread_marks import unmark
from servicekit.database import Connection

HEIRS_MAX = 100
# Where a second time tells it once more, since nobody may have heard of the first.
TOLD_AGAIN = frozenset({Kind.EDITED, Kind.JOINED, Kind.LEFT})


def conversation_of_message(connection: Connection, draft: Draft) -> Conversation | None:
    """That of the message that is to be changed, if the author is in it and it is not deleted; None for other intents.

    Raises UnknownMessage.
    """
    intent = draft.intent
    if not isinstance(intent, AboutMessage):
        return None
    row = connection.execute(
        "SELECT name, conversations.id, memberships.username AS member FROM conversations"
        " JOIN messages ON messages.conversation_id = conversations.id"
        " LEFT JOIN memberships ON memberships.conversation_id = conversations.id AND memberships.username = ?"
        " WHERE messages.id = ? AND messages.deleted_at IS NULL",
        (draft.author, intent.message_id),
    ).fetchone()
    if row is None or intent.conversation not in {None, found := Conversation(row["name"])}:
        raise UnknownMessage(intent.message_id)
    if row["member"] is None and not (draft.erases or _moderates(connection, draft, row["id"])):
        raise UnknownMessage(intent.message_id)
    return found


def _moderates(connection: Connection, draft: Draft, conversation_id: int) -> bool:
    """Who moderates the community may remove a message of a public room without being in there."""
    if not isinstance(draft.intent, DeleteMessage):
        return False
    return bool({Position.MODERATOR, Position.OWNER} & positions(connection, conversation_id, draft.author, acts=True))


def check_may_write(connection: Connection, draft: Draft, end: LogEnd) -> None:
    """For what others would read: raises NotAccepted or TimedOut. Who is in a room is known by then."""
    if draft.erases or not isinstance(draft.intent, EditMessage | React | Pin):
        return
    if draft.author in end.barred:
        raise NotAccepted(end.conversation.other_than(draft.author))
    if end.conversation.is_room:
        member = find_membership(connection, draft.author, end.conversation.name)
        check_not_timed_out(draft, end, None if member is None else member[0])


def carry_out(connection: Connection, draft: Draft, end: LogEnd, quotas: Quotas, index: TextIndex) -> Done:
    """Do what the draft wants done. Raises what `Log.append` does."""
    match draft.intent:
        case EditMessage() | DeleteMessage() | React() | Pin() | ShowCards() | RemoveCards() as about:
            return _change_message(connection, draft, about, end, quotas, index)
        case MarkRead(seq=seq):
            return _mark_read(connection, draft.author, end, seq)
        case Join() as join:
            return _join(connection, draft, end, join, quotas)
        case Leave(username=username):
            return _leave(connection, draft, end, username, quotas, index)
        case CloseRoom():
            return _close(connection, draft, end, index)
        case ChangeRoom() | SetRole() | TimeOut() as intent:
            return moderate(connection, draft, end, intent)
    raise AssertionError(f"a message is appended, not carried out: {draft.intent}")


# Messages


def _change_message(
    connection: Connection, draft: Draft, intent: AboutMessage, end: LogEnd, quotas: Quotas, index: TextIndex
) -> Done:
    match intent:
        case EditMessage():
            return _edit(connection, draft, end, intent, index)
        case DeleteMessage(message_id=message_id):
            return _delete(connection, draft, end, message_id, index)
        case React():
            return _react(connection, draft.author, intent, quotas)
        case Pin():
            return pin(connection, draft, end, intent)
        case ShowCards():
            return link_cards.show(connection, draft.author, end, intent)
        case RemoveCards():
            return link_cards.remove(connection, draft.author, intent)


def _edit(connection: Connection, draft: Draft, end: LogEnd, edit: EditMessage, index: TextIndex) -> Done:
    if _author_and_answered(connection, edit.message_id)[0] != draft.author:
        raise NotTheAuthor
    has_changed = _set_text(connection, edit.message_id, "edited_at", draft.timestamp, edit.text, index)
    mentions = NO_MENTIONS
    if has_changed:
        connection.execute(
            "UPDATE messages SET html = ?, html_version = ?, html_edited_at = edited_at WHERE id = ?",
            (draft.html, RENDERER_VERSION, edit.message_id),
        )
        mentions = mention_anew(connection, draft, end, edit.message_id)
    return Done(Kind.EDITED, has_changed, edit.message_id, edit.text, mentions=mentions)


def _delete(connection: Connection, draft: Draft, end: LogEnd, message_id: int, index: TextIndex) -> Done:
    author, answered = _author_and_answered(connection, message_id)
    act = None
    if author != draft.author:
        if not end.conversation.is_room:
            raise NotTheAuthor
        act = Act.REMOVE_MESSAGE
        check_may(connection, end, act, draft.author, author)
    connection.execute("DELETE FROM reactions WHERE message_id = ?", (message_id,))
    detach(connection, "message_id = ?", message_id)
    forget_mentions(connection, message_id)
    unpin(connection, message_id)
    has_changed = _set_text(connection, message_id, "deleted_at", draft.timestamp, "", index)
    answers = "" if answered is None else str(answered)
    return Done(Kind.DELETED, has_changed, message_id, answers, act=act, target=author)


def _set_text(connection: Connection, message_id: int, when: str, timestamp: str, text: str, index: TextIndex) -> bool:
    """Replace the text, in the index too, and note in the column `when` that it happened."""
    (old,) = connection.execute("SELECT message FROM messages WHERE id = ?", (message_id,)).fetchone()
    if old == text and text:
        return False
    index.changed(connection, message_id, old=old, new=text)
    gone = "html = NULL" if text else "html = NULL, cards = NULL"
    connection.execute(
        f"UPDATE messages SET message = ?, {when} = ?, {gone} WHERE id = ?", (text, timestamp, message_id)
    )
    return True


def _author_and_answered(connection: Connection, message_id: int) -> tuple[str, int | None]:
    """Who wrote it, and the message that it answers, if any."""
    row = connection.execute("SELECT sender_username, reply_to FROM messages WHERE id = ?", (message_id,)).fetchone()
    return row[0], row[1]


def _react(connection: Connection, username: str, given: React, quotas: Quotas) -> Done:
    emoji = fully_qualified(given.emoji)
    values = {"message_id": given.message_id, "username": username, "emoji": emoji}
    if given.removes:
        query = "DELETE FROM reactions WHERE message_id = :message_id AND username = :username AND emoji = :emoji"
    else:
        check_reactions(connection, given.message_id, emoji, username, quotas)
        query = (
            "INSERT INTO reactions (message_id, username, emoji, number) VALUES (:message_id, :username, :emoji,"
            " (SELECT coalesce(max(number), 0) + 1 FROM reactions WHERE message_id = :message_id))"
            " ON CONFLICT DO NOTHING"
        )
    has_changed = connection.execute(query, values).rowcount == 1
    return Done(Kind.REACTION, has_changed, given.message_id, emoji, removes=given.removes)


def _mark_read(connection: Connection, username: str, end: LogEnd, seq: int) -> Done:
    """A mark only moves forward, and not past the end: it would hide what is still to come.

    One that stays where it is ends a mark as unread all the same, which is not told in the log.
    """
    changed = connection.execute(
        "UPDATE memberships SET read_seq = ?, unread_seq = NULL"
        " WHERE username = ? AND conversation_id = ? AND read_seq < ? AND ? <= ?",
        (seq, username, end.id, seq, seq, end.seq),
    )
    has_moved = changed.rowcount == 1
    label = end.conversation.label_for(username).text
    if not has_moved and find_membership(connection, username, label) is None:
        raise NotAMember(label)
    is_unmarked = not has_moved and seq <= end.seq and unmark(connection, username, end.id)
    counts = counts_of(connection, username, end.id) if has_moved or is_unmarked else None
    return Done(Kind.READ, has_moved, read_seq=seq, counts=counts, is_unmarked=is_unmarked)


# Members


def _join(connection: Connection, draft: Draft, end: LogEnd, join: Join, quotas: Quotas) -> Done:
    """A new member has read what was said before they came. A timeout from before still holds."""
    username = join.username
    if join.is_arrival and not take_arrival(connection, username):
        return Done(Kind.JOINED, False)  # another instance has brought them in, and they may have left again
    check_not_erased(connection, username)
    if draft.author != username:
        check_accepts(connection, draft.author, username)
    check_joined(connection, end.id, username, quotas)
    changed = connection.execute(
        "INSERT INTO memberships (username, conversation_id, label, read_seq, joined_seq, timed_out_until)"
        " VALUES (?, ?, ?, ?, ?, (SELECT until FROM timeouts WHERE conversation_id = ? AND username = ?))"
        " ON CONFLICT DO NOTHING",
        (username, end.id, end.conversation.name, end.seq + 1, end.seq + 1, end.id, username),
    )
    return Done(Kind.JOINED, changed.rowcount == 1, value=username)


def _leave(connection: Connection, draft: Draft, end: LogEnd, username: str, quotas: Quotas, index: TextIndex) -> Done:
    if draft.erases and _owns_room(connection, end, username) and not _hand_over(connection, end, quotas):
        return _close(connection, draft, end, index)
    act = None if draft.author == username else Act.REMOVE_MEMBER
    if act is not None:
        check_may(connection, end, act, draft.author, username)
        if _owns_room(connection, end, username):
            raise OwnerStays
    changed = connection.execute(
        "DELETE FROM memberships WHERE username = ? AND conversation_id = ?", (username, end.id)
    )
    return Done(Kind.LEFT, changed.rowcount == 1, value=username, act=act, target=username)


def _hand_over(connection: Connection, end: LogEnd, quotas: Quotas) -> bool:
    """An owner who goes for good leaves the room to who joined first; False without anybody else in it.

    First to who may own another one. Where nobody may, it goes to somebody all the same: it is theirs who are in it.
    """
    members = connection.execute(
        "SELECT memberships.username FROM memberships JOIN changes"
        "  ON changes.conversation_id = memberships.conversation_id AND kind = ? AND value = memberships.username"
        " WHERE memberships.conversation_id = ? AND memberships.username NOT IN (SELECT username FROM erasures)"
        " GROUP BY memberships.username ORDER BY max(seq) LIMIT ?",
        (Kind.JOINED.value, end.id, HEIRS_MAX),
    ).fetchall()
    heirs = [username for (username,) in members]
    if not heirs:
        return False
    free = (one for one in heirs if rooms_owned(connection, one, quotas) < quotas.rooms_owned_max)
    values = (next(free, heirs[0]), end.id)
    connection.execute("UPDATE rooms SET owner_username = ? WHERE conversation_id = ?", values)
    return True


def _close(connection: Connection, draft: Draft, end: LogEnd, index: TextIndex) -> Done:
    """Its row stays, so that no other conversation ever gets its id."""
    close(connection, end.id, index)
    return Done(Kind.CLOSED, has_changed=True, value=draft.author)


def _owns_room(connection: Connection, end: LogEnd, username: str) -> bool:
    if not end.conversation.is_room:
        return False
    query = "SELECT 1 FROM rooms WHERE conversation_id = ? AND owner_username = ?"
    return connection.execute(query, (end.id, username)).fetchone() is not None
