"""Envelopes: events on their way over the bus, with what an instance must know to pass them on unread."""

import msgspec

from chat_service.domain.conversations import Conversation, Label

EVERYBODY = ""


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """An event for the people behind `channel`.

    `seq` is its place in the conversation, 0 for what is not kept; `event` its JSON, ready for the socket. Without an
    event it is a nudge: the store knows more.
    """

    channel: str
    label: Label
    seq: int = 0
    event: bytes = b""


class RoomEnvelope(Envelope, frozen=True, kw_only=True):
    """The same to all members of a room, who know it by one label.

    Its name may come to mean another room, so what is kept goes with its `epoch`. `author` did it, and is told by
    `for_author` if that is not empty, and not at all of what is not kept. `departed` is who is no member any more from
    here on, or EVERYBODY.
    """

    epoch: str = ""
    author: str = ""
    for_author: bytes = b""
    departed: str | None = None


def person_channel(username: str) -> str:
    return f"person:{username}"


def room_channel(label: Label) -> str:
    return f"room:{label.text}"


def to_person(username: str, label: Label, seq: int = 0, event: bytes = b"") -> Envelope:
    return Envelope(channel=person_channel(username), label=label, seq=seq, event=event)


def nudges(conversation: Conversation, *, seq: int, epoch: str) -> list[Envelope]:
    """For everybody in the conversation: it has come that far."""
    if conversation.is_room:
        label = Label(conversation.name)
        return [RoomEnvelope(channel=room_channel(label), label=label, seq=seq, epoch=epoch)]
    return [to_person(username, conversation.label_for(username), seq) for username in conversation.people]
