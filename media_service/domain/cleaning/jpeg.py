"""JPEG: its marker segments, those that a decoder reads and those that it does not (ITU-T T.81 Annex B; JFIF 1.02).

Colour profiles lie in APP2 (ICC.1 Annex B.4), the transform of CMYK in Adobe's APP14 (Adobe TN 5116). What stands
behind the first end of image, such as the further pictures of an MPO, is not part of the picture.
"""

from typing import NamedTuple

from media_service.domain.cleaning import icc
from media_service.domain.cleaning.cleaned import Broken, Cleaned, TooManyParts, bounded
from media_service.domain.cleaning.jpeg_segments import EOI, SOS, STANDALONE, Segment, segments
from media_service.domain.cleaning.metadata_found import MetadataFound

_DHT, _DQT, _DNL, _DRI = 0xC4, 0xDB, 0xDC, 0xDD
_APP0, _APP1, _APP2, _APP13, _APP14, _COM = 0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xFE

_FRAMES = {0xC0, 0xC1, 0xC2}  # baseline, extended, progressive
_OTHER_FRAMES = dict.fromkeys((0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF), "an arithmetic-coded JPEG")
_OTHER_FRAMES |= {0xC3: "a lossless JPEG", 0xC8: "a JPEG of a reserved kind"}
_OTHER_FRAMES |= dict.fromkeys((0xC5, 0xC6, 0xC7, 0xDE, 0xDF), "a hierarchical JPEG")

_JFIF, _JFIF_BYTES = b"JFIF\0", 14
_ADOBE, _ADOBE_BYTES = b"Adobe", 12
_ICC, _ICC_HEAD_BYTES = b"ICC_PROFILE\0", 14

_COEFFICIENTS = 64  # of a block
_PAYLOAD_BYTES_MAX = 0xFFFF - 2
_FILL_BLOCK_BYTES = 64 * 1024


class _Frame(NamedTuple):
    width: int
    height: int  # 0: a DNL segment tells it


class _Profile:
    """A colour profile in the making: of up to 255 segments, each numbered (ICC.1 Annex B.4)."""

    def __init__(self) -> None:
        self._pieces: dict[int, bytes] = {}
        self._count = 0

    def add(self, payload: bytes) -> None:
        number, self._count = payload[_ICC_HEAD_BYTES - 2 : _ICC_HEAD_BYTES]
        self._pieces.setdefault(number, payload[_ICC_HEAD_BYTES:])

    def joined(self) -> bytes:
        """Nothing, unless all of them are there."""
        numbers = range(1, self._count + 1)
        return b"".join(self._pieces[number] for number in numbers) if self._pieces.keys() == set(numbers) else b""


