"""The frame around every page of who is signed in: their profile, their chats and their rooms."""

import asyncio

import msgspec

from gateway.domain.items import Profile, Room, SavedChat
from gateway.domain.people import Person
from gateway.pages.services import find, get
from gateway.pages.visits import Visit

ROOMS_PAGE = 100  # of chat


class Frame(msgspec.Struct, frozen=True):
    """`chats` by recent activity; `rooms` are the first page: the person's own, the last active first, then others."""

    me: Person
    profile: Profile
    chats: list[SavedChat]
    rooms: list[Room]

    @property
    def own_rooms(self) -> list[Room]:
        return [room for room in self.rooms if room.is_member]

    @property
    def open_rooms(self) -> list[Room]:
        return [room for room in self.rooms if not room.is_member]

    @property
    def has_more_rooms(self) -> bool:
        return len(self.rooms) >= ROOMS_PAGE

    @property
    def online(self) -> list[SavedChat]:
        return [chat for chat in self.chats if chat.online]

    @property
    def unread(self) -> int:
        """In how many conversations there is something new."""
        return sum(bool(chat.unread) for chat in self.chats) + sum(bool(room.unread) for room in self.own_rooms)

    def beside(self, room: Room) -> "Frame":
        """The frame of that room's page, which the list names even where it is not among the last active."""
        if not room.is_member or any(one.name == room.name for one in self.rooms):
            return self
        return msgspec.structs.replace(self, rooms=[room, *self.rooms])

    def chat(self, username: str) -> SavedChat | None:
        return next((chat for chat in self.chats if chat.chat_username.lower() == username.lower()), None)


async def frame(visit: Visit) -> Frame:
    """All at once. Raises Refused, SignInFirst, Unavailable."""
    username = visit.username
    profile, chats, rooms = await asyncio.gather(
        find(visit, "/api/user-profile", Profile, Profile(username, username)),
        get(visit, "/api/saved-chats", list[SavedChat]),
        get(visit, "/api/rooms", list[Room]),
    )
    return Frame(person_of(profile), profile, chats, rooms)


def person_of(profile: Profile) -> Person:
    return Person(profile.username, profile.nickname or profile.username, profile.pfp or "")


def person_in(chat: SavedChat) -> Person:
    return Person(chat.chat_username, chat.chat_nickname or chat.chat_username, chat.chat_pfp or "")
