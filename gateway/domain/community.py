"""The community, as pages show it: the instance, invitations, people and their roles, the audit, and reports."""

from datetime import datetime
from typing import Literal

import msgspec

from gateway.domain.people import Person

_RANKS = {"member": 0, "moderator": 1, "owner": 2}
ROLES = tuple(_RANKS)


def is_moderator(role: str) -> bool:
    """Whether they may moderate here; who owns the instance may."""
    return _RANKS.get(role, 0) > 0


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    name: str = "Parley"
    description: str = ""
    registration: Literal["open", "invitation", "closed"] = "open"
    version: str = ""
    claimed: bool = True
    members_may_invite: bool = False

    def may_invite(self, role: str) -> bool:
        return self.members_may_invite or is_moderator(role)


class InvitationNotice(msgspec.Struct, frozen=True):
    """What whoever has the link may know; without a `username` it was made on the machine."""

    good: bool
    expires_at: datetime
    username: str | None = None
    room: str | None = None


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    url: str
    created_at: datetime
    expires_at: datetime
    good: bool
    uses: int = 0
    uses_max: int = 1
    username: str | None = None
    room: str | None = None


class ResetNotice(msgspec.Struct, frozen=True):
    username: str
    expires_at: datetime


class ResetLink(msgspec.Struct, frozen=True):
    url: str
    expires_at: datetime


class ListedPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody as moderators see them."""

    username: str
    nickname: str = ""
    role: str = "member"
    state: str = "active"
    created_at: datetime
    last_seen_at: datetime | None = None
    sessions: int = 0
    stored_bytes: int | None = None

    @property
    def person(self) -> Person:
        return Person(self.username, self.nickname or self.username)

    def is_below(self, role: str) -> bool:
        """Whether who has `role` may ban them."""
        return _RANKS.get(self.role, 0) < _RANKS.get(role, 0)


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Without an `actor` it was done on the machine."""

    number: int
    at: datetime
    act: str
    actor: str | None = None
    target: str | None = None
    detail: str = ""
    address: str | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`username` is whom it is about. Of a message `text` is what it said then."""

    id: int
    reporter: str
    username: str
    created_at: datetime
    state: str = "open"
    message_id: int | None = None
    room: str | None = None
    text: str = ""
    reason: str = ""
    note: str = ""
    handled_by: str | None = None
    handled_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.state == "open"
