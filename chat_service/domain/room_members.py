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


class Wanted(NamedTuple):
    """Who is looked for: whoever has `query` in a name, and, if `usernames` are given, is one of these."""

    query: str = ""
    usernames: frozenset[str] = frozenset()


class FoundMembers(NamedTuple):
    """`members` are those who were wanted, in order; of all there are `members_count`.

    `may_be_here` are those whose presence may be told, as many of all as are asked for at once; `named_may_be_here`
    those who were wanted by their usernames.
    """

    members: list[KnownMember]
    members_count: int
    may_be_here: list[str]
    named_may_be_here: list[str]


def find(members: Sequence[KnownMember], wanted: Wanted, *, asked_max: int) -> FoundMembers:
    """It takes milliseconds of a large room: call it in a thread."""
    query, usernames = folded(wanted.query), {folded(one) for one in wanted.usernames}
    named = [one for one in members if folded(one.username) in usernames] if usernames else members
    found = [member for member in named if not query or member.is_called(query)]
    may_be_here = [member.username for member in members[:asked_max] if not member.hides]
    named_may_be_here = [member.username for member in found if usernames and not member.hides]
    return FoundMembers(sorted(found, key=_place), len(members), may_be_here, named_may_be_here)


def present_first(members: Sequence[KnownMember], online: Collection[str]) -> list[KnownMember]:
    """The owner, the moderators, those who are online, the others; each of these as they were."""
    keeping, here, away = list[KnownMember](), list[KnownMember](), list[KnownMember]()
    for member in members:
        (keeping if member.rank < _MEMBER_RANK else here if member.username in online else away).append(member)
    return [*keeping, *here, *away]


def _place(member: KnownMember) -> tuple[int, str, str]:
    return member.rank, folded(member.nickname), member.username
