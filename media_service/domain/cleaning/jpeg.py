"""JPEG: its marker segments, those that a decoder reads and those that it does not (ITU-T T.81 Annex B; JFIF 1.02).

Colour profiles lie in APP2 (ICC.1 Annex B.4), the transform of CMYK in Adobe's APP14 (Adobe TN 5116). What stands
behind the first end of image, such as the further pictures of an MPO, is not part of the picture.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from media_service.domain.cleaning.cleaned import Broken, Cleaned, bounded
from media_service.domain.cleaning.metadata_found import MetadataFound

_EOI, _SOS = 0xD9, 0xDA
_DHT, _DQT, _DNL, _DRI = 0xC4, 0xDB, 0xDC, 0xDD
_APP0, _APP1, _APP2, _APP13, _APP14, _COM = 0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xFE
_STANDALONE = {0x00, 0x01, *range(0xD0, 0xD9)}  # without a length: where segments stand, each is out of place
_RESERVED = range(0x02, 0xC0)

_FRAMES = {0xC0, 0xC1, 0xC2}  # baseline, extended, progressive
_OTHER_FRAMES = dict.fromkeys((0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF), "an arithmetic-coded JPEG")
_OTHER_FRAMES |= {0xC3: "a lossless JPEG", 0xC8: "a JPEG of a reserved kind"}
_OTHER_FRAMES |= dict.fromkeys((0xC5, 0xC6, 0xC7, 0xDE, 0xDF), "a hierarchical JPEG")

_JFIF, _JFIF_BYTES = b"JFIF\0", 14
_ADOBE, _ADOBE_BYTES = b"Adobe", 12
_ICC, _ICC_HEAD_BYTES = b"ICC_PROFILE\0", 14

_FILL = re.compile(rb"\xff+")
# The end of entropy-coded data. It looks at one 0xFF at a time: a run of a million is then not read a million times.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")


class _Segment(NamedTuple):
    marker: int
    start: int  # of its payload
    end: int
    scan_end: int  # of the entropy-coded data that follows a start of scan; else the same


class _Frame(NamedTuple):
    width: int
    height: int  # 0: a DNL segment tells it


def clean(data: bytes) -> Cleaned:
    """Raises Broken."""
    if not data.startswith(b"\xff\xd8"):
        raise Broken("not a JPEG")
    return _Reader(data).read()


def _segments(data: bytes) -> Iterator[_Segment]:
    """Up to and with the end of image."""
    marker, at = _marker_at(data, 2)
    while marker != _EOI:
        start, end = _payload_of(data, marker, at)
        scan_end = _end_of_scan(data, end) if marker == _SOS else end
        yield _Segment(marker, start, end, scan_end)
        marker, at = _marker_at(data, scan_end)
    yield _Segment(marker, at, at, at)


def _marker_at(data: bytes, at: int) -> tuple[int, int]:
    """The marker at `at`, and where it ends; as many fill bytes as it likes may be before it (B.1.1.2)."""
    fill = _FILL.match(data, at)
    end = at if fill is None else fill.end()
    if end >= len(data):
        raise Broken("the JPEG ends too early")
    if fill is None:
        raise Broken("a marker is missing")
    return data[end], end + 1


def _payload_of(data: bytes, marker: int, at: int) -> tuple[int, int]:
    """Where it begins and ends, for the marker that ends at `at`."""
    if marker in _STANDALONE or marker in _RESERVED:
        raise Broken(f"the marker {marker:#04x} is out of place")
    length = int.from_bytes(data[at : at + 2], "big")
    if at + max(length, 2) > len(data):
        raise Broken("the JPEG ends too early")
    if length < 2:
        raise Broken("a segment is shorter than its own length")
    return at + 2, at + length


def _end_of_scan(data: bytes, start: int) -> int:
    """Where the entropy-coded data from `start` on ends; restart markers belong to it."""
    found = _MARKER.search(data, start)
    if found is None:
        raise Broken("the JPEG ends too early")
    return found.start()


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._kept: list[bytes | memoryview] = [b"\xff\xd8"]  # joined once: a file is large
        self._metadata = MetadataFound()
        self._frame: _Frame | None = None
        self._lines = 0  # as DNL tells
        self._scans = 0
        self._has_jfif = False

    def read(self) -> Cleaned:
        for segment in bounded(_segments(self._data)):
            if segment.marker != _EOI:
                self._take(segment)
            elif segment.end < len(self._data):
                self._metadata.add("trailing_data")
        self._kept.append(b"\xff\xd9")
        return self._cleaned()

    def _cleaned(self) -> Cleaned:
        if self._frame is None or not self._scans:
            raise Broken("a JPEG without a picture")
        width, height = self._frame.width, self._frame.height or self._lines
        if not height:
            raise Broken("a JPEG without a height")
        return Cleaned(
            data=b"".join(self._kept),
            removed=self._metadata.told(),
            orientation=self._metadata.orientation,
            width=width,
            height=height,
            frames=1,
            pixels=width * height,
            scans=self._scans,
        )

    def _take(self, segment: _Segment) -> None:
        payload = self._data[segment.start : segment.end]
        needed = self._needed(segment.marker, payload)
        if needed is not None:
            self._keep(segment.marker, needed)
        if needed != payload:
            self._note(segment.marker, payload)
        self._keep_scan(segment.end, segment.scan_end)

    def _keep_scan(self, start: int, end: int) -> None:
        while end > start and self._data[end - 1] == 0xFF:  # fill bytes of the next marker
            end -= 1
        self._kept.append(memoryview(self._data)[start:end])

    def _keep(self, marker: int, payload: bytes) -> None:
        self._kept.append(bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2, "big") + payload)

    def _needed(self, marker: int, payload: bytes) -> bytes | None:
        """As much of the payload as is needed to show the picture; None of a segment that is not needed at all."""
        if marker in _FRAMES:
            self._begin_frame(payload)
        elif marker in _OTHER_FRAMES:
            raise Broken(f"{_OTHER_FRAMES[marker]} is not shown")
        elif marker == _SOS:
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
        if marker == _APP2 and payload.startswith(_ICC) and len(payload) > _ICC_HEAD_BYTES:
            return payload
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

    def _begin_scan(self, payload: bytes) -> None:
        if self._frame is None:
            raise Broken("a scan before its frame")
        if not payload or len(payload) != 4 + 2 * payload[0] or not 1 <= payload[0] <= 4:
            raise Broken("a malformed scan header")
        self._scans += 1

    def _note(self, marker: int, payload: bytes) -> None:
        if marker == _APP1 and payload.startswith(b"Exif\0"):
            self._metadata.add_exif(payload)
        elif marker == _APP1 and payload.startswith(b"http://ns.adobe.com/x"):  # xap and xmp/extension
            self._metadata.add_xmp(payload)
        else:
            self._metadata.add(_name_of(marker, payload))


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
