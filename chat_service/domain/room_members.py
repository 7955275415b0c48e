"""The members of a room as a list of people: who keeps order first, then who is here."""

from collections.abc import Callable, Collection, Iterable, Sequence

import msgspec

from chat_service.domain.moderation import RoomRole
from servicekit.texts import folded

OWNER = "owner"


class KnownMember(msgspec.Struct, frozen=True, kw_only=True):
    """`hides` from who asks whether they are here. `timed_out_until` may be over."""

    username: str
    nickname: str
    pfp: str
    role: str
    timed_out_until: str | None
    hides: bool

    def is_called(self, query_folded: str) -> bool:
        return query_folded in folded(self.username) or query_folded in folded(self.nickname)


def in_order(members: Iterable[KnownMember], online: Collection[str]) -> list[KnownMember]:
    """The owner, the moderators, those who are online, the others; each of these by name."""
    return sorted(members, key=_place(online))


def asked_for_presence(members: Sequence[KnownMember], at_most: int) -> list[str]:
    """Those whose presence may be told, as many as are asked for at once."""
    return [member.username for member in members[:at_most] if not member.hides]


def _place(online: Collection[str]) -> Callable[[KnownMember], tuple[int, str, str]]:
    def place(member: KnownMember) -> tuple[int, str, str]:
        if member.role in {OWNER, RoomRole.MODERATOR}:
            rank = 0 if member.role == OWNER else 1
        else:
            rank = 2 if member.username in online else 3
        return rank, folded(member.nickname), member.username

    return place
