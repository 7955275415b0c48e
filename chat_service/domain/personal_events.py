"""Events that only a person's own devices are told: blocks, quiet hours, and their side of conversations."""

import msgspec

from chat_service.domain.conversations import Label
from chat_service.domain.notification_levels import Level, Notifications
from chat_service.domain.quiet_hours import QuietHours
from chat_service.domain.saved_drafts import SavedDraft
from chat_service.domain.unread import Unread

_encode = msgspec.json.Encoder().encode


class Blocked(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="blocked"):
    """The reader has blocked `username`, or does no longer."""

    username: str
    blocked: bool


class DraftSaved(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="draft"):
    """What the reader is about to write in the conversation, on any device of theirs."""

    conversation: str
    message: str
    reply_to: int | None
    updated_at: str | None
    nonce: str | None


class NotificationsChosen(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="notifications"):
    """Of what in the conversation the reader wants to be notified."""

    conversation: str
    level: Level
    muted_until: str | None


class QuietHoursChosen(QuietHours, frozen=True, kw_only=True, tag_field="type", tag="quiet_hours"):
    """When the reader does not want to be disturbed."""


class MarkedUnread(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="unread"):
    """The reader has marked the conversation as unread from `unread_seq` on; null: no longer.

    It has no `seq`: that is what has a place in the log.
    """

    conversation: str
    unread_seq: int | None
    unread: int
    mentions: int


def blocked(username: str, *, blocked: bool) -> bytes:
    return _encode(Blocked(username=username, blocked=blocked))


def draft(label: Label, draft: SavedDraft, nonce: str | None) -> bytes:
    """`nonce` is that of the device which put it."""
    fields = msgspec.structs.asdict(draft)
    return _encode(DraftSaved(conversation=label.text, **fields, nonce=nonce))


def notifications(label: Label, chosen: Notifications) -> bytes:
    return _encode(NotificationsChosen(conversation=label.text, level=chosen.level, muted_until=chosen.muted_until))


def quiet_hours(chosen: QuietHours) -> bytes:
    return _encode(QuietHoursChosen(**msgspec.structs.asdict(chosen)))


def unread(label: Label, unread_seq: int | None, counts: Unread) -> bytes:
    return _encode(
        MarkedUnread(conversation=label.text, unread_seq=unread_seq, unread=counts.unread, mentions=counts.mentions)
    )
