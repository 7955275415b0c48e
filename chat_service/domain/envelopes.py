"""Envelopes: an event on its way to a person or a room, with what an instance must know to pass it on unparsed.

To a person: `<label> <seq> <event>`, the conversation from their side, the place in it (0: none, it is not kept), and
the event's JSON, ready for the socket. To a room: `<label> <seq> <username> <bytes> <for them><for others>`, two events
since who did something may be told otherwise than the rest. Without any event it is a nudge: the store knows more.
"""

from typing import NamedTuple

NOBODY = "-"


class RoomEnvelope(NamedTuple):
    label: str
    seq: int
    username: str
    for_them: bytes
    for_others: bytes


def seal(label: str, seq: int, event: bytes = b"") -> bytes:
    return f"{label} {seq} ".encode() + event


def open_envelope(payload: bytes) -> tuple[str, int, bytes]:
    """The label, seq and event of `payload`."""
    label, seq, event = payload.split(b" ", 2)
    return label.decode(), int(seq), event


def seal_for_room(
    label: str, seq: int, *, username: str = NOBODY, for_them: bytes = b"", for_others: bytes = b""
) -> bytes:
    return f"{label} {seq} {username} {len(for_them)} ".encode() + for_them + for_others


def open_room_envelope(payload: bytes) -> RoomEnvelope:
    label, seq, username, length, events = payload.split(b" ", 4)
    at = int(length)
    return RoomEnvelope(label.decode(), int(seq), username.decode(), events[:at], events[at:])