def clean(data: bytes) -> Cleaned:
    """Raises Broken."""
    if not data.startswith(b"\xff\xd8"):
        raise Broken("not a JPEG")
    return _Reader(data).read()


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._kept: list[bytes | memoryview] = [b"\xff\xd8"]  # joined once: a file is large
        self._metadata = MetadataFound()
        self._frame: _Frame | None = None
        self._lines = 0  # as DNL tells
        self._scans = 0
        self._to_come: dict[int, set[int]] = {}  # of each component, the coefficients that no scan has finished
        self._has_jfif = False
        self._profile = _Profile()
        self._profile_at: int | None = None  # in what is kept

    def read(self) -> Cleaned:
        ends_early = False
        end = 2
        try:
            for segment in bounded(segments(self._data)):
                self._take(segment)
                end = segment.scan_end
        except TooManyParts:
            raise
        except Broken:  # with the picture behind it, a decoder looks no further
            if not self._has_all_scans():
                raise
            ends_early = True
        if end < len(self._data.rstrip(b"\xff") if ends_early else self._data):
            self._metadata.add("trailing_data")
        self._kept.append(b"\xff\xd9")
        return self._cleaned(ends_early=ends_early)

    def _has_all_scans(self) -> bool:
        return bool(self._to_come) and not any(self._to_come.values())

    def _cleaned(self, *, ends_early: bool) -> Cleaned:
        if self._frame is None or not self._scans:
            raise Broken("a JPEG without a picture")
        width, height = self._frame.width, self._frame.height or self._lines
        if not height:
            raise Broken("a JPEG without a height")
        self._keep_profile()
        return Cleaned(
            data=b"".join(self._kept),
            removed=self._metadata.told(),
            orientation=self._metadata.orientation,
            width=width,
            height=height,
            frames=1,
            pixels=width * height,
            scans=self._scans,
            ends_early=ends_early,
        )

    def _take(self, segment: Segment) -> None:
        if self._data[segment.stray_start : segment.stray_end].strip(b"\xff\0"):
            self._metadata.add("other")
        if segment.marker == EOI or segment.marker in STANDALONE:
            return
        payload = self._data[segment.start : segment.end]
        if self._is_of_profile(segment.marker, payload):
            return
        needed = self._needed(segment.marker, payload)
        if needed is not None:
            self._keep(segment.marker, needed)
        if needed != payload:
            self._note(segment.marker, payload)
        self._keep_scan(segment.end, segment.scan_end)

    def _is_of_profile(self, marker: int, payload: bytes) -> bool:
        """It is kept in the end, when all of it is there."""
        if marker != _APP2 or not payload.startswith(_ICC) or len(payload) <= _ICC_HEAD_BYTES:
            return False
        self._profile_at = len(self._kept) if self._profile_at is None else self._profile_at
        self._profile.add(payload)
        return True

    def _keep_scan(self, start: int, end: int) -> None:
        while end > start and self._data[end - 1] == 0xFF:  # fill bytes of the next marker, which may be millions
            block = self._data[max(start, end - _FILL_BLOCK_BYTES) : end]
            end -= len(block) - len(block.rstrip(b"\xff"))
        self._kept.append(memoryview(self._data)[start:end])

    def _keep(self, marker: int, payload: bytes) -> None:
        self._kept.append(_segment(marker, payload))

    def _keep_profile(self) -> None:
        """Where its first segment was."""
        if self._profile_at is None:
            return
        profile = self._profile.joined()
        reduced = icc.reduced(profile)
        if reduced != profile:
            self._metadata.add("other" if reduced is None else "profile_details")
        size = _PAYLOAD_BYTES_MAX - _ICC_HEAD_BYTES
        pieces = [reduced[at : at + size] for at in range(0, len(reduced), size)] if reduced else []
        self._kept[self._profile_at : self._profile_at] = [
            _segment(_APP2, _ICC + bytes((number, len(pieces))) + piece) for number, piece in enumerate(pieces, 1)
        ]

    def _needed(self, marker: int, payload: bytes) -> bytes | None:
        """As much of the payload as is needed to show the picture; None of a segment that is not needed at all."""
        if marker in _FRAMES:
            self._begin_frame(payload)
        elif marker in _OTHER_FRAMES:
            raise Broken(f"{_OTHER_FRAMES[marker]} is not shown")
        elif marker == SOS:
            self._begin_scan(payload)
        elif marker == _DNL:
            self._lines = _lines(payload)
        elif marker in _TABLES:
            _TABLES[marker](payload)
        else:
            return self._needed_of_application(marker, payload)
        return payload

    def _needed_of_application(self, marker: int, payload: bytes) -> bytes | None:
        if marker == _APP0 and payload.startswith(_JFIF) and len(payload) >= _JFIF_BYTES and not self._has_jfif:
            self._has_jfif = True
            return payload[: _JFIF_BYTES - 2] + b"\0\0"
        if marker == _APP14 and payload.startswith(_ADOBE) and len(payload) >= _ADOBE_BYTES:
            return payload[:_ADOBE_BYTES]
        return None

    def _begin_frame(self, payload: bytes) -> None:
        if self._frame is not None:
            raise Broken("a JPEG with two frames")
        if len(payload) < 6 or len(payload) != 6 + 3 * payload[5] or not 1 <= payload[5] <= 4:
            raise Broken("a malformed frame header")
        self._frame = _Frame(height=int.from_bytes(payload[1:3], "big"), width=int.from_bytes(payload[3:5], "big"))
        if not self._frame.width:
            raise Broken("a JPEG without a width")
        self._to_come = {component: set(range(_COEFFICIENTS)) for component in payload[6::3]}

    def _begin_scan(self, payload: bytes) -> None:
        if self._frame is None:
            raise Broken("a scan before its frame")
        if not payload or len(payload) != 4 + 2 * payload[0] or not 1 <= payload[0] <= 4:
            raise Broken("a malformed scan header")
        self._scans += 1
        first, last, precision = payload[-3:]
        if not precision & 0x0F:  # no further bit of these is to come (G.1.1.1.2)
            for component in payload[1:-3:2]:
                self._to_come.get(component, set()).difference_update(range(first, last + 1))

    def _note(self, marker: int, payload: bytes) -> None:
        if marker == _APP1 and payload.startswith(b"Exif\0"):
            self._metadata.add_exif(payload)
        elif marker == _APP1 and payload.startswith(b"http://ns.adobe.com/x"):  # xap and xmp/extension
            self._metadata.add_xmp(payload)
        else:
            self._metadata.add(_name_of(marker, payload))


def _segment(marker: int, payload: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2, "big") + payload


def _name_of(marker: int, payload: bytes) -> str:
    if marker == _COM:
        return "comment"
    if marker == _APP13 and payload.startswith((b"Photoshop", b"Adobe_Photoshop")):
        return "iptc"
    if marker == _APP0 and (payload.startswith(b"JFXX\0") or (payload.startswith(_JFIF) and any(payload[12:14]))):
        return "thumbnail"
    return "other"


def _lines(payload: bytes) -> int:
    if len(payload) != 2:
        raise Broken("a malformed number of lines")
    return int.from_bytes(payload, "big")


def _check_quantization(payload: bytes) -> None:
    at = 0
    while at < len(payload):
        at += 65 if payload[at] < 0x10 else 129
    if at != len(payload):
        raise Broken("a malformed quantization table")


def _check_huffman(payload: bytes) -> None:
    at = 0
    while at < len(payload):
        at += 17 + sum(payload[at + 1 : at + 17])
    if at != len(payload):
        raise Broken("a malformed Huffman table")


def _check_restart_interval(payload: bytes) -> None:
    if len(payload) != 2:
        raise Broken("a malformed restart interval")


# Checked to the last byte, for what does not belong there would be kept with them.
_TABLES = {_DQT: _check_quantization, _DHT: _check_huffman, _DRI: _check_restart_interval}
