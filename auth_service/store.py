"""The store: all SQL of the auth service, in what SQLite and PostgreSQL share.

Each function is one step of a transaction that `servicekit.database` runs.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec

from auth_service.domain.account import Account, Profile, Registration, fold, fold_username
from auth_service.domain.session import KNOWN_MARKS_MAX, KNOWN_S, SESSIONS_KEPT_S, Session
from servicekit.database import Connection, Row

T = TypeVar("T")

_ACCOUNT = "id, username, email, password, password_version, nickname, pfp, version"
_PROFILE = "username, nickname, pfp, version"
_SESSION = "sid, username, created_at, last_seen_at, expires_at, revoked_at, address, user_agent"

# Sorts behind every name that begins with what stands before it; names are compared byte by byte.
_LAST_CHARACTER = "\U0010ffff"


def add_account(connection: Connection, registration: Registration, *, password: str, now: float) -> Account | None:
    """The new account, its nickname being its username; None where the name is taken, or was before an erasure.

    A name that is taken uses up no id and no version. No erasure comes between the look and the insert: whoever
    writes waits for the commit of the last.
    """
    names = {"folded": fold_username(registration.username)}
    taken = connection.execute(
        "SELECT 1 FROM users WHERE username_folded = :folded"
        " UNION ALL SELECT 1 FROM erased WHERE username_folded = :folded",
        names,
    )
    if taken.fetchone() is not None:
        return None
    row = connection.execute(
        "INSERT INTO users (username, username_folded, email, password, nickname, nickname_folded,"
        " version, created_at)"
        " VALUES (:username, :folded, :email, :password, :username, :folded, :version, :now)"
        f" ON CONFLICT (username_folded) DO NOTHING RETURNING {_ACCOUNT}",
        {
            **names,
            "username": registration.username,
            "email": registration.email,
            "password": password,
            "version": _next_version(connection),
            "now": int(now),
        },
    ).fetchone()
    return _one(row, Account)


def find_account(connection: Connection, username: str) -> Account | None:
    query = f"SELECT {_ACCOUNT} FROM users WHERE username_folded = ?"
    return _one(connection.execute(query, (fold_username(username),)).fetchone(), Account)


def find_known_mark(connection: Connection, username: str, marks: Sequence[str], *, now: float) -> str | None:
    """The first of `marks` by which a device of `username` is known."""
    rows = connection.execute(
        "SELECT mark FROM known_devices JOIN users ON users.username = known_devices.username"
        f" WHERE username_folded = ? AND seen_at > ? AND mark IN ({', '.join('?' * len(marks))})",
        (fold_username(username), int(now - KNOWN_S), *marks),
    )
    known = {row["mark"] for row in rows}
    return next((mark for mark in marks if mark in known), None)


def list_profiles_by_prefix(connection: Connection, prefix: str, *, after: str, limit: int) -> list[Profile]:
    """Profiles whose username or nickname begins with `prefix`, by username, those behind `after`.

    A range instead of LIKE: it uses the index in both databases, and nothing in `prefix` has a meaning.
    """
    rows = connection.execute(
        f"SELECT {_PROFILE} FROM users"
        " WHERE ((username_folded >= :first AND username_folded < :last)"
        "     OR (nickname_folded >= :first AND nickname_folded < :last))"
        " AND username_folded > :after ORDER BY username_folded LIMIT :limit",
        {
            "first": fold(prefix),
            "last": fold(prefix) + _LAST_CHARACTER,
            "after": fold_username(after),
            "limit": limit,
        },
    )
    return _all(rows, Profile)


def list_profiles_after(connection: Connection, version: int, *, limit: int) -> list[Profile]:
    """Profiles that were made, changed or erased after `version`, each in its newest form, by version."""
    rows = connection.execute(
        f"SELECT {_PROFILE}, 0 AS is_erased FROM users WHERE version > :version"
        " UNION ALL SELECT username, username, '', version, 1 FROM erased WHERE version > :version"
        " ORDER BY version LIMIT :limit",
        {"version": version, "limit": limit},
    )
    return [
        Profile(row["username"], row["nickname"], row["pfp"], row["version"], bool(row["is_erased"])) for row in rows
    ]


def get_profile_version(connection: Connection) -> int:
    """The number of the last change of any profile."""
    (version,) = connection.execute("SELECT version FROM profile_version").fetchone()
    return int(version)


def set_nickname(connection: Connection, username: str, nickname: str) -> Profile | None:
    return _change_profile(connection, username, nickname=nickname, nickname_folded=fold(nickname))


def set_avatar(connection: Connection, username: str, url: str) -> Profile | None:
    return _change_profile(connection, username, pfp=url)


def change_password(
    connection: Connection, account: Account, *, password: str, kept_sid: str, now: float
) -> list[str] | None:
    """The sessions that this ended: all but `kept_sid`. None if the password is no longer `account`'s."""
    changed = connection.execute(
        "UPDATE users SET password = ?, password_version = password_version + 1 WHERE id = ? AND password_version = ?",
        (password, account.id, account.password_version),
    )
    return _revoke_sessions(connection, account.username, now, kept_sid=kept_sid) if changed.rowcount else None


