"""MP3 and AAC in ADTS: frames, one behind the other (ISO/IEC 11172-3, 13818-3 and 13818-7).

The tags before and behind go. A frame of MP3 that tells of the file (Xing, Info) stays, since players need it to seek
and to play without a gap, without the name of what wrote it. Padding within frames, where LAME writes its name too, is
part of the stream.
"""

from collections.abc import Callable
from typing import NamedTuple

from media_service.domain.recordings.audio_tags import cut_before, cut_behind
from media_service.domain.recordings.recording import Recording, recording
from media_service.domain.recordings.revision import Revision
from media_service.domain.recordings.source import Broken, Source

_RATES_HZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}  # by the version's bits
_KBITS = {  # by MPEG 1, and layer
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_ADTS_RATES_HZ = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_HEAD_BYTES = 7
_JUNK_BYTES_MAX = 64 * 1024  # before the first frame
_XING_FIELDS = {1: 4, 2: 4, 4: 100, 8: 4}  # frames, bytes, a table, quality: what of it there is, flags tell
_XING_CHECKSUM_AT = 34  # behind the name of the encoder
_KEPT_ENCODERS = (b"LAME", b"Lavf", b"Lavc")  # whose delays players believe


class _Frame(NamedTuple):
    length: int
    samples: int
    rate_hz: int
    xing_at: int  # where a word of Xing would be


_Reader = Callable[[bytes], _Frame | None]


def type_of_frames(source: Source, at: int) -> str | None:
    """Of what lies there: a row of such frames has no signature."""
    if _is_row(source, _adts_frame, at, source.size):
        return "audio/aac"
    return "audio/mpeg" if _is_row(source, _mpeg_frame, at, source.size) else None


def clean(source: Source, _: str) -> Recording:
    """Raises Broken."""
    revision = Revision(source)
    start = cut_before(revision)
    end = cut_behind(revision, start)
    is_adts = _is_row(source, _adts_frame, start, end)
    frame_in = _adts_frame if is_adts else _mpeg_frame
    at = _first_frame(revision, frame_in, start, end)
    if at > start:
        revision.cut(start, at)
        revision.tell("other")
    duration_s = 0.0
    if not is_adts:
        first = _frame_at(source, frame_in, at)
        assert first is not None
        if _clean_xing(revision, at, first):
            at += first.length
    while at < end:
        revision.count()
        if (frame := _frame_at(source, frame_in, at)) is None:
            _judge_rest(revision, at, end)
            break
        duration_s += frame.samples / frame.rate_hz
        at += frame.length
    return recording(revision, "audio/aac" if is_adts else "audio/mpeg", duration_s=duration_s)


def _judge_rest(revision: Revision, at: int, end: int) -> None:
    """Silence of zeros, or a frame that was cut off, tells nothing; what else is there is not known."""
    if not revision.is_blank(at, end):
        revision.is_clean = False


def _is_row(source: Source, frame_in: _Reader, at: int, end: int) -> bool:
    """Whether two frames follow one another there, or one that ends the file."""
    if (frame := _frame_at(source, frame_in, at)) is None:
        return False
    after = at + frame.length
    return after == end or _frame_at(source, frame_in, after) is not None


def _first_frame(revision: Revision, frame_in: _Reader, start: int, end: int) -> int:
    source = revision.source
    junk = source.peek(start, min(_JUNK_BYTES_MAX, end - start))
    at = 0
    while (at := junk.find(b"\xff", at)) >= 0:
        revision.count()
        if _is_row(source, frame_in, start + at, end):
            return start + at
        at += 1
    raise Broken("there is no frame in it")


def _frame_at(source: Source, frame_in: _Reader, at: int) -> _Frame | None:
    head = source.peek(at, _HEAD_BYTES)
    return frame_in(head) if len(head) == _HEAD_BYTES and head[0] == 0xFF else None


def _adts_frame(head: bytes) -> _Frame | None:
    rate = head[2] >> 2 & 0xF
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    if head[1] & 0xF6 != 0xF0 or rate >= len(_ADTS_RATES_HZ) or length < _HEAD_BYTES:
        return None
    return _Frame(length, 1024 * ((head[6] & 3) + 1), _ADTS_RATES_HZ[rate], 0)


def _mpeg_frame(head: bytes) -> _Frame | None:
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    kbits, rate = head[2] >> 4, head[2] >> 2 & 3
    if head[1] & 0xE0 != 0xE0 or version == 1 or layer not in {2, 3} or not 0 < kbits < 15 or rate == 3:
        return None
    is_one, is_mono = version == 3, head[3] >> 6 == 3
    samples = 1152 if is_one or layer == 2 else 576
    rate_hz = _RATES_HZ[version][rate]
    length = samples // 8 * _KBITS[is_one, layer][kbits] * 1000 // rate_hz + (head[2] >> 1 & 1)
    side = ((17 if is_mono else 32) if is_one else (9 if is_mono else 17)) + 4
    return _Frame(length, samples, rate_hz, side)


def _clean_xing(revision: Revision, at: int, frame: _Frame) -> bool:
    """Whether the frame tells of the file, and is not heard. Its encoder goes, and its checksum is made anew."""
    data = revision.source.peek(at, min(frame.length, revision.source.size - at))
    word = frame.xing_at
    if data[word : word + 4] not in {b"Xing", b"Info"}:
        return b"VBRI" in data[32:40]
    flags = data[word + 7] if len(data) > word + 7 else 0
    encoder_at = word + 8 + sum(length for flag, length in _XING_FIELDS.items() if flags & flag)
    checksum_at = encoder_at + _XING_CHECKSUM_AT
    if len(data) < checksum_at + 2:
        return True
    name = data[encoder_at : encoder_at + 9]
    neutral = name[:4].ljust(9) if name[:4] in _KEPT_ENCODERS else bytes(9)
    if name != neutral:
        revision.put(at + encoder_at, neutral)
        changed = data[:encoder_at] + neutral + data[encoder_at + 9 : checksum_at]
        revision.put(at + checksum_at, _crc16(changed).to_bytes(2, "big"))
        revision.tell("software")
    return True


def _crc16(data: bytes) -> int:
    """CRC-16/ARC, as LAME's tag has it."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc
