"""Accounts as they are kept, with the versions of their profiles."""

from collections.abc import Mapping, Sequence

from auth_service.domain.account import Account, Profile, Registration, fold, fold_username
from auth_service.domain.refusals import LastOwner
from auth_service.domain.roles import Role
from auth_service.store.admission import Admission, admit, check_admission
from auth_service.store.audit import forget_addresses_of
from auth_service.store.invitations import end_invitations_of
from auth_service.store.password_resets import end_reset_links_of
from auth_service.store.patterns import containing
from auth_service.store.roles import count_owners, hold_roles
from auth_service.store.sessions import revoke_all
from auth_service.store.versions import get_profile_version, next_version
from servicekit.database import Connection, Database, Outdated, Row

_BANNED = "CASE WHEN banned_at IS NULL THEN 0 ELSE 1 END AS banned"
_ACCOUNT = f"id, username, email, password, password_version, nickname, pfp, status, version, role, {_BANNED}"
_PROFILE = f"username, nickname, pfp, version, role, {_BANNED}, 0 AS erased, invited_by, invited_to, status"

# Sorts behind every name that begins with what stands before it; names are compared byte by byte.
_LAST_CHARACTER = "\U0010ffff"


class AccountStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def check_admission(self, admission: Admission, *, now: float) -> None:
        """Raises RegistrationClosed, InvitationNeeded or InvitationSpent."""
        await self._database.read_few(check_admission, admission, now=now)

    async def add(
        self, registration: Registration, *, password: str, admission: Admission, now: float
    ) -> Account | None:
        """The new account; None where the name is taken, or was before an erasure. Raises as `check_admission`."""
        return await self._database.write(_add, registration, password=password, admission=admission, now=now)

    async def find(self, username: str) -> Account | None:
        return await self._database.read_few(_find, username)

    async def list_profiles_by_prefix(self, asker: str, prefix: str, *, after: str, limit: int) -> list[Profile]:
        """Those whose username or nickname begins with `prefix`, by username. Raises TooManyAtOnce or TookTooLong."""
        return await self._database.read_long(asker, _list_profiles_by_prefix, prefix, after=after, limit=limit)

    async def list_profiles_by_part(self, asker: str, part: str, *, after: str, limit: int) -> list[Profile]:
        """Those in whose username or nickname it stands, by username. Raises TooManyAtOnce or TookTooLong."""
        return await self._database.read_long(asker, _list_profiles_by_part, part, after=after, limit=limit)

    async def list_profiles(self, usernames: Sequence[str]) -> list[Profile]:
        """Those of them who are here, by username."""
        return await self._database.read(_list_profiles, usernames)

    async def list_profiles_after(self, version: int, *, limit: int) -> list[Profile]:
        """Those that were made, changed or erased after `version`, by version."""
        return await self._database.read(_list_profiles_after, version, limit=limit)

    async def get_profile_version(self) -> int:
        """The number of the last change of any profile."""
        return await self._database.read_few(get_profile_version)

    async def set_nickname(self, username: str, nickname: str) -> tuple[Profile, bool] | None:
        """With whether that is anything new; None where there is nobody. The same for the others."""
        columns = {"nickname": nickname, "nickname_folded": fold(nickname)}
        return await self._database.write(_change_profile, username, columns)

    async def set_avatar(self, username: str, url: str) -> tuple[Profile, bool] | None:
        return await self._database.write(_change_profile, username, {"pfp": url})

    async def set_status(self, username: str, status: str) -> tuple[Profile, bool] | None:
        return await self._database.write(_change_profile, username, {"status": status})

    async def set_email(self, account: Account, email: str | None) -> bool:
        """False if the password is no longer `account`'s."""
        return await self._database.write(_set_email, account, email)

    async def change_password(
        self, account: Account, *, password: str, kept_session_id: str, now: float
    ) -> list[str] | None:
        """The ids of the sessions that this ended. None if the password is no longer `account`'s."""
        return await self._database.write(
            _change_password, account, password=password, kept_session_id=kept_session_id, now=now
        )

    async def renew_hash(self, account: Account, password: str) -> None:
        """Keep the same password under a newer hash, unless the person has changed it meanwhile."""
        await self._database.write(_renew_hash, account, password)

    async def erase(self, account: Account, *, now: float) -> tuple[int, list[str]] | None:
        """The version of the erasure, and the sessions that it ended. None if the password is no longer `account`'s.

        Raises LastOwner.
        """
        return await self._database.write(_erase, account, now=now)