def erase_account(connection: Connection, account: Account, *, now: float) -> tuple[int, list[str]] | None:
    """The version of the erasure, and the sessions that it ended. None if the password is no longer `account`'s.

    What is left is the name; its sessions stay revoked until their last token has expired, without where they were.
    """
    version = _next_version(connection)
    deleted = connection.execute(
        "DELETE FROM users WHERE id = ? AND password_version = ?", (account.id, account.password_version)
    )
    if not deleted.rowcount:
        return None
    connection.execute(
        "INSERT INTO erased (username, username_folded, version) VALUES (?, ?, ?)",
        (account.username, fold_username(account.username), version),
    )
    ended = _revoke_sessions(connection, account.username, now)
    connection.execute("UPDATE sessions SET address = '', user_agent = '' WHERE username = ?", (account.username,))
    connection.execute("DELETE FROM known_devices WHERE username = ?", (account.username,))
    return version, ended


def renew_hash(connection: Connection, account: Account, password: str) -> None:
    """Keep the same password under a newer hash, unless the person has changed it meanwhile."""
    connection.execute(
        "UPDATE users SET password = ? WHERE id = ? AND password_version = ?",
        (password, account.id, account.password_version),
    )


def sign_in(
    connection: Connection, session: Session, *, password_version: int, marks: Sequence[str], replaced_sid: str
) -> tuple[bool, bool]:
    """Whether `session` was opened, its device being known by `marks` from now on; and whether that ended another.

    It is not if its password has been changed since it was verified. It ends `replaced_sid` if that is the same
    person's.
    """
    if not open_session(connection, session, password_version=password_version):
        return False, False
    _know_device(connection, session.username, marks, now=session.created_at)
    return True, revoke_session(connection, session.username, replaced_sid, session.created_at)


def _know_device(connection: Connection, username: str, marks: Sequence[str], *, now: int) -> None:
    connection.executemany(
        "INSERT INTO known_devices (username, mark, seen_at) VALUES (?, ?, ?)"
        " ON CONFLICT (username, mark) DO UPDATE SET seen_at = excluded.seen_at",
        [(username, mark, now) for mark in marks],
    )
    connection.execute("DELETE FROM known_devices WHERE seen_at <= ?", (now - KNOWN_S,))
    connection.execute(
        "DELETE FROM known_devices WHERE username = :username AND mark NOT IN"
        " (SELECT mark FROM known_devices WHERE username = :username ORDER BY seen_at DESC, mark LIMIT :most)",
        {"username": username, "most": KNOWN_MARKS_MAX},
    )


