"""The members of a room, and who of them is here now."""

from collections.abc import Awaitable, Callable

import msgspec

from chat_service.actions.presence import Presence
from chat_service.actions.rooms import Rooms
from chat_service.domain.room_members import OWNER, KnownMember, Wanted, present_first
from chat_service.store.room_members import RoomMemberStore

PRESENCE_ASKED_MAX = 1_000


class ListedMember(msgspec.Struct, frozen=True, kw_only=True):
    """`timed_out_until` is told to moderators only."""

    username: str
    nickname: str
    pfp: str
    role: str
    online: bool
    timed_out_until: str | None


class MembersPage(msgspec.Struct, frozen=True, kw_only=True):
    """`members` are the first of those who were wanted; both counts are of the room."""

    members_count: int
    online_count: int
    members: list[ListedMember]


class RoomMembers:
    """`moderates(username)` says who moderates in the whole community."""

    def __init__(
        self,
        *,
        store: RoomMemberStore,
        rooms: Rooms,
        presence: Presence,
        moderates: Callable[[str], Awaitable[bool]],
    ) -> None:
        self._store = store
        self._rooms = rooms
        self._presence = presence
        self._moderates = moderates

    async def page_for(self, username: str, name: str, wanted: Wanted, *, limit: int) -> MembersPage:
        """Of a room larger than PRESENCE_ASKED_MAX the others count as offline, and all for who is not in it.

        Whoever is wanted by their username is asked for all the same.

        Raises UnknownRoom or TookTooLong.
        """
        room = await self._rooms.get(username, name)
        found = await self._store.find_for(username, room.name, wanted, asked_max=PRESENCE_ASKED_MAX)
        asked = list({*found.may_be_here, *found.named_may_be_here}) if room.is_member else []
        online = await self._presence.online(asked) if asked else set()
        moderates = room.role in {OWNER, "moderator"} or await self._moderates(username)
        return MembersPage(
            members_count=found.members_count,
            online_count=sum(one in online for one in found.may_be_here),
            members=[_listed(one, online, tells=moderates) for one in present_first(found.members, online)[:limit]],
        )


def _listed(member: KnownMember, online: set[str], *, tells: bool) -> ListedMember:
    return ListedMember(
        username=member.username,
        nickname=member.nickname,
        pfp=member.pfp,
        role=member.role,
        online=member.username in online,
        timed_out_until=member.timed_out_until if tells else None,
    )
