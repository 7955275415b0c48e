"""Conversations as pages name them: a chat with a person, or a room."""

from urllib.parse import quote

import msgspec

_ROOM, _PERSON = "#", "@"


class Conversation(msgspec.Struct, frozen=True):
    """`name` is the other person's, or the room's."""

    name: str
    is_room: bool

    @classmethod
    def with_person(cls, username: str) -> "Conversation":
        return cls(username, is_room=False)

    @classmethod
    def in_room(cls, name: str) -> "Conversation":
        return cls(name, is_room=True)

    @classmethod
    def of_label(cls, label: str) -> "Conversation":
        return cls(label[1:], is_room=label.startswith(_ROOM))

    @property
    def label(self) -> str:
        """As events name it."""
        return (_ROOM if self.is_room else _PERSON) + self.name

    @property
    def path(self) -> str:
        """Of its page."""
        return f"/{'rooms' if self.is_room else 'chat'}/{quote(self.name, safe='')}"

    @property
    def messages_path(self) -> str:
        """Where the chat service has its messages."""
        return f"{self.room_path}/messages" if self.is_room else f"/api/messages/{quote(self.name, safe='')}"

    @property
    def pins_path(self) -> str:
        """Where the chat service has what is pinned in it."""
        return f"{self.room_path if self.is_room else self.messages_path}/pins"

    @property
    def own_path(self) -> str:
        """Where the chat service has what the reader keeps of it for themselves."""
        return f"/api/conversations/{quote(self.label, safe='')}"

    @property
    def room_path(self) -> str:
        """Where the chat service has the room."""
        assert self.is_room
        return f"/api/rooms/{quote(self.name, safe='')}"
