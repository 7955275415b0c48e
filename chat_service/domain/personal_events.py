"""Events that only a person's own devices are told: what they keep of a conversation for themselves."""

import msgspec

from chat_service.domain.conversations import Label
from chat_service.domain.saved_drafts import SavedDraft

_encode = msgspec.json.Encoder().encode


class DraftSaved(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="draft"):
    """What the reader is about to write in the conversation, on any device of theirs."""

    conversation: str
    message: str
    reply_to: int | None
    updated_at: str | None
    nonce: str | None


def draft(label: Label, draft: SavedDraft, nonce: str | None) -> bytes:
    """`nonce` is that of the device which put it."""
    fields = msgspec.structs.asdict(draft)
    return _encode(DraftSaved(conversation=label.text, **fields, nonce=nonce))
