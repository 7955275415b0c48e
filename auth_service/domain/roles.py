"""Roles: who may do what here, and to whom."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from auth_service.domain.refusals import LastOwner, NotAllowed


class Role(StrEnum):
    OWNER = "owner"
    MODERATOR = "moderator"
    MEMBER = "member"


class Action(StrEnum):
    CHANGE_INSTANCE = "change the instance"
    CHANGE_ROLE = "change a role"
    MAKE_RESET_LINK = "make a reset link"
    BAN = "ban"
    END_BAN = "end a ban"
    LIST_PEOPLE = "list people"
    READ_AUDIT = "read the audit"
    INVITE = "invite"
    MANAGE_INVITATIONS = "see and end the invitations of others"


_OWNERS = frozenset({Role.OWNER})
_MODERATORS = _OWNERS | {Role.MODERATOR}
_ALLOWED: Mapping[Action, frozenset[Role]] = {
    Action.CHANGE_INSTANCE: _OWNERS,
    Action.CHANGE_ROLE: _OWNERS,
    Action.MAKE_RESET_LINK: _OWNERS,
    Action.BAN: _MODERATORS,
    Action.END_BAN: _MODERATORS,
    Action.LIST_PEOPLE: _MODERATORS,
    Action.READ_AUDIT: _MODERATORS,
    Action.INVITE: _MODERATORS,  # and members, where the instance says so
    Action.MANAGE_INVITATIONS: _MODERATORS,
}
_RANKS = {Role.MEMBER: 0, Role.MODERATOR: 1, Role.OWNER: 2}
_ON_LOWER_RANKS = frozenset({Action.BAN, Action.END_BAN})


class Actor(msgspec.Struct, frozen=True):
    """Who acts, and from where; without a name it is whoever has the machine, who may do everything."""

    username: str
    address: str = ""

    @property
    def has_the_machine(self) -> bool:
        return not self.username


THE_MACHINE = Actor("")


class Standing(msgspec.Struct, frozen=True):
    """What somebody is here."""

    username: str
    role: Role
    is_banned: bool


def may(role: Role, action: Action, *, on: Role | None = None, members_may_invite: bool = False) -> bool:
    """Whether who has `role` may do it, to somebody who has the role `on` where it is done to somebody."""
    if action is Action.INVITE and members_may_invite:
        return True
    if on is not None and action in _ON_LOWER_RANKS and _RANKS[on] >= _RANKS[role]:
        return False
    return role in _ALLOWED[action]


def check_act(
    actor: Standing | None, action: Action, *, on: Role | None = None, members_may_invite: bool = False
) -> None:
    """`actor` is None for whoever has the machine. Raises NotAllowed."""
    if actor is None:
        return
    if actor.is_banned or not may(actor.role, action, on=on, members_may_invite=members_may_invite):
        raise NotAllowed


def check_an_owner_stays(leaving: Standing, *, owners_count: int) -> None:
    """For who is to be an owner no more; `owners_count` are those who are not banned. Raises LastOwner."""
    if leaving.role is Role.OWNER and not leaving.is_banned and owners_count <= 1:
        raise LastOwner
