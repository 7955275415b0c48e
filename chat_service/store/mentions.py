"""Mentions in the store: written with the message, for those who are in the conversation at that moment."""

from collections.abc import Sequence

import msgspec

from chat_service.domain.intents import Draft
from chat_service.domain.mentions import (
    MEMBERS_NAMED_BY_ANYBODY_MAX,
    NO_MENTIONS,
    Mentions,
    may_name_all,
    named_by,
)
from chat_service.store.log_end import LogEnd
from chat_service.store.positions import positions
from servicekit.database import Connection
from servicekit.texts import folded_username


def mention(
    connection: Connection, draft: Draft, end: LogEnd, message_id: int, seq: int, answered: str | None
) -> Mentions:
    """Whom a new message names, written down, and who is to notice it; it may answer one of `answered`.

    One that names and answers nobody costs nothing.
    """
    if not draft.mentioned and answered is None:
        return NO_MENTIONS
    mentions = _find(connection, draft, end, answered)
    _keep(connection, message_id, end, seq, mentions)
    return mentions


def _find(connection: Connection, draft: Draft, end: LogEnd, answered: str | None) -> Mentions:
    named = named_by(draft.mentioned, is_room=end.conversation.is_room)
    answered = None if answered == draft.author else answered
    there = _who_is_there(connection, draft.author, end.id, [*named.people, *_folded(answered)])
    usernames = tuple(there[name] for name in named.people if name in there)
    noticed_by = there.values() if answered else usernames
    return Mentions(
        usernames,
        named.room and _may_name_all(connection, draft.author, end.id),
        frozenset(noticed_by) - {draft.author},
    )


def _keep(connection: Connection, message_id: int, end: LogEnd, seq: int, mentions: Mentions) -> None:
    if mentions.usernames or mentions.room:
        connection.execute(
            "UPDATE messages SET mentions = ?, mentions_room = ? WHERE id = ?",
            (_column(mentions.usernames), int(mentions.room), message_id),
        )
    if mentions.noticed_by:
        connection.executemany(
            "INSERT INTO mentioned (message_id, username, conversation_id, seq) VALUES (?, ?, ?, ?)",
            [(message_id, username, end.id, seq) for username in sorted(mentions.noticed_by)],
        )


def mention_anew(connection: Connection, draft: Draft, end: LogEnd, message_id: int) -> Mentions:
    """Of a message whose text the draft has changed."""
    row = connection.execute(
        "SELECT seq, (SELECT sender_username FROM messages AS answered WHERE answered.id = messages.reply_to)"
        " AS answered FROM messages WHERE id = ?",
        (message_id,),
    ).fetchone()
    forget_mentions(connection, message_id)
    return mention(connection, draft, end, message_id, row["seq"], row["answered"])


def forget_mentions(connection: Connection, message_id: int) -> None:
    """Of a message that is deleted, or names others from now on."""
    connection.execute("DELETE FROM mentioned WHERE message_id = ?", (message_id,))
    connection.execute(
        "UPDATE messages SET mentions = NULL, mentions_room = 0"
        " WHERE id = ? AND (mentions IS NOT NULL OR mentions_room = 1)",
        (message_id,),
    )


def _column(usernames: Sequence[str]) -> str | None:
    return msgspec.json.encode(usernames).decode() if usernames else None


def _folded(username: str | None) -> list[str]:
    return [] if username is None else [folded_username(username)]


def _who_is_there(connection: Connection, author: str, conversation_id: int, folded: Sequence[str]) -> dict[str, str]:
    """Usernames by their folded form: of members who are neither erased nor banned, and blocked neither way."""
    if not folded:
        return {}
    rows = connection.execute(
        "SELECT username_folded, people.username FROM people JOIN memberships"
        "  ON memberships.conversation_id = ? AND memberships.username = people.username"
        f" WHERE username_folded IN ({', '.join('?' * len(folded))}) AND is_banned = 0"
        " AND NOT EXISTS (SELECT 1 FROM erasures WHERE erasures.username = people.username)"
        " AND NOT EXISTS (SELECT 1 FROM blocks WHERE blocks.username = people.username AND blocked_username = ?)"
        " AND NOT EXISTS (SELECT 1 FROM blocks WHERE blocks.username = ? AND blocked_username = people.username)",
        (conversation_id, *folded, author, author),
    )
    return dict(rows)


def _may_name_all(connection: Connection, author: str, conversation_id: int) -> bool:
    (members_count,) = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM memberships WHERE conversation_id = ? LIMIT ?) AS members",
        (conversation_id, MEMBERS_NAMED_BY_ANYBODY_MAX + 1),
    ).fetchone()
    return may_name_all(positions(connection, conversation_id, author, acts=True), members_count)
