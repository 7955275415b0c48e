"""Scope: which of a person's conversations a connection is about, and how it takes what they type."""

import msgspec

from chat_service.domain import commands
from chat_service.domain.commands import Command, SendMessage
from chat_service.domain.conversations import Conversation, Label
from chat_service.domain.events import EncodedEvent
from chat_service.domain.refusals import InvalidCommand
from servicekit.frames import text_frame
from servicekit.texts import as_lines

CONTINUED = "| "


class AllConversationsMode:
    """As JSON."""

    conversation: Conversation | None = None

    def parse(self, text: bytes) -> Command:
        """Raises InvalidCommand."""
        return commands.parse(text)

    def frame(self, label: Label | None, event: EncodedEvent) -> bytes | None:
        """The frame to send for an event of the conversation `label`; None: this connection is not about it."""
        return event.frame


class _ShownFile(msgspec.Struct):
    url: str


class _Shown(msgspec.Struct):
    """As much of an event as fits a line."""

    type: str
    sender_username: str = ""
    message: str = ""
    detail: str = ""
    attachments: tuple[_ShownFile, ...] = ()


class SingleRoomMode:
    """One room: what is no command is said in it.

    `as_text`: messages are lines `name: text`, and `| text` where they go on.
    """

    def __init__(self, room: str, *, as_text: bool) -> None:
        self._room = room
        self.conversation = Conversation.room(room)
        self._label = Label.of_room(room)
        self._as_text = as_text

    def parse(self, text: bytes) -> Command:
        """Raises InvalidCommand for a JSON object that is no command; anything else is a message."""
        if self._as_text or not text.lstrip().startswith(b"{"):
            return SendMessage(room=self._room, message=_decoded(text))
        command = commands.parse(text, room=self._room)
        if getattr(command, "to", None) is not None or getattr(command, "room", self._room) != self._room:
            raise InvalidCommand(f"This connection is for the room {self._room!r} alone.")
        return command

    def frame(self, label: Label | None, event: EncodedEvent) -> bytes | None:
        if label not in {None, self._label}:
            return None
        return _as_line(event.json) if self._as_text else event.frame


def _decoded(text: bytes) -> str:
    """Of a binary frame, which may hold anything."""
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise InvalidCommand(str(error)) from None


def _as_line(json: bytes) -> bytes | None:
    event = msgspec.json.decode(json, type=_Shown)
    if event.type in ("message", "sent"):
        said = " ".join(filter(None, [event.message, *(file.url for file in event.attachments)]))
        return _line(event.sender_username, said)
    return _line("error", event.detail) if event.type == "error" else None


def _line(name: str, text: str) -> bytes:
    """Further lines carry a mark that no name begins with, so that none passes for somebody else's."""
    return text_frame(as_lines(f"{name}: {text}").replace("\n", f"\n{CONTINUED}").encode())
