"""Saved drafts: what somebody is about to write in a conversation, on all their devices."""

import msgspec

from chat_service.domain.messages import check_text
from servicekit.texts import is_visible


class SavedDraft(msgspec.Struct, frozen=True):
    """`reply_to` is the message that it answers; `updated_at` is null where nothing is kept."""

    message: str = ""
    reply_to: int | None = None
    updated_at: str | None = None

    @property
    def is_empty(self) -> bool:
        return not self.message and self.reply_to is None


NO_DRAFT = SavedDraft()


def draft_of(text: str, reply_to: int | None, *, now: str, length_max: int) -> SavedDraft:
    """As it is kept. A text in which nothing is seen is none. Raises MessageTooLong or InvalidMessage."""
    check_text(text, length_max=length_max, may_be_empty=True)
    return SavedDraft(text if is_visible(text) else "", reply_to, now)
