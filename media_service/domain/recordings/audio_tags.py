"""Tags around audio: ID3v2 before it; ID3v1, APEv2, Lyrics3 and ID3v2 behind it (id3.org; the APEv2 specification)."""

from media_service.domain.recordings.revision import Revision
from media_service.domain.recordings.source import Source

TAGS_MAX = 32
_ID3_BYTES, _ID3V1_BYTES, _ID3V1_MORE_BYTES, _APE_BYTES = 10, 128, 227, 32


def length_before(source: Source) -> int:
    """Of the tags that a file begins with."""
    at = 0
    for _ in range(TAGS_MAX):
        head = source.peek(at, _APE_BYTES)
        length = _id3_bytes(head) or _ape_head_bytes(head)
        if not length or at + length > source.size:
            break
        at += length
    return at


def cut_before(revision: Revision) -> int:
    """Where the audio begins that has tags before it."""
    if length := length_before(revision.source):
        revision.tell_of(0, length)
        revision.cut(0, length)
    return length


def cut_behind(revision: Revision, start: int) -> int:
    """Where the audio ends that begins at `start`."""
    source = revision.source
    end = source.size
    for _ in range(TAGS_MAX):
        length = _length_behind(revision, end)
        if not 0 < length <= end - start:
            break
        revision.tell_of(end - length, end)
        end -= length
    revision.cut(end, source.size)
    return end


def _length_behind(revision: Revision, end: int) -> int:
    tail = revision.source.peek(max(0, end - _ID3V1_MORE_BYTES), min(end, _ID3V1_MORE_BYTES))
    if tail[-_ID3V1_BYTES:].startswith(b"TAG") and len(tail) >= _ID3V1_BYTES:
        return _ID3V1_BYTES
    if tail.startswith(b"TAG+") and len(tail) == _ID3V1_MORE_BYTES:
        return _ID3V1_MORE_BYTES
    if tail[-_APE_BYTES:].startswith(b"APETAGEX"):
        return _ape_bytes(tail[-_APE_BYTES:])
    if tail[-_ID3_BYTES:].startswith(b"3DI"):
        return _id3_bytes(b"ID3" + tail[-_ID3_BYTES + 3 :])
    if tail.endswith(b"LYRICS200") and tail[-15:-9].isdigit():
        return int(tail[-15:-9]) + 15
    if tail.endswith(b"LYRICSEND"):
        return _old_lyrics_bytes(revision, end)
    return 0


def _old_lyrics_bytes(revision: Revision, end: int) -> int:
    looked_at = min(end, 5100 + 20)
    begin = revision.source.peek(end - looked_at, looked_at).rfind(b"LYRICSBEGIN")
    return looked_at - begin if begin >= 0 else 0


def _id3_bytes(head: bytes) -> int:
    """With its header, and its footer where it has one; 0 where it is none (ID3v2.4 §3.1)."""
    if len(head) < _ID3_BYTES or head[:3] != b"ID3" or any(byte & 0x80 for byte in head[6:10]):
        return 0
    size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
    return _ID3_BYTES + size + (_ID3_BYTES if head[5] & 0x10 else 0)


def _ape_head_bytes(head: bytes) -> int:
    is_head = head.startswith(b"APETAGEX") and len(head) == _APE_BYTES and head[23] & 0x20
    return _APE_BYTES + int.from_bytes(head[12:16], "little") if is_head else 0


def _ape_bytes(footer: bytes) -> int:
    has_head = footer[23] & 0x80
    return int.from_bytes(footer[12:16], "little") + (_APE_BYTES if has_head else 0)
