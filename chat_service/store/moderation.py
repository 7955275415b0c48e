"""Moderation, carried out: roles in rooms, timeouts and slow mode, and the list of such acts."""

import msgspec

from chat_service.domain.changes import Kind
from chat_service.domain.conversations import Label
from chat_service.domain.intents import ChangeRoom, Draft, Moderate, SetRole, TimeOut
from chat_service.domain.moderation import Act, is_slowed
from chat_service.domain.refusals import NotAMember, NotTheOwner, SlowMode, TimedOut
from chat_service.store.log_end import Done, LogEnd
from chat_service.store.positions import check_may, positions
from servicekit.database import Connection, Row
from servicekit.times import rfc3339_later, seconds_until


def find_membership(connection: Connection, username: str, label: str) -> Row | None:
    """Asked of the store each time, inside the transaction: who was removed a moment ago is not in it."""
    row: Row | None = connection.execute(
        "SELECT timed_out_until FROM memberships WHERE username = ? AND label = ?", (username, label)
    ).fetchone()
    return row


def check_is_in(connection: Connection, username: str, label: Label) -> None:
    """Raises NotAMember for a room that they are not in. With everybody else one may have a conversation."""
    if label.is_room and find_membership(connection, username, label.text) is None:
        raise NotAMember(label.text)


def check_not_timed_out(draft: Draft, end: LogEnd, until: str | None) -> None:
    """Raises TimedOut."""
    if until is not None and until > draft.timestamp:
        raise TimedOut(end.conversation.room_name or "", max(1, seconds_until(until, draft.timestamp)))


def check_slow_mode(connection: Connection, draft: Draft, end: LogEnd) -> None:
    """Ask last, in a room that has it: then they have written now. Raises SlowMode."""
    if not is_slowed(positions(connection, end.id, draft.author, acts=True)):
        return
    row = connection.execute(
        "SELECT wrote_at FROM slow_writers WHERE conversation_id = ? AND username = ?", (end.id, draft.author)
    ).fetchone()
    if row is not None:
        left_s = seconds_until(rfc3339_later(row[0], end.slow_mode_s), draft.timestamp)
        if left_s:  # never more than the mode itself, whatever another instance's clock said
            raise SlowMode(end.conversation.room_name or "", end.slow_mode_s, min(left_s, end.slow_mode_s))
    connection.execute(
        "INSERT INTO slow_writers (conversation_id, username, wrote_at) VALUES (?, ?, ?)"
        " ON CONFLICT (conversation_id, username) DO UPDATE SET wrote_at = excluded.wrote_at",
        (end.id, draft.author, draft.timestamp),
    )


def moderate(connection: Connection, draft: Draft, end: LogEnd, intent: Moderate) -> Done:
    match intent:
        case ChangeRoom():
            return _change_room(connection, draft, end, intent)
        case SetRole():
            return _set_role(connection, draft, end, intent)
        case TimeOut():
            return _time_out(connection, draft, end, intent)


def _change_room(connection: Connection, draft: Draft, end: LogEnd, change: ChangeRoom) -> Done:
    """Raises NotTheOwner or NotAllowed."""
    row = connection.execute(
        "SELECT topic, is_private, owner_username, section, position FROM rooms WHERE conversation_id = ?", (end.id,)
    ).fetchone()
    if not change.is_for_moderators and row["owner_username"] != draft.author:
        raise NotTheOwner
    slows = _set_slow_mode(connection, draft, end, change.slow_mode_s)
    if change.section is not None or change.position is not None:
        check_may(connection, end, Act.SET_SLOW_MODE, draft.author)  # the same people; it is no act for the audit
    old = (row["topic"], bool(row["is_private"]), row["section"], row["position"])
    wanted = (change.topic, change.private, change.section, change.position)
    topic, private, section, position = (o if w is None else w for o, w in zip(old, wanted, strict=True))
    new = (topic, private, section or None, position)
    connection.execute(
        "UPDATE rooms SET topic = ?, is_private = ?, section = ?, position = ? WHERE conversation_id = ?",
        (*new, end.id),
    )
    now = dict(zip(("topic", "private", "section", "position"), new, strict=True))
    return Done(
        Kind.ROOM_CHANGED,
        has_changed=slows or new != old,
        value=_json({**now, "slow_mode_s": end.slow_mode_s, "owner": row["owner_username"]}),
        act=Act.SET_SLOW_MODE if slows else None,
        target=str(end.slow_mode_s),
    )


