"""Drafts, in few words."""

from chat_service.domain.changes import Kind
from chat_service.domain.conversations import Conversation
from chat_service.domain.intents import (
    CloseRoom,
    DeleteMessage,
    Draft,
    EditMessage,
    Intent,
    Join,
    Leave,
    MarkRead,
    React,
    SendMessage,
)

NOW = "2027-01-15T08:00:00.000Z"


def to_person(
    author: str, receiver: str, text: str = "hello", *, nonce: str | None = None, reply_to: int | None = None
) -> Draft:
    conversation = Conversation.direct(author, receiver)
    return Draft(SendMessage(conversation=conversation, text=text, nonce=nonce, reply_to=reply_to), author, NOW)


def to_room(
    author: str, room: str, text: str = "hello", *, nonce: str | None = None, reply_to: int | None = None
) -> Draft:
    conversation = Conversation.room(room)
    return Draft(SendMessage(conversation=conversation, text=text, nonce=nonce, reply_to=reply_to), author, NOW)


def change(
    kind: Kind,
    author: str,
    message_id: int = 0,
    *,
    conversation: str = "",
    value: str = "",
    mark: int = 0,
    removes: bool = False,
    erases: bool = False,
) -> Draft:
    """`value` is the new text, the emoji, or who joins or leaves."""
    named = Conversation(conversation)
    about = named if conversation else None
    intents: dict[Kind, Intent] = {
        Kind.EDITED: EditMessage(message_id=message_id, text=value, conversation=about),
        Kind.DELETED: DeleteMessage(message_id=message_id, conversation=about),
        Kind.REACTION: React(message_id=message_id, emoji=value, removes=removes, conversation=about),
        Kind.READ: MarkRead(conversation=named, seq=mark),
        Kind.JOINED: Join(conversation=named, username=value),
        Kind.LEFT: Leave(conversation=named, username=value),
        Kind.CLOSED: CloseRoom(conversation=named),
    }
    return Draft(intents[kind], author, NOW, erases)
