"""Sessions as they are kept, and the devices that people are known by."""

from collections.abc import Sequence

import msgspec

from auth_service.domain.account import fold_username
from auth_service.domain.session import DEVICE_MARKS_MAX, KNOWN_S, SESSIONS_KEPT_S, Session
from auth_service.store.rows import all_of, one
from servicekit.database import Connection, Database

_SESSION = "sid, username, created_at, last_seen_at, expires_at, revoked_at, address, user_agent"


class SessionStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def sign_in(
        self,
        session: Session,
        *,
        password_version: int,
        device_marks: Sequence[str],
        replaced_session_id: str,
        active_max: int,
    ) -> list[str] | None:
        """The sessions that ended as `session` was opened; None where it was not."""
        return await self._database.write(
            _sign_in,
            session,
            password_version=password_version,
            device_marks=device_marks,
            replaced_session_id=replaced_session_id,
            active_max=active_max,
        )

    async def find(self, session_id: str) -> Session | None:
        return await self._database.read_few(_find, session_id)

    async def find_device_mark(self, username: str, device_marks: Sequence[str], *, now: float) -> str | None:
        """The first of `device_marks` by which a device of `username` is known."""
        return await self._database.read_few(_find_device_mark, username, device_marks, now=now)

    async def see(self, session_id: str, now: float) -> None:
        """It was in use."""
        await self._database.write(_see, session_id, now)

    async def extend(self, session_id: str, *, expires_at: int, now: float) -> bool:
        """Let the session live until `expires_at`; False where it has been revoked."""
        return await self._database.write(_extend, session_id, expires_at=expires_at, now=now)

    async def revoke(self, username: str, session_id: str, now: float) -> bool:
        """Whether this ended an active session of `username`. Who makes ids up costs the disk nothing."""
        session = await self._database.read_few(_find, session_id)
        if session is None or session.username != username:
            return False
        return await self._database.write(_revoke, username, session_id, now)

    async def list_active(self, username: str, *, now: float, limit: int) -> list[Session]:
        """The last seen first."""
        return await self._database.read(_list_active, username, now=now, limit=limit)

    async def list_revoked(self, *, expired_before: float) -> list[str]:
        """The id of every revoked session whose last token expires later than that."""
        return await self._database.read(_list_revoked, expired_before=expired_before)


def _sign_in(
    connection: Connection,
    session: Session,
    *,
    password_version: int,
    device_marks: Sequence[str],
    replaced_session_id: str,
    active_max: int,
) -> list[str] | None:
    """The sessions that ended as `session` was opened, its device being known by its marks from now on.

    None if the person was banned, or the password changed, since it was verified. What ends is `replaced_session_id`,
    if that is the same person's, and of more than `active_max` those that were last seen the longest ago.
    """
    if not _open(connection, session, password_version=password_version):
        return None
    username, now = session.username, session.created_at
    _know_device(connection, username, device_marks, now=now)
    replaced = [replaced_session_id] if _revoke(connection, username, replaced_session_id, now) else []
    return replaced + _revoke_beyond(connection, session, active_max - 1)


def _know_device(connection: Connection, username: str, device_marks: Sequence[str], *, now: int) -> None:
    connection.executemany(
        "INSERT INTO known_devices (username, mark, seen_at) VALUES (?, ?, ?)"
        " ON CONFLICT (username, mark) DO UPDATE SET seen_at = excluded.seen_at",
        [(username, mark, now) for mark in device_marks],
    )
    connection.execute("DELETE FROM known_devices WHERE seen_at <= ?", (now - KNOWN_S,))
    connection.execute(
        "DELETE FROM known_devices WHERE username = :username AND mark NOT IN"
        " (SELECT mark FROM known_devices WHERE username = :username ORDER BY seen_at DESC, mark LIMIT :most)",
        {"username": username, "most": DEVICE_MARKS_MAX},
    )


def _open(connection: Connection, session: Session, *, password_version: int) -> bool:
    """Add `session`, unless the person was banned, or the password changed, since it was verified.

    Sessions whose last token expired a while before are forgotten on this occasion.
    """
    forget_before = session.created_at - SESSIONS_KEPT_S
    connection.execute("DELETE FROM sessions WHERE expires_at < ?", (forget_before,))
    held = connection.execute(  # it cannot be changed until this is committed
        "UPDATE users SET password_version = password_version"
        " WHERE username = ? AND password_version = ? AND banned_at IS NULL",
        (session.username, password_version),
    )
    if not held.rowcount:
        return False
    connection.execute(
        f"INSERT INTO sessions ({_SESSION}) VALUES"
        " (:session_id, :username, :created_at, :last_seen_at, :expires_at, :revoked_at, :ip_address, :user_agent)",
        msgspec.structs.asdict(session),
    )
    return True


