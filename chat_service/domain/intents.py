"""Intents: what somebody wants to have stored, wherever it came from; all names as registered.

What is about a message may name the conversation that it has to be in; else the message says which it is.
"""

from typing import TypeAlias

import msgspec

from chat_service.domain import commands
from chat_service.domain.attachments import Attachment
from chat_service.domain.calls import CallRecord
from chat_service.domain.conversations import Conversation
from chat_service.domain.link_cards import Card
from chat_service.domain.moderation import RoomRole


class SendMessage(msgspec.Struct, frozen=True, kw_only=True):
    conversation: Conversation
    text: str
    nonce: str | None = None
    attachments: tuple[Attachment, ...] = ()
    reply_to: int | None = None
    call: CallRecord | None = None  # then it is the line that is left of a call


class EditMessage(msgspec.Struct, frozen=True, kw_only=True):
    message_id: int
    text: str
    conversation: Conversation | None = None


class DeleteMessage(msgspec.Struct, frozen=True, kw_only=True):
    message_id: int
    conversation: Conversation | None = None


class React(msgspec.Struct, frozen=True, kw_only=True):
    """Give a reaction, or take it back."""

    message_id: int
    emoji: str
    removes: bool = False
    conversation: Conversation | None = None


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """Keep the message at hand for everybody in the conversation, or no longer."""

    message_id: int
    removes: bool = False
    conversation: Conversation | None = None


class ShowCards(msgspec.Struct, frozen=True, kw_only=True):
    """Show what the `links` of the message lead to: those of the text that it has since `seq`."""

    message_id: int
    seq: int
    links: tuple[str, ...]
    cards: tuple[Card, ...] = ()
    conversation: Conversation | None = None


class RemoveCards(msgspec.Struct, frozen=True, kw_only=True):
    """Show none of the links that the message has now."""

    message_id: int
    conversation: Conversation | None = None


class MarkRead(msgspec.Struct, frozen=True, kw_only=True):
    """Everything up to `seq` has been seen."""

    conversation: Conversation
    seq: int


class Join(msgspec.Struct, frozen=True, kw_only=True):
    """Make `username` a member of the room; `is_arrival`: if they are still to be brought in, and then no more."""

    conversation: Conversation
    username: str
    is_arrival: bool = False


class Leave(msgspec.Struct, frozen=True, kw_only=True):
    """Let `username` be one no longer."""

    conversation: Conversation
    username: str


class CloseRoom(msgspec.Struct, frozen=True, kw_only=True):
    conversation: Conversation


class ChangeRoom(msgspec.Struct, frozen=True, kw_only=True):
    """None: it stays as it is. An empty `section` is none."""

    conversation: Conversation
    topic: str | None = None
    private: bool | None = None
    slow_mode_s: int | None = None
    section: str | None = None
    position: int | None = None

    @property
    def is_for_moderators(self) -> bool:
        """Whether it asks for something, and for nothing that is the owner's alone."""
        asked = (self.slow_mode_s, self.section, self.position)
        return self.topic is None and self.private is None and any(one is not None for one in asked)


class SetRole(msgspec.Struct, frozen=True, kw_only=True):
    """Make `username` that in the room."""

    conversation: Conversation
    username: str
    role: RoomRole


class TimeOut(msgspec.Struct, frozen=True, kw_only=True):
    """Let `username` write nothing in the room before `until`; None: they may again."""

    conversation: Conversation
    username: str
    until: str | None


AboutMessage: TypeAlias = EditMessage | DeleteMessage | React | Pin | ShowCards | RemoveCards
Moderate: TypeAlias = ChangeRoom | SetRole | TimeOut
Intent: TypeAlias = SendMessage | AboutMessage | MarkRead | Join | Leave | CloseRoom | Moderate


class Draft(msgspec.Struct, frozen=True):
    """An intent on its way to the store."""

    intent: Intent
    author: str
    timestamp: str
    erases: bool = False  # with the author's whole account: also where they are no member
    html: str | None = None  # of the intent's text
    mentioned: tuple[str, ...] = ()  # the names in it


def text_of(intent: Intent) -> str:
    """What others will read; empty where nothing is said."""
    return intent.text if isinstance(intent, (SendMessage, EditMessage)) else ""


# From the commands of a socket


def message(
    command: commands.SendMessage, conversation: Conversation, attachments: tuple[Attachment, ...]
) -> SendMessage:
    """`attachments` are what the command's files have been found to be."""
    return SendMessage(
        conversation=conversation,
        text=command.message,
        nonce=command.nonce,
        attachments=attachments,
        reply_to=command.reply_to,
    )


def about_message(command: commands.AboutMessage, conversation: Conversation | None) -> AboutMessage:
    """`conversation` is the only one that the socket is about, if there is only one."""
    match command:
        case commands.Edit(id=message_id, message=text):
            return EditMessage(message_id=message_id, text=text, conversation=conversation)
        case commands.Delete(id=message_id):
            return DeleteMessage(message_id=message_id, conversation=conversation)
        case commands.React(id=message_id, emoji=emoji, remove=removes):
            return React(message_id=message_id, emoji=emoji, removes=removes, conversation=conversation)