def _add(
    connection: Connection, registration: Registration, *, password: str, admission: Admission, now: float
) -> Account | None:
    """The new account, its nickname being its username; None where the name is taken, or was before an erasure.

    A name that is taken uses up no id, no version and no invitation. No erasure comes between the look and the insert:
    whoever writes waits for the commit of the last.
    """
    names = {"folded": fold_username(registration.username)}
    taken = connection.execute(
        "SELECT 1 FROM users WHERE username_folded = :folded"
        " UNION ALL SELECT 1 FROM erased WHERE username_folded = :folded",
        names,
    )
    if taken.fetchone() is not None:
        return None
    invitation = admit(connection, admission, now=now)
    row = connection.execute(
        "INSERT INTO users (username, username_folded, email, password, nickname, nickname_folded,"
        " version, created_at, invited_by, invited_to)"
        " VALUES (:username, :folded, :email, :password, :username, :folded, :version, :now, :invited_by, :invited_to)"
        f" ON CONFLICT (username_folded) DO NOTHING RETURNING {_ACCOUNT}",
        {
            **names,
            "username": registration.username,
            "email": registration.email,
            "password": password,
            "version": next_version(connection),
            "now": int(now),
            "invited_by": invitation.username if invitation else None,
            "invited_to": invitation.room if invitation else None,
        },
    ).fetchone()
    if row is None:  # somebody was quicker
        raise Outdated
    return _account_of(row)


def _find(connection: Connection, username: str) -> Account | None:
    query = f"SELECT {_ACCOUNT} FROM users WHERE username_folded = ?"
    row = connection.execute(query, (fold_username(username),)).fetchone()
    return None if row is None else _account_of(row)


def _list_profiles_by_prefix(connection: Connection, prefix: str, *, after: str, limit: int) -> list[Profile]:
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
    return list(map(_profile_of, rows))


def _list_profiles_by_part(connection: Connection, part: str, *, after: str, limit: int) -> list[Profile]:
    rows = connection.execute(
        f"SELECT {_PROFILE} FROM users"
        r" WHERE (username_folded LIKE :part ESCAPE '\' OR nickname_folded LIKE :part ESCAPE '\')"
        " AND username_folded > :after ORDER BY username_folded LIMIT :limit",
        {"part": containing(fold(part)), "after": fold_username(after), "limit": limit},
    )
    return list(map(_profile_of, rows))


def _list_profiles(connection: Connection, usernames: Sequence[str]) -> list[Profile]:
    marks = ", ".join("?" for _ in usernames)
    rows = connection.execute(
        f"SELECT {_PROFILE} FROM users WHERE username_folded IN ({marks}) ORDER BY username_folded",
        tuple(map(fold_username, usernames)),
    )
    return list(map(_profile_of, rows))


def _list_profiles_after(connection: Connection, version: int, *, limit: int) -> list[Profile]:
    """Profiles that were made, changed or erased after `version`, each in its newest form, by version."""
    rows = connection.execute(
        f"SELECT {_PROFILE} FROM users WHERE version > :version"
        " UNION ALL SELECT username, username, '', version, 'member', 0, 1, NULL, NULL, '' FROM erased"
        " WHERE version > :version ORDER BY version LIMIT :limit",
        {"version": version, "limit": limit},
    )
    return list(map(_profile_of, rows))


