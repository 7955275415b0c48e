"""Envelopes: an event on its way to a person or a room, with what an instance must know to pass it on unparsed.

To a person: `<label> <seq> <event>`, the conversation from their side, the place in it (0: none, it is not kept), and
the event's JSON, ready for the socket. To a room: `<label> <seq> <username> <bytes> <for them><for others>`, two events
since who did something may be told otherwise than the rest. Without any event it is a nudge: the store knows more.

A room's name may come to mean another room, so what is kept in a room goes with its epoch in front of the events:
`<label> <seq> - <bytes of the rest> <epoch> <username> <bytes> <for them><for others>`. To a version that knows no
epochs this is something told to nobody, which it takes for a nudge.
"""

from typing import NamedTuple

NOBODY = "-"
_NOBODY = NOBODY.encode()


class RoomEnvelope(NamedTuple):
    label: str
    seq: int
    username: str
    for_them: bytes
    for_others: bytes
    epoch: str


def seal(label: str, seq: int, event: bytes = b"") -> bytes:
    return f"{label} {seq} ".encode() + event


def open_envelope(payload: bytes) -> tuple[str, int, bytes]:
    """The label, seq and event of `payload`."""
    label, seq, event = payload.split(b" ", 2)
    return label.decode(), int(seq), event


def seal_for_room(
    label: str, seq: int, *, epoch: str = "", username: str = NOBODY, for_them: bytes = b"", for_others: bytes = b""
) -> bytes:
    events = f"{username} {len(for_them)} ".encode() + for_them + for_others
    if epoch:
        events = f"{epoch} ".encode() + events
        return f"{label} {seq} {NOBODY} {len(events)} ".encode() + events
    return f"{label} {seq} ".encode() + events


def epoch_of(payload: bytes) -> str:
    """That of a room's envelope."""
    return open_room_envelope(payload).epoch


def open_room_envelope(payload: bytes) -> RoomEnvelope:
    """Without an epoch it is "": what is not kept, or from a version that knows none."""
    label, seq, username, length, events = payload.split(b" ", 4)
    epoch = b""
    if username == _NOBODY and length != b"0":
        epoch, username, length, events = events.split(b" ", 3)
    at = int(length)
    return RoomEnvelope(label.decode(), int(seq), username.decode(), events[:at], events[at:], epoch.decode())