def _set_slow_mode(connection: Connection, draft: Draft, end: LogEnd, seconds: int | None) -> bool:
    """Whether that changes anything; None: it stays. Raises NotAllowed."""
    if seconds is None:
        return False
    check_may(connection, end, Act.SET_SLOW_MODE, draft.author)
    if seconds == end.slow_mode_s:
        return False
    end.slow_mode_s = seconds
    connection.execute("UPDATE conversations SET slow_mode_s = ? WHERE id = ?", (seconds, end.id))
    connection.execute("DELETE FROM slow_writers WHERE conversation_id = ?", (end.id,))
    return True


def _set_role(connection: Connection, draft: Draft, end: LogEnd, wanted: SetRole) -> Done:
    """Raises NotTheOwner, NotAllowed or NotAMember."""
    owner = connection.execute("SELECT owner_username FROM rooms WHERE conversation_id = ?", (end.id,)).fetchone()[0]
    if owner != draft.author:
        raise NotTheOwner
    if find_membership(connection, wanted.username, end.conversation.name) is None:
        raise NotAMember(end.conversation.room_name or "", wanted.username)
    check_may(connection, end, Act.SET_ROLE, draft.author, wanted.username)
    changed = connection.execute(
        "UPDATE memberships SET role = ? WHERE conversation_id = ? AND username = ? AND role <> ?",
        (wanted.role.value, end.id, wanted.username, wanted.role.value),
    )
    value = _json({"role": wanted.role, "by": draft.author})
    return Done(
        Kind.ROLE, changed.rowcount == 1, value=value, whom=wanted.username, act=Act.SET_ROLE, target=wanted.username
    )


def _time_out(connection: Connection, draft: Draft, end: LogEnd, wanted: TimeOut) -> Done:
    """Also of who is not there: it holds when they come. Raises NotAllowed."""
    act = Act.END_TIMEOUT if wanted.until is None else Act.TIME_OUT
    check_may(connection, end, act, draft.author, wanted.username)
    connection.execute("DELETE FROM timeouts WHERE conversation_id = ? AND until <= ?", (end.id, draft.timestamp))
    before = connection.execute(
        "SELECT until FROM timeouts WHERE conversation_id = ? AND username = ?", (end.id, wanted.username)
    ).fetchone()
    connection.execute("DELETE FROM timeouts WHERE conversation_id = ? AND username = ?", (end.id, wanted.username))
    if wanted.until is not None:
        connection.execute(
            "INSERT INTO timeouts (conversation_id, username, until) VALUES (?, ?, ?)",
            (end.id, wanted.username, wanted.until),
        )
    connection.execute(
        "UPDATE memberships SET timed_out_until = ? WHERE conversation_id = ? AND username = ?",
        (wanted.until, end.id, wanted.username),
    )
    return Done(
        Kind.TIMED_OUT,
        (before[0] if before else None) != wanted.until,
        value=_json({"until": wanted.until, "by": draft.author}),
        whom=wanted.username,
        act=act,
        target=wanted.username,
    )


def note_act(connection: Connection, draft: Draft, end: LogEnd, done: Done) -> None:
    """For the audit, which moderators of the community read: it does not name private rooms."""
    if done.act is None:
        return
    connection.execute(
        "INSERT INTO acts (actor, act, target, room, at) VALUES (?, ?, ?,"
        " coalesce((SELECT name FROM rooms WHERE conversation_id = ? AND is_private = 0), ''), ?)",
        (draft.author, done.act.value, done.target, end.id, draft.timestamp),
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