def _find(connection: Connection, session_id: str) -> Session | None:
    query = f"SELECT {_SESSION} FROM sessions WHERE sid = ?"
    return one(connection.execute(query, (session_id,)).fetchone(), Session)


def _find_device_mark(connection: Connection, username: str, device_marks: Sequence[str], *, now: float) -> str | None:
    """The first of `device_marks` by which a device of `username` is known."""
    rows = connection.execute(
        "SELECT mark FROM known_devices JOIN users ON users.username = known_devices.username"
        f" WHERE username_folded = ? AND seen_at > ? AND mark IN ({', '.join('?' * len(device_marks))})",
        (fold_username(username), int(now - KNOWN_S), *device_marks),
    )
    known = {row["mark"] for row in rows}
    return next((mark for mark in device_marks if mark in known), None)


def _see(connection: Connection, session_id: str, now: float) -> None:
    connection.execute("UPDATE sessions SET last_seen_at = ? WHERE sid = ?", (int(now), session_id))


def _extend(connection: Connection, session_id: str, *, expires_at: int, now: float) -> bool:
    """Let the session live until `expires_at`; False where it has been revoked."""
    extended = connection.execute(
        "UPDATE sessions SET expires_at = ?, last_seen_at = ? WHERE sid = ? AND revoked_at IS NULL",
        (expires_at, int(now), session_id),
    )
    return extended.rowcount == 1


def _revoke(connection: Connection, username: str, session_id: str, now: float) -> bool:
    """Whether this ended an active session of `username`."""
    revoked = connection.execute(
        "UPDATE sessions SET revoked_at = :now"
        " WHERE sid = :sid AND username = :username AND revoked_at IS NULL AND expires_at > :now",
        {"now": int(now), "sid": session_id, "username": username},
    )
    return revoked.rowcount == 1


def _revoke_beyond(connection: Connection, kept: Session, others_max: int) -> list[str]:
    rows = connection.execute(
        "UPDATE sessions SET revoked_at = :now WHERE sid IN"
        " (SELECT sid FROM sessions WHERE username = :username AND sid <> :kept AND revoked_at IS NULL"
        "  AND expires_at > :now ORDER BY last_seen_at DESC, created_at DESC, sid LIMIT :all OFFSET :most)"
        " RETURNING sid",
        {
            "now": kept.created_at,
            "username": kept.username,
            "kept": kept.session_id,
            "most": others_max,
            "all": 2**31 - 1,  # SQLite has no OFFSET alone
        },
    ).fetchall()
    return [row["sid"] for row in rows]


def revoke_all(connection: Connection, username: str, now: float, *, kept_session_id: str = "") -> list[str]:
    """The active sessions that this ended: all but `kept_session_id`."""
    rows = connection.execute(
        "UPDATE sessions SET revoked_at = :now WHERE username = :username AND sid <> :kept_session_id"
        " AND revoked_at IS NULL AND expires_at > :now RETURNING sid",
        {"now": int(now), "username": username, "kept_session_id": kept_session_id},
    ).fetchall()
    return [row["sid"] for row in rows]


def _list_active(connection: Connection, username: str, *, now: float, limit: int) -> list[Session]:
    """The last seen first."""
    query = (
        f"SELECT {_SESSION} FROM sessions WHERE username = ? AND revoked_at IS NULL AND expires_at > ?"
        " ORDER BY last_seen_at DESC, created_at DESC, sid LIMIT ?"
    )
    return all_of(connection.execute(query, (username, int(now), limit)), Session)


def _list_revoked(connection: Connection, *, expired_before: float) -> list[str]:
    """Every revoked session whose last token expires later than that: bounded by a token's lifetime."""
    query = "SELECT sid FROM sessions WHERE revoked_at IS NOT NULL AND expires_at > ? ORDER BY expires_at, sid"
    return [row["sid"] for row in connection.execute(query, (int(expired_before),))]
