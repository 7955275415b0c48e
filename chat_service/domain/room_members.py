"""The members of a room as a list of people: who keeps order first, then who is here."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import msgspec

from chat_service.domain.moderation import RoomRole
from servicekit.texts import folded

OWNER = "owner"
_MEMBER_RANK = 2
_RANKS = {OWNER: 0, RoomRole.MODERATOR.value: 1}


class KnownMember(msgspec.Struct, frozen=True, kw_only=True):
    """`hides` from who asks whether they are here. `timed_out_until` may be over."""

    username: str
    nickname: str
    pfp: str
    role: str
    timed_out_until: str | None
    hides: bool

    @property
    def rank(self) -> int:
        return _RANKS.get(self.role, _MEMBER_RANK)

    def is_called(self, query_folded: str) -> bool:
        return query_folded in folded(self.username) or query_folded in folded(self.nickname)


class FoundMembers(NamedTuple):
    """`members` are those who are called as was asked, in order; of all there are `members_count`.

    `may_be_here` are those whose presence may be told, as many as are asked for at once.
    """

    members: list[KnownMember]
    members_count: int
    may_be_here: list[str]


def find(members: Sequence[KnownMember], query: str, *, asked_max: int) -> FoundMembers:
    """It takes milliseconds of a large room: call it in a thread."""
    wanted = folded(query)
    found = [member for member in members if not wanted or member.is_called(wanted)]
    may_be_here = [member.username for member in members[:asked_max] if not member.hides]
    return FoundMembers(sorted(found, key=_place), len(members), may_be_here)


def present_first(members: Sequence[KnownMember], online: Collection[str]) -> list[KnownMember]:
    """The owner, the moderators, those who are online, the others; each of these as they were."""
    keeping, here, away = list[KnownMember](), list[KnownMember](), list[KnownMember]()
    for member in members:
        (keeping if member.rank < _MEMBER_RANK else here if member.username in online else away).append(member)
    return [*keeping, *here, *away]


def _place(member: KnownMember) -> tuple[int, str, str]:
    return member.rank, folded(member.nickname), member.username
