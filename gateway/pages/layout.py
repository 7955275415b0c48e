"""The layout around every page of who is signed in: their profile, their chats and their rooms."""

import asyncio
from datetime import UTC, datetime

import msgspec

from gateway.domain.api_types import Profile, Room, SavedChat
from gateway.domain.community import is_moderator
from gateway.domain.people import Person
from gateway.domain.sections import Section, sections_of
from gateway.pages.page_request import PageRequest
from gateway.pages.service_client import find, get

ROOMS_PAGE = 100  # of chat


class Layout(msgspec.Struct, frozen=True):
    """`chats` by recent activity; `rooms` are the first page: the person's own, the last active first, then others.

    What is muted is so at `now`.
    """

    profile: Profile
    chats: list[SavedChat]
    rooms: list[Room]
    now: datetime

    @property
    def me(self) -> Person:
        return self.profile.person

    @property
    def runs_instance(self) -> bool:
        return is_moderator(self.profile.role)

    @property
    def own_rooms(self) -> list[Room]:
        return [room for room in self.rooms if room.is_member]

    @property
    def sections(self) -> list[Section]:
        return sections_of(self.own_rooms)

    @property
    def open_rooms(self) -> list[Room]:
        return [room for room in self.rooms if not room.is_member]

    @property
    def has_more_rooms(self) -> bool:
        return len(self.rooms) >= ROOMS_PAGE

    @property
    def conversations(self) -> list[SavedChat | Room]:
        """The reader's own, people first."""
        return [*self.chats, *self.own_rooms]

    @property
    def online(self) -> list[SavedChat]:
        return [chat for chat in self.chats if chat.online]

    @property
    def unread(self) -> int:
        """In how many conversations there is something new, but for those that are muted."""
        return len(self.unread_conversations)

    @property
    def unread_conversations(self) -> list[SavedChat | Room]:
        """But for those that are muted: people first."""
        return [one for one in self.conversations if one.unread and not one.is_muted(self.now)]

    @property
    def mentions(self) -> int:
        """How much of what is unread is for the reader by name."""
        return sum(one.mentions for one in self.conversations)

    def with_room(self, room: Room) -> "Layout":
        """That of the room's page, whose list names it even where it is not among the last active."""
        if not room.is_member or any(one.name == room.name for one in self.rooms):
            return self
        return msgspec.structs.replace(self, rooms=[room, *self.rooms])

    def person_of(self, username: str) -> Person:
        """As the reader knows them."""
        if username.lower() == self.me.username.lower():
            return self.me
        chat = self.find_chat(username)
        return chat.person if chat is not None else Person(username, username)

    def find_chat(self, username: str) -> SavedChat | None:
        return next((chat for chat in self.chats if chat.chat_username.lower() == username.lower()), None)


async def load_layout(page: PageRequest) -> Layout:
    """All at once. Raises Refused, SignInFirst, Unavailable."""
    username = page.username
    await page.state["read_marks"].wait(username)
    profile, chats, rooms = await asyncio.gather(
        find(page, "/api/user-profile", Profile, Profile(username, username, role="")),
        get(page, "/api/saved-chats", list[SavedChat]),
        get(page, "/api/rooms", list[Room]),
    )
    return Layout(profile, chats, rooms, datetime.now(UTC))
