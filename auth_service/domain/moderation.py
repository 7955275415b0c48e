"""What moderation leaves behind: orders to the other services, the audit, and people as moderators see them."""

from enum import StrEnum
from typing import Literal, TypeAlias

import msgspec

from auth_service.domain.roles import Role

ADDRESSES_KEPT_S = 90 * 24 * 3600
AUDIT_KEPT_S = 2 * 365 * 24 * 3600
HOUR_S = 3600
State: TypeAlias = Literal["active", "banned"]


class OrderKind(StrEnum):
    ERASE_MESSAGES = "erase_messages"
    END_UPLOADS = "end_uploads"


class Order(msgspec.Struct, frozen=True):
    """For the other services to carry out on what `username` did until then (RFC 3339, UTC, with milliseconds)."""

    number: int
    kind: OrderKind
    username: str
    until: str


class Act(StrEnum):
    CLAIM = "claim"
    INSTANCE = "instance"
    INVITE = "invite"
    END_INVITATION = "end_invitation"
    BAN = "ban"
    END_BAN = "end_ban"
    ROLE = "role"
    RESET_LINK = "reset_link"
    RESET = "reset"


class AuditEntry(msgspec.Struct, frozen=True):
    """An empty `actor` is whoever has the machine."""

    number: int
    at: int
    actor: str
    act: str
    target: str
    detail: str
    address: str


class Person(msgspec.Struct, frozen=True):
    """As moderators see them. Times are seconds since the epoch; `sessions` are those that are active."""

    username: str
    nickname: str
    role: Role
    state: State
    created_at: int
    last_seen_at: int | None
    sessions: int


class PeopleFilter(msgspec.Struct, frozen=True):
    """`query` is part of a username or nickname; None is any."""

    query: str = ""
    role: Role | None = None
    state: State | None = None


class Ban(msgspec.Struct, frozen=True):
    reason: str
    erases_messages: bool


class BanOutcome(msgspec.Struct, frozen=True):
    """`version` of the profile is None where they were banned before."""

    username: str
    sessions_ended: list[str]
    version: int | None
    last_order: int | None
