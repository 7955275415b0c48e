"""Notification levels: of what in a conversation somebody wants to be notified."""

from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from chat_service.domain.conversations import Label
from servicekit.problems import FieldError, Invalid


class Level(StrEnum):
    ALL = "all"
    MENTIONS = "mentions"
    NONE = "none"


class Notifications(msgspec.Struct, frozen=True):
    """`muted_until`: of nothing before then, RFC 3339; null where it is not muted."""

    level: Level
    muted_until: str | None = None

    def at(self, now: str) -> "Notifications":
        """Without a time that is over."""
        is_over = self.muted_until is not None and self.muted_until <= now
        return Notifications(self.level) if is_over else self


def usual(label: Label) -> Notifications:
    """What holds before somebody has chosen."""
    return Notifications(Level.MENTIONS if label.is_room else Level.ALL)


def chosen(level: Level, muted_until: datetime | None) -> Notifications:
    """The time as it is kept. Raises Invalid for one that is before all years, or after them."""
    if muted_until is None:
        return Notifications(level)
    try:
        moment = muted_until.astimezone(UTC)
    except OverflowError:
        raise Invalid(FieldError("muted_until", "Expected a time of a year from 1 to 9999.")) from None
    return Notifications(level, moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
