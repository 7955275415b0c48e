"""Envelopes: an event on its way to one person, with what an instance must know to keep order without parsing it.

`<label> <seq> <event>`: the conversation from the reader's side, the place in it (0: none, it is not kept), and the
event's JSON, ready for the socket. Without an event it is a nudge: the store knows more.
"""


def seal(label: str, seq: int, event: bytes = b"") -> bytes:
    return f"{label} {seq} ".encode() + event


def open_envelope(payload: bytes) -> tuple[str, int, bytes]:
    """The label, seq and event of `payload`."""
    label, seq, event = payload.split(b" ", 2)
    return label.decode(), int(seq), event
