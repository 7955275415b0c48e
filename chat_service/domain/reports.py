"""Reports: what people tell the moderators of each other and of messages."""

from enum import StrEnum

import msgspec

REASON_LENGTH_MAX = 1_000
HOUR_S = 3_600


class ReportState(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"  # something was done about it
    DISMISSED = "dismissed"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`username` is whom it is about. Of a message `text` is what it said then, and `room` where, if in one."""

    id: int
    reporter: str
    username: str
    message_id: int | None
    room: str | None
    text: str
    reason: str
    created_at: str
    state: ReportState
    note: str
    handled_by: str | None
    handled_at: str | None
