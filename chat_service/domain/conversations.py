"""Conversations: ordered logs, between two people or in a room, and what each reader calls them.

The 1:1 conversation of Ada and Grace is `ada|grace` in the store, `@grace` to Ada and `@ada` to Grace. A room is
`#lobby` everywhere.
"""

from typing import Self

import msgspec

_PERSON_MARK, _ROOM_MARK, _BETWEEN = "@", "#", "|"


class Label(msgspec.Struct, frozen=True, cache_hash=True):
    """What a conversation is called from one side: `@grace` for the one with Grace, `#lobby` for a room."""

    text: str

    @classmethod
    def of_person(cls, username: str) -> Self:
        """What a 1:1 conversation is called by the other one in it."""
        return cls(_PERSON_MARK + username)

    @classmethod
    def of_room(cls, room: str) -> Self:
        return cls(_ROOM_MARK + room)

    @property
    def is_room(self) -> bool:
        return self.text.startswith(_ROOM_MARK)

    @property
    def name(self) -> str:
        """Of the person or the room."""
        return self.text.removeprefix(_ROOM_MARK if self.is_room else _PERSON_MARK)

    def __str__(self) -> str:
        return self.text


class Conversation(msgspec.Struct, frozen=True, cache_hash=True):
    """`name` is the one in the store."""

    name: str

    @classmethod
    def direct(cls, one: str, other: str) -> Self:
        """The 1:1 conversation of two people, whoever asks."""
        return cls(_BETWEEN.join(sorted((one, other))))

    @classmethod
    def room(cls, room: str) -> Self:
        return cls(_ROOM_MARK + room)

    @property
    def is_room(self) -> bool:
        return self.name.startswith(_ROOM_MARK)

    @property
    def room_name(self) -> str | None:
        """None for a 1:1 conversation."""
        return self.name.removeprefix(_ROOM_MARK) if self.is_room else None

    @property
    def people(self) -> tuple[str, str]:
        """The two of a 1:1 conversation."""
        one, _, other = self.name.partition(_BETWEEN)
        return one, other

    def label_for(self, username: str) -> Label:
        """What it is called by `username`, who is in it."""
        return Label(self.name) if self.is_room else Label.of_person(self.other_than(username))

    def other_than(self, username: str) -> str:
        """The other one in a 1:1 conversation of `username`."""
        one, other = self.people
        return other if username == one else one
