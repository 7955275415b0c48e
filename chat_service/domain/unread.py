"""Unread: how much of a conversation somebody has not seen."""

import msgspec

# At an event; beyond it the lists go on counting.
COUNTED_AT_EVENTS_MAX = 1_000


class Unread(msgspec.Struct, frozen=True):
    """`mentions`: how many of them name the reader or everybody in the room, or answer the reader."""

    unread: int
    mentions: int
