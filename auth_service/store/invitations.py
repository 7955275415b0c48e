"""Invitations as they are kept."""

from auth_service.domain.invitations import LINKS_KEPT_S, Invitation, NewInvitation
from auth_service.domain.moderation import HOUR_S, Act
from auth_service.domain.refusals import (
    InvitationNeeded,
    InvitationSpent,
    NotAllowed,
    TooOften,
    UnknownLink,
    UnknownUser,
)
from auth_service.domain.roles import Action, Actor, check_act, may
from auth_service.store.audit import note
from auth_service.store.instance import members_may_invite
from auth_service.store.roles import get_standing, standing_of_actor
from auth_service.store.rows import all_of, one
from servicekit.database import Connection, Database, hold

_INVITATION = "number, code, username, room, uses, uses_max, created_at, expires_at, ended_at"


class InvitationStore:
    def __init__(self, database: Database, *, per_hour: int) -> None:
        self._database = database
        self._per_hour = per_hour

    async def add(self, actor: Actor, new: NewInvitation, *, code: str, now: float) -> Invitation:
        """Raises NotAllowed or TooOften."""
        return await self._database.write(_add, actor, new, code=code, per_hour=self._per_hour, now=now)

    async def get(self, code: str, *, now: float) -> tuple[Invitation, bool]:
        """With whether it is good now. Raises UnknownLink."""
        return await self._database.read(_get_with_state, code, now=now)

    async def list_before(self, actor: Actor, number: int, *, limit: int) -> list[Invitation]:
        """The actor's own, or all where they may see those of others; the newest first."""
        return await self._database.read(_list_before, actor, number, limit=limit)

    async def end(self, actor: Actor, code: str, *, now: float) -> None:
        """Raises UnknownLink, also for who may not end it."""
        await self._database.write(_end, actor, code, now=now)


def use_invitation(connection: Connection, code: str, *, now: float) -> Invitation:
    """In the transaction of the registration. Raises InvitationNeeded or InvitationSpent.

    Of two for the last use exactly one succeeds: the other waits for the row, and finds it used up.
    """
    invitation = _find(connection, code)
    if invitation is None:
        raise InvitationNeeded
    taken = connection.execute(
        "UPDATE invitations SET uses = uses + 1 WHERE number = ? AND uses < uses_max AND ended_at IS NULL",
        (invitation.number,),
    )
    if not (taken.rowcount and _is_good(connection, invitation, now)):
        raise InvitationSpent
    return invitation


def check_invitation(connection: Connection, code: str, *, now: float) -> None:
    """Raises InvitationNeeded or InvitationSpent."""
    invitation = _find(connection, code)
    if invitation is None:
        raise InvitationNeeded
    if not _is_good(connection, invitation, now):
        raise InvitationSpent


def end_invitations_of(connection: Connection, username: str, *, now: float) -> None:
    connection.execute(
        "UPDATE invitations SET ended_at = ? WHERE username = ? AND ended_at IS NULL", (int(now), username)
    )


def _find(connection: Connection, code: str) -> Invitation | None:
    query = f"SELECT {_INVITATION} FROM invitations WHERE code = ?"
    return one(connection.execute(query, (code,)).fetchone(), Invitation)


def _is_good(connection: Connection, invitation: Invitation, now: float) -> bool:
    """Whoever invites has to be allowed to when it is used, too; an empty name is whoever has the machine."""
    if not invitation.is_good(now):
        return False
    if not invitation.username:
        return True
    try:
        inviter = get_standing(connection, invitation.username)
    except UnknownUser:
        return False
    is_allowed = may(inviter.role, Action.INVITE, members_may_invite=members_may_invite(connection))
    return is_allowed and not inviter.is_banned


def _add(
    connection: Connection, actor: Actor, new: NewInvitation, *, code: str, per_hour: int, now: float
) -> Invitation:
    hold(connection, f"invitations of {actor.username}")
    standing = standing_of_actor(connection, actor)
    check_act(standing, Action.INVITE, members_may_invite=members_may_invite(connection))
    if standing is not None:
        _check_rate(connection, standing.username, per_hour, now)
    connection.execute("DELETE FROM invitations WHERE expires_at < ?", (int(now) - LINKS_KEPT_S,))
    row = connection.execute(
        "INSERT INTO invitations (code, username, room, uses, uses_max, created_at, expires_at)"
        f" VALUES (:code, :username, :room, 0, :uses_max, :now, :expires_at) RETURNING {_INVITATION}",
        {
            "code": code,
            "username": actor.username if standing is None else standing.username,
            "room": new.room,
            "uses_max": new.uses_max,
            "now": int(now),
            "expires_at": int(now) + new.expires_in_s,
        },
    ).fetchone()
    uses = f"{new.uses_max} use{'' if new.uses_max == 1 else 's'}"
    note(connection, actor, Act.INVITE, detail=f"{uses}, #{new.room}" if new.room else uses, now=now)
    return Invitation(*row)


def _check_rate(connection: Connection, username: str, per_hour: int, now: float) -> None:
    if not per_hour:
        return
    row = connection.execute(
        "SELECT created_at FROM invitations WHERE username = ? AND created_at > ?"
        " ORDER BY created_at DESC LIMIT 1 OFFSET ?",
        (username, int(now) - HOUR_S, per_hour - 1),
    ).fetchone()
    if row is not None:
        raise TooOften("invitations", max(1, int(row[0]) + HOUR_S - int(now)))


def _get_with_state(connection: Connection, code: str, *, now: float) -> tuple[Invitation, bool]:
    invitation = _find(connection, code)
    if invitation is None:
        raise UnknownLink
    return invitation, _is_good(connection, invitation, now)


def _list_before(connection: Connection, actor: Actor, number: int, *, limit: int) -> list[Invitation]:
    rows = connection.execute(
        f"SELECT {_INVITATION} FROM invitations WHERE number < :number AND (username = :username OR :all = 1)"
        " ORDER BY number DESC LIMIT :limit",
        {
            "number": number,
            "username": actor.username,
            "all": int(_manages(connection, actor)),
            "limit": limit,
        },
    )
    return all_of(rows, Invitation)


def _end(connection: Connection, actor: Actor, code: str, *, now: float) -> None:
    invitation = _find(connection, code)
    if invitation is None or not (invitation.username == actor.username or _manages(connection, actor)):
        raise UnknownLink
    ended = connection.execute(
        "UPDATE invitations SET ended_at = ? WHERE number = ? AND ended_at IS NULL", (int(now), invitation.number)
    )
    if ended.rowcount:
        note(connection, actor, Act.END_INVITATION, target=invitation.username, now=now)


def _manages(connection: Connection, actor: Actor) -> bool:
    try:
        check_act(standing_of_actor(connection, actor), Action.MANAGE_INVITATIONS)
    except NotAllowed:
        return False
    return True
