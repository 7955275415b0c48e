"""Messages: what may be said, and what is kept of it."""

import msgspec

from chat_service.domain.attachments import Attachment
from chat_service.domain.calls import CallRecord
from chat_service.domain.conversations import Conversation
from chat_service.domain.link_cards import Card
from chat_service.domain.refusals import InvalidMessage, MessageEmpty, MessageTooLong
from servicekit.texts import is_visible


class StoredMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message on disk, at its place `seq` in the conversation of `epoch`; a deleted one has an empty text.

    `html` is what is shown of a text that is more than plain words (`domain.markdown`). `mentions` are those in the
    conversation whom it names; `mentions_room`: all in the room.
    """

    id: int
    conversation: Conversation
    epoch: str
    seq: int
    sender_username: str
    message: str
    html: str | None = None
    mentions: tuple[str, ...] = ()
    mentions_room: bool = False
    timestamp: str
    nonce: str | None = None
    reply_to: int | None = None
    edited_at: str | None = None
    deleted_at: str | None = None
    attachments: tuple[Attachment, ...] = ()
    call: CallRecord | None = None
    cards: tuple[Card, ...] = ()

    @property
    def receiver_username(self) -> str | None:
        """None in a room, also in one that is no more."""
        return None if self.conversation.is_room else self.conversation.other_than(self.sender_username) or None


def check_text(text: str, *, length_max: int, may_be_empty: bool = False) -> None:
    """Raises MessageEmpty, MessageTooLong (counted in code points) or InvalidMessage."""
    if len(text) > length_max:
        raise MessageTooLong(len(text), length_max)
    if "\0" in text:
        raise InvalidMessage("A message cannot hold the character NUL.")
    if not may_be_empty and not is_visible(text):
        raise MessageEmpty
