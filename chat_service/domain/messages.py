"""Messages: what may be said, and what is kept of it."""

import msgspec

from chat_service.domain.refusals import InvalidMessage, MessageEmpty, MessageTooLong


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is about to be stored; both names as registered."""

    sender_username: str
    receiver_username: str
    message: str
    timestamp: str
    nonce: str | None = None
    reply_to: int | None = None


class StoredMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message on disk, at its place `seq` in the conversation."""

    id: int
    seq: int
    sender_username: str
    receiver_username: str
    message: str
    timestamp: str
    nonce: str | None = None
    reply_to: int | None = None

    @classmethod
    def of(cls, draft: Draft, *, id: int, seq: int) -> "StoredMessage":
        return cls(
            id=id,
            seq=seq,
            sender_username=draft.sender_username,
            receiver_username=draft.receiver_username,
            message=draft.message,
            timestamp=draft.timestamp,
            nonce=draft.nonce,
            reply_to=draft.reply_to,
        )


class Appended(msgspec.Struct, frozen=True):
    """What became of a draft; not new when its nonce had been used: then `message` is the one stored then."""

    message: StoredMessage
    is_new: bool


def check_text(text: str, *, length_max: int) -> None:
    """Raises MessageEmpty, MessageTooLong (counted in code points) or InvalidMessage."""
    if len(text) > length_max:
        raise MessageTooLong(len(text), length_max)
    if not text.strip():
        raise MessageEmpty
    if "\0" in text:
        raise InvalidMessage("A message cannot hold the character NUL.")
