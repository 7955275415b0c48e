"""Quotas, asked for inside the transaction that would use them up: of two who take the last place, one gets it.

What is counted of a person is counted while they are held (`check_not_erased` does), what is of a conversation while
that is locked: so what another instance adds at the same time comes before or after.
"""

from chat_service.domain.quotas import Quotas
from chat_service.domain.refusals import (
    RoomFull,
    TooManyDrafts,
    TooManyNotificationLevels,
    TooManyReactions,
    TooManyRooms,
    TooManySavedChats,
)
from servicekit.database import Connection

IS_ROOM = "label >= '#' AND label < '$'"


def check_owned(connection: Connection, username: str, quotas: Quotas) -> None:
    """Raises TooManyRooms for who owns as many as they may."""
    if rooms_owned(connection, username, quotas) >= quotas.rooms_owned_max:
        raise TooManyRooms(quotas.rooms_owned_max)


def rooms_owned(connection: Connection, username: str, quotas: Quotas) -> int:
    return _count(connection, "rooms WHERE owner_username = ?", quotas.rooms_owned_max, username)


def check_saved(connection: Connection, username: str, other: str, quotas: Quotas) -> None:
    """Raises TooManySavedChats, unless it is saved already."""
    if _exists(connection, "contacts WHERE user_username = ? AND chat_username = ?", username, other):
        return
    if _count(connection, "contacts WHERE user_username = ?", quotas.saved_chats_max, username) >= (
        quotas.saved_chats_max
    ):
        raise TooManySavedChats(quotas.saved_chats_max)


def check_drafts(connection: Connection, username: str, label: str, quotas: Quotas) -> None:
    """Raises TooManyDrafts, unless there is one of this conversation already."""
    if _is_one_more(connection, "drafts", username, label, quotas.drafts_max):
        raise TooManyDrafts(quotas.drafts_max)


def check_notification_levels(connection: Connection, username: str, label: str, quotas: Quotas) -> None:
    """Raises TooManyNotificationLevels, unless there is one of this conversation already."""
    if _is_one_more(connection, "notification_levels", username, label, quotas.notification_levels_max):
        raise TooManyNotificationLevels(quotas.notification_levels_max)


def check_joined(connection: Connection, conversation_id: int, username: str, quotas: Quotas) -> None:
    """Raises TooManyRooms or RoomFull for who would be one too many; who is there stays."""
    if _exists(connection, "memberships WHERE conversation_id = ? AND username = ?", conversation_id, username):
        return
    (owner,) = connection.execute(
        "SELECT owner_username FROM rooms WHERE conversation_id = ?", (conversation_id,)
    ).fetchone()
    if owner == username:  # counted when it was made
        return
    joined = _count(connection, f"memberships WHERE username = ? AND {IS_ROOM}", _most(quotas), username)
    if joined - rooms_owned(connection, username, quotas) >= quotas.rooms_joined_max:
        raise TooManyRooms(quotas.rooms_joined_max)
    members_max = quotas.room_members_max
    # Everyone may enter the one that belongs to nobody.
    if owner and _count(connection, "memberships WHERE conversation_id = ?", members_max, conversation_id) >= (
        members_max
    ):
        raise RoomFull(members_max)


def check_reactions(connection: Connection, message_id: int, emoji: str, username: str, quotas: Quotas) -> None:
    """Raises TooManyReactions for what would be one too many; what is there stays."""
    theirs = "reactions WHERE message_id = ? AND username = ?"
    if _exists(connection, f"{theirs} AND emoji = ?", message_id, username, emoji):
        return
    for source, values, most in (
        (theirs, (message_id, username), quotas.reactions_per_person_max),
        ("reactions WHERE message_id = ?", (message_id,), quotas.reactions_per_message_max),
    ):
        if _count(connection, source, most, *values) >= most:
            raise TooManyReactions(most)


def _most(quotas: Quotas) -> int:
    return quotas.rooms_owned_max + quotas.rooms_joined_max


def _is_one_more(connection: Connection, table: str, username: str, label: str, most: int) -> bool:
    if _exists(connection, f"{table} WHERE username = ? AND label = ?", username, label):
        return False
    return _count(connection, f"{table} WHERE username = ?", most, username) >= most


def _exists(connection: Connection, source: str, *values: object) -> bool:
    return connection.execute(f"SELECT 1 FROM {source} LIMIT 1", values).fetchone() is not None


def _count(connection: Connection, source: str, most: int, *values: object) -> int:
    """How many there are, up to `most`: what is beyond makes no difference."""
    (count,) = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM {source} LIMIT ?) AS found", (*values, most)
    ).fetchone()
    return int(count)