def _set_email(connection: Connection, account: Account, email: str | None) -> bool:
    changed = connection.execute(
        "UPDATE users SET email = ? WHERE id = ? AND password_version = ?",
        (email, account.id, account.password_version),
    )
    return changed.rowcount == 1


def _change_password(
    connection: Connection, account: Account, *, password: str, kept_session_id: str, now: float
) -> list[str] | None:
    """The sessions that this ended: all but `kept_session_id`. None if the password is no longer `account`'s."""
    changed = connection.execute(
        "UPDATE users SET password = ?, password_version = password_version + 1 WHERE id = ? AND password_version = ?",
        (password, account.id, account.password_version),
    )
    return revoke_all(connection, account.username, now, kept_session_id=kept_session_id) if changed.rowcount else None


def _erase(connection: Connection, account: Account, *, now: float) -> tuple[int, list[str]] | None:
    """The version of the erasure, and the sessions that it ended. None if the password is no longer `account`'s.

    What is left is the name; its sessions stay revoked until their last token has expired, without where they were.
    Raises LastOwner.
    """
    hold_roles(connection)
    version = next_version(connection)
    deleted = connection.execute(
        "DELETE FROM users WHERE id = ? AND password_version = ? RETURNING role", (account.id, account.password_version)
    ).fetchone()
    if deleted is None:
        return None
    if deleted["role"] == Role.OWNER and not count_owners(connection):
        raise LastOwner
    connection.execute(
        "INSERT INTO erased (username, username_folded, version) VALUES (?, ?, ?)",
        (account.username, fold_username(account.username), version),
    )
    ended = revoke_all(connection, account.username, now)
    connection.execute("UPDATE sessions SET address = '', user_agent = '' WHERE username = ?", (account.username,))
    connection.execute("DELETE FROM known_devices WHERE username = ?", (account.username,))
    end_invitations_of(connection, account.username, now=now)
    end_reset_links_of(connection, account.username, now=now)
    forget_addresses_of(connection, account.username)
    return version, ended


def _renew_hash(connection: Connection, account: Account, password: str) -> None:
    """Keep the same password under a newer hash, unless the person has changed it meanwhile."""
    connection.execute(
        "UPDATE users SET password = ? WHERE id = ? AND password_version = ?",
        (password, account.id, account.password_version),
    )


def _change_profile(connection: Connection, username: str, columns: Mapping[str, str]) -> tuple[Profile, bool] | None:
    """Set `columns` (names from this module only); a new version only where that is anything new: all hear of it."""
    names = ", ".join(columns)
    row = connection.execute(f"SELECT {names}, {_PROFILE} FROM users WHERE username = ?", (username,)).fetchone()
    if row is None:
        return None
    if all(row[name] == value for name, value in columns.items()):
        return _profile_of(row), False
    assignments = ", ".join(f"{column} = :{column}" for column in columns)
    changed = connection.execute(
        f"UPDATE users SET {assignments}, version = :version WHERE username = :username RETURNING {_PROFILE}",
        {**columns, "version": next_version(connection), "username": username},
    ).fetchone()
    return None if changed is None else (_profile_of(changed), True)


def _account_of(row: Row) -> Account:
    return Account(
        id=row["id"],
        username=row["username"],
        email=row["email"],
        password=row["password"],
        password_version=row["password_version"],
        nickname=row["nickname"],
        pfp=row["pfp"],
        status=row["status"],
        version=row["version"],
        role=Role(row["role"]),
        is_banned=bool(row["banned"]),
    )


def _profile_of(row: Row) -> Profile:
    return Profile(
        username=row["username"],
        nickname=row["nickname"],
        pfp=row["pfp"],
        version=row["version"],
        role=Role(row["role"]),
        banned=bool(row["banned"]),
        erased=bool(row["erased"]),
        invited_by=row["invited_by"],
        invited_to=row["invited_to"],
        status=row["status"],
    )
