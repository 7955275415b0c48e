"""Quiet hours: a part of each day in which somebody is not to be disturbed, by the clock of their time zone."""

from datetime import UTC, datetime, tzinfo
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from servicekit.problems import FieldError, Invalid

TimeOfDay = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$(?!\n)")]  # 24 hours, without seconds
ZoneName = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]  # of the IANA database


class QuietHours(msgspec.Struct, frozen=True):
    """From `starts` until before `ends`, which may be on the next day; all are null where there are none."""

    starts: TimeOfDay | None = None
    ends: TimeOfDay | None = None
    time_zone: ZoneName | None = None

    def at(self, now: datetime) -> "QuietHoursNow":
        """`now` is aware of its offset."""
        return QuietHoursNow(**msgspec.structs.asdict(self), hold_now=self._hold_at(now))

    def _hold_at(self, now: datetime) -> bool:
        """Where the clock is put back, an hour is quiet twice, or loud."""
        if self.starts is None or self.ends is None or self.time_zone is None:
            return False
        time = now.astimezone(_zone(self.time_zone)).strftime("%H:%M")
        if self.starts < self.ends:
            return self.starts <= time < self.ends
        return time >= self.starts or time < self.ends


class QuietHoursNow(QuietHours, frozen=True, kw_only=True):
    """With whether it is such an hour now."""

    hold_now: bool


NO_QUIET_HOURS = QuietHours()


def _zone(name: str) -> tzinfo:
    """UTC for one that was taken out of the database since it was chosen."""
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        return UTC


def check(wanted: QuietHours) -> None:
    """Raises Invalid for a part of them alone, for hours that never begin, and for a time zone that nobody knows."""
    given = [one is not None for one in (wanted.starts, wanted.ends, wanted.time_zone)]
    if not any(given):
        return
    if not all(given):
        raise Invalid(FieldError("starts", "Give `starts`, `ends` and `time_zone` together, or none of them."))
    if wanted.starts == wanted.ends:
        raise Invalid(FieldError("ends", "Expected another time than `starts`."))
    try:
        ZoneInfo(wanted.time_zone or "")
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder there
        raise Invalid(FieldError("time_zone", "Expected a name of the IANA database, as Europe/Berlin.")) from None