def open_session(connection: Connection, session: Session, *, password_version: int) -> bool:
    """Add `session`, unless the password it was opened with has been changed since it was verified.

    Sessions whose last token expired a while before are forgotten on this occasion.
    """
    forget_before = session.created_at - SESSIONS_KEPT_S
    connection.execute("DELETE FROM sessions WHERE expires_at < ?", (forget_before,))
    added = connection.execute(
        f"INSERT INTO sessions ({_SESSION})"
        " SELECT :sid, username, :created_at, :last_seen_at, :expires_at, :revoked_at, :address, :user_agent"
        " FROM users WHERE username = :username AND password_version = :password_version",
        {**msgspec.structs.asdict(session), "password_version": password_version},
    )
    return added.rowcount == 1


def find_session(connection: Connection, sid: str) -> Session | None:
    query = f"SELECT {_SESSION} FROM sessions WHERE sid = ?"
    return _one(connection.execute(query, (sid,)).fetchone(), Session)


def see_session(connection: Connection, sid: str, now: float) -> None:
    connection.execute("UPDATE sessions SET last_seen_at = ? WHERE sid = ?", (int(now), sid))


def extend_session(connection: Connection, sid: str, *, expires_at: int, now: float) -> bool:
    """Let the session live until `expires_at`; False where it has been revoked."""
    extended = connection.execute(
        "UPDATE sessions SET expires_at = ?, last_seen_at = ? WHERE sid = ? AND revoked_at IS NULL",
        (expires_at, int(now), sid),
    )
    return extended.rowcount == 1


def revoke_session(connection: Connection, username: str, sid: str, now: float) -> bool:
    """Whether this ended an active session of `username`."""
    revoked = connection.execute(
        "UPDATE sessions SET revoked_at = :now"
        " WHERE sid = :sid AND username = :username AND revoked_at IS NULL AND expires_at > :now",
        {"now": int(now), "sid": sid, "username": username},
    )
    return revoked.rowcount == 1


def _revoke_sessions(connection: Connection, username: str, now: float, *, kept_sid: str = "") -> list[str]:
    """The active sessions that this ended: all but `kept_sid`."""
    rows = connection.execute(
        "UPDATE sessions SET revoked_at = :now WHERE username = :username AND sid <> :kept_sid"
        " AND revoked_at IS NULL AND expires_at > :now RETURNING sid",
        {"now": int(now), "username": username, "kept_sid": kept_sid},
    ).fetchall()
    return [row["sid"] for row in rows]


def list_active_sessions(connection: Connection, username: str, *, now: float, limit: int) -> list[Session]:
    """The last seen first."""
    query = (
        f"SELECT {_SESSION} FROM sessions WHERE username = ? AND revoked_at IS NULL AND expires_at > ?"
        " ORDER BY last_seen_at DESC, created_at DESC, sid LIMIT ?"
    )
    return _all(connection.execute(query, (username, int(now), limit)), Session)


def list_revoked_sids(connection: Connection, *, expired_before: float) -> list[str]:
    """Every revoked session whose last token expires later than that: bounded by a token's lifetime."""
    query = "SELECT sid FROM sessions WHERE revoked_at IS NOT NULL AND expires_at > ? ORDER BY expires_at, sid"
    return [row["sid"] for row in connection.execute(query, (int(expired_before),))]


def _change_profile(connection: Connection, username: str, **columns: str) -> Profile | None:
    """Set `columns` (names from this module only) and give the profile a new version."""
    assignments = ", ".join(f"{column} = :{column}" for column in columns)
    row = connection.execute(
        f"UPDATE users SET {assignments}, version = :version WHERE username = :username RETURNING {_PROFILE}",
        {**columns, "version": _next_version(connection), "username": username},
    ).fetchone()
    return _one(row, Profile)


def _next_version(connection: Connection) -> int:
    (version,) = connection.execute("UPDATE profile_version SET version = version + 1 RETURNING version").fetchone()
    return int(version)


def _one(row: Row | None, row_type: type[T]) -> T | None:
    return None if row is None else row_type(*row)


def _all(rows: Iterable[Row], row_type: type[T]) -> list[T]:
    return [row_type(*row) for row in rows]
