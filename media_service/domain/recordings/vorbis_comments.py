"""Vorbis comments: texts about a recording, as Ogg, FLAC and Matroska files carry them (Vorbis I §5; RFC 7845 §5.2)."""

from media_service.domain.recordings.source import Broken

_HEADS = (b"\x03vorbis", b"OpusTags", b"\x81theora", b"")  # the last is Speex's
_EMPTY_BYTES = 8  # no vendor, and a count of none


def head_of(packet: bytes) -> bytes:
    return next(head for head in _HEADS if packet.startswith(head))


def emptied(packet: bytes) -> bytes:
    """One of the same length without a word in it: what is behind the end is padding to every reader."""
    head = head_of(packet)
    flag = b"\1" if head == _HEADS[0] else b""  # Vorbis ends with a bit that is set
    if len(packet) < len(head) + _EMPTY_BYTES + len(flag):
        raise Broken("its comments are cut off")
    return (head + bytes(_EMPTY_BYTES) + flag).ljust(len(packet), b"\0")
