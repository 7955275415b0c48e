"""Messages: what may be said, and what is kept of it."""

import msgspec

from chat_service.domain.attachments import Attachment
from chat_service.domain.calls import CallRecord
from chat_service.domain.conversations import direct_name, room_label
from chat_service.domain.refusals import InvalidMessage, MessageEmpty, MessageTooLong
from servicekit.texts import is_visible


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is about to be stored, to one person or to a room; all names as registered."""

    sender_username: str
    receiver_username: str | None = None
    room: str | None = None
    message: str
    timestamp: str
    nonce: str | None = None
    reply_to: int | None = None
    attachments: tuple[Attachment, ...] = ()
    call: CallRecord | None = None

    @property
    def conversation(self) -> str:
        """The stored name of the conversation."""
        return _conversation(self.sender_username, self.receiver_username, self.room)


class StoredMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message on disk, at its place `seq` in the conversation of `epoch`; a deleted one has an empty text."""

    id: int
    epoch: str
    seq: int
    sender_username: str
    receiver_username: str | None = None
    room: str | None = None
    message: str
    timestamp: str
    nonce: str | None = None
    reply_to: int | None = None
    edited_at: str | None = None
    deleted_at: str | None = None
    attachments: tuple[Attachment, ...] = ()
    call: CallRecord | None = None

    @classmethod
    def of(cls, draft: Draft, *, id: int, epoch: str, seq: int) -> "StoredMessage":
        return cls(
            id=id,
            epoch=epoch,
            seq=seq,
            sender_username=draft.sender_username,
            receiver_username=draft.receiver_username,
            room=draft.room,
            message=draft.message,
            timestamp=draft.timestamp,
            nonce=draft.nonce,
            reply_to=draft.reply_to,
            attachments=draft.attachments,
            call=draft.call,
        )

    @property
    def conversation(self) -> str:
        """The stored name of the conversation."""
        return _conversation(self.sender_username, self.receiver_username, self.room)


def _conversation(sender: str, receiver: str | None, room: str | None) -> str:
    return room_label(room) if room is not None else direct_name(sender, receiver or "")


def check_text(text: str, *, length_max: int, may_be_empty: bool = False) -> None:
    """Raises MessageEmpty, MessageTooLong (counted in code points) or InvalidMessage."""
    if len(text) > length_max:
        raise MessageTooLong(len(text), length_max)
    if "\0" in text:
        raise InvalidMessage("A message cannot hold the character NUL.")
    if not may_be_empty and not is_visible(text):
        raise MessageEmpty
