"""The members of a room as a page lists them: who keeps order, who is here, and who is not."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from gateway.domain.api_types import Room
from gateway.domain.people import Person, likeness
from gateway.domain.room_powers import MEMBER, MODERATOR, OWNER

ONLINE, OFFLINE = "online", "offline"
SECTIONS = (OWNER, MODERATOR, ONLINE, OFFLINE)
_MAY_BE_USERNAME = re.compile(r"[a-z0-9_.-]+")


class RoomMember(msgspec.Struct, frozen=True, kw_only=True):
    """`timed_out_until` is told to moderators, and may be over."""

    username: str
    nickname: str = ""
    pfp: str | None = None
    role: str = MEMBER
    online: bool = False
    timed_out_until: datetime | None = None

    @property
    def person(self) -> Person:
        return Person(self.username, self.nickname or self.username, self.pfp or "")

    @property
    def section(self) -> str:
        return self.role if self.role in {OWNER, MODERATOR} else ONLINE if self.online else OFFLINE


class RoomMembers(msgspec.Struct, frozen=True, kw_only=True):
    """`members` are some of those of the room, the counts are of all."""

    members_count: int
    online_count: int
    members: tuple[RoomMember, ...] = ()


class MemberRow(msgspec.Struct, frozen=True, kw_only=True):
    """`second_line` is what they say of themselves, and whose the name is where it may be taken for another's."""

    member: RoomMember
    person: Person
    second_line: str


class MemberSection(msgspec.Struct, frozen=True, kw_only=True):
    """`count` is of all in the room who belong there, as far as that is known."""

    kind: str
    count: int
    rows: tuple[MemberRow, ...]


def members_in(room: Room) -> RoomMembers:
    """As far as the room itself tells of them, where nobody knows who is here."""
    members = tuple(
        RoomMember(username=name, role=room.roles.get(name, MEMBER), timed_out_until=room.timeouts.get(name))
        for name in room.members
    )
    return RoomMembers(members_count=room.members_count, online_count=0, members=members)


def sections(listed: RoomMembers, people: Mapping[str, Person], *, is_search: bool) -> tuple[MemberSection, ...]:
    """All of SECTIONS, empty ones too; of a search the counts are of what was found."""
    shown = [people.get(member.username, member.person) for member in listed.members]
    rows = [
        MemberRow(member=member, person=person, second_line=second_line(person, shown))
        for member, person in zip(listed.members, shown, strict=True)
    ]
    by_kind = {kind: tuple(row for row in rows if row.member.section == kind) for kind in SECTIONS}
    counts = {kind: len(found) for kind, found in by_kind.items()}
    if not is_search:
        keeping_order = by_kind[OWNER] + by_kind[MODERATOR]
        counts[ONLINE] = max(counts[ONLINE], listed.online_count - sum(row.member.online for row in keeping_order))
        counts[OFFLINE] = max(counts[OFFLINE], listed.members_count - len(keeping_order) - counts[ONLINE])
    return tuple(MemberSection(kind=kind, count=counts[kind], rows=by_kind[kind]) for kind in SECTIONS)


def second_line(person: Person, among: Sequence[Person]) -> str:
    """Scripts make the same."""
    if not person.status or not person.handle:
        return person.status or person.handle
    name = likeness(person.name)
    is_taken = _MAY_BE_USERNAME.fullmatch(name) or sum(likeness(other.name) == name for other in among) > 1
    return f"{person.handle} · {person.status}" if is_taken else person.status
