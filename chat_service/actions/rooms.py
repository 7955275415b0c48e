"""Rooms: making them, and who is in them."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeAlias

import msgspec

from chat_service.actions.people import People
from chat_service.actions.submissions import Submissions
from chat_service.domain.conversations import Conversation
from chat_service.domain.intents import ChangeRoom, CloseRoom, Join, Leave
from chat_service.domain.refusals import (
    NotAMember,
    NotTheOwner,
    OwnerStays,
    RoomTaken,
    TooManyInvitations,
    TooManyNamesTried,
    UnknownRoom,
)
from chat_service.store.rooms import Member, Room, RoomsPage
from chat_service.store.rooms import Rooms as RoomStore
from servicekit.hourly_rates import HourlyRate
from servicekit.texts import LINE_PATTERN
from servicekit.times import rfc3339

RoomName: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,64}$(?!\n)")]
_LINE = {"pattern": LINE_PATTERN}
Topic: TypeAlias = Annotated[str, msgspec.Meta(max_length=1_000, extra_json_schema=_LINE)]
Section: TypeAlias = Annotated[str, msgspec.Meta(max_length=64, extra_json_schema=_LINE)]
RoomPosition: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=9_999)]
LOBBY = "lobby"


class Rooms:
    """Whatever changes anything counts like a message, and raises TooManyMessages."""

    def __init__(
        self,
        *,
        store: RoomStore,
        submissions: Submissions,
        people: People,
        invitations: HourlyRate,
        taken_names: HourlyRate,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._submissions = submissions
        self._people = people
        self._invitations = invitations
        self._taken_names = taken_names
        self._clock = clock

    async def page_for(
        self, username: str, *, query: str, shared_with: str, after: str | None, limit: int
    ) -> RoomsPage:
        return await self._store.page_for(username, query=query, shared_with=shared_with, after=after, limit=limit)

    async def get(self, username: str, name: str) -> Room:
        """Raises UnknownRoom, for a private one of others too."""
        room = await self._store.find(username, name)
        if room is None:
            raise UnknownRoom(name)
        return room

    async def get_name(self, username: str, name: str) -> str:
        """What the room is called that is asked for in any case. Raises UnknownRoom likewise."""
        found = await self._store.find_name(username, name)
        if found is None:
            raise UnknownRoom(name)
        return found

    async def enter(self, username: str, name: str) -> Room:
        """The room, joined if it is public and they were not in it. Raises UnknownRoom."""
        room = await self.get(username, name)
        if not room.is_member:
            self._submissions.count(username)
            await self._join(username, room.name, username)
        return room

    async def members(self, room: Room) -> list[Member]:
        return await self._store.members(room.name)

    async def members_among(self, room: str, usernames: Sequence[str]) -> list[str]:
        return await self._store.members_among(room, usernames)

    async def create(
        self, username: str, *, name: str, topic: str, private: bool, section: str | None = None, position: int = 0
    ) -> Room:
        """Raises RoomTaken, TooManyRooms, or TooManyNamesTried."""
        self._submissions.count(username)
        if not await self._taken_names.take(username):
            raise TooManyNamesTried(self._taken_names.count)
        is_taken = False
        try:
            now = rfc3339(self._clock())
            await self._store.create(
                name=name, topic=topic, private=private, owner=username, now=now, section=section, position=position
            )
        except RoomTaken:
            is_taken = True
            raise
        finally:
            if not is_taken:
                self._taken_names.give_back(username)
        await self._join(username, name, username)
        return await self.get(username, name)

    async def change(
        self,
        username: str,
        name: str,
        *,
        topic: str | None,
        private: bool | None,
        slow_mode_s: int | None,
        section: str | None = None,
        position: int | None = None,
    ) -> Room:
        """What is None stays; an empty `section` is none.

        Raises UnknownRoom, NotTheOwner or NotAllowed, as the store decides.
        """
        self._submissions.count(username)
        change = ChangeRoom(
            conversation=Conversation.room((await self.get(username, name)).name),
            topic=topic,
            private=private,
            slow_mode_s=slow_mode_s,
            section=section,
            position=position,
        )
        await self._submissions.store_and_wait(username, change)
        return await self.get(username, name)

    async def close(self, username: str, name: str) -> None:
        """Raises UnknownRoom or NotTheOwner."""
        self._submissions.count(username)
        room = await self._owned(username, name)
        await self._submissions.store_and_wait(username, CloseRoom(conversation=Conversation.room(room.name)))

    async def add(self, username: str, name: str, whom: str) -> None:
        """Join, or invite: into a private room only its owner may.

        Raises UnknownRoom, NotAMember, NotTheOwner, TooManyInvitations, and what the quotas say.
        """
        self._submissions.count(username)
        room = await self.get(username, name)
        person = await self._people.get(whom)
        if person.username != username:
            self._check_may_invite(username, room)
            await self._invite(username, room.name, person.username)
            return
        await self._join(username, room.name, person.username)

    async def _invite(self, username: str, room: str, whom: str) -> None:
        """Only what brings somebody in counts. Raises TooManyInvitations, and what the quotas say."""
        if not await self._invitations.take(username):
            raise TooManyInvitations(self._invitations.count)
        has_come = False
        try:
            if not await self._store.members_among(room, [whom]):
                await self._join(username, room, whom)
                has_come = True
        finally:
            if not has_come:
                self._invitations.give_back(username)

    async def bring_in(self, username: str, name: str, inviter: str | None) -> None:
        """Into the room to which they were invited before they came, if the inviter still may; once.

        Where nobody says who that is, only public rooms are open. Raises UnknownRoom, and what inviting does.
        """
        room = await self.get(inviter or username, name)
        if inviter is not None:
            self._check_may_invite(inviter, room)
        await self._join(inviter or username, room.name, username, is_arrival=True)

    async def check_may_invite(self, username: str, name: str) -> None:
        """Raises UnknownRoom, NotAMember or NotTheOwner."""
        self._check_may_invite(username, await self.get(username, name))

    @staticmethod
    def _check_may_invite(username: str, room: Room) -> None:
        if not room.is_member:
            raise NotAMember(room.name)
        if room.private and room.owner != username:
            raise NotTheOwner

    async def is_timed_out(self, username: str, name: str) -> bool:
        until = await self._store.timed_out_until(username, name)
        return until is not None and until > rfc3339(self._clock())

    async def remove(self, username: str, name: str, whom: str) -> None:
        """Leave, or remove somebody, as the store decides.

        Raises UnknownRoom, NotTheOwner, NotAllowed or OwnerStays.
        """
        self._submissions.count(username)
        room = await self.get(username, name)
        person = await self._people.get(whom)
        if person.username == room.owner:
            raise OwnerStays if person.username == username else NotTheOwner
        intent = Leave(conversation=Conversation.room(room.name), username=person.username)
        await self._submissions.store_and_wait(username, intent)

    async def _owned(self, username: str, name: str) -> Room:
        room = await self.get(username, name)
        if room.owner != username:
            raise NotTheOwner
        return room

    async def _join(self, author: str, room: str, username: str, *, is_arrival: bool = False) -> None:
        join = Join(conversation=Conversation.room(room), username=username, is_arrival=is_arrival)
        await self._submissions.store_and_wait(author, join)
