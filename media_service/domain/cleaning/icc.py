"""Colour profiles: the tags that colours are computed from, and what else a profile tells (ICC.1:2022 §7 to §9).

A profile of a screen may hold its serial number, of a printer the name of who calibrated it. Kept are the tags that a
colour is transformed with. Who made it, when, with what and for which device is left empty; a description and a
copyright, which have to be there (§8.2), say next to nothing.
"""

import struct

HEADER_BYTES = 128
TAGS_MAX = 100  # of a profile with everything in it there are some 40

_TAG_BYTES = 12
_COLOURS = frozenset(
    (
        *(b"wtpt", b"chad", b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC", b"kTRC"),
        *(b"A2B0", b"A2B1", b"A2B2", b"A2B3", b"B2A0", b"B2A1", b"B2A2", b"B2A3"),
        *(b"D2B0", b"D2B1", b"D2B2", b"D2B3", b"B2D0", b"B2D1", b"B2D2", b"B2D3"),
        *(b"gamt", b"cicp", b"ncl2"),
    )
)
# Of the header: the size is written anew; what is left out says who, when, for what, and the identifier of all of it.
_KEPT_OF_HEADER = (
    slice(8, 24),
    slice(36, 40),
    slice(64, 80),
)  # version to connection space, signature, intent to white
_VERSION_4 = 4


def reduced(profile: bytes) -> bytes | None:
    """The same colours, and nothing else told; None where it is no profile. What is reduced stays byte for byte."""
    size, count = _sizes(profile)
    if profile[36:40] != b"acsp" or not HEADER_BYTES + 4 <= size <= len(profile) or count > TAGS_MAX:
        return None
    tags = _colour_tags(profile[:size], count)
    return _built(profile, {**_texts(profile[8]), **tags}) if tags else None


def _sizes(profile: bytes) -> tuple[int, int]:
    if len(profile) < HEADER_BYTES + 4:
        return 0, 0
    return int.from_bytes(profile[:4], "big"), int.from_bytes(profile[HEADER_BYTES : HEADER_BYTES + 4], "big")


def _colour_tags(profile: bytes, count: int) -> dict[bytes, bytes] | None:
    """None where one lies outside, or where they overlap so that together they are more than the profile."""
    start = HEADER_BYTES + 4
    table = profile[start : start + count * _TAG_BYTES]
    if len(table) != count * _TAG_BYTES:
        return None
    places: dict[bytes, tuple[int, int]] = {}
    for name, at, size in struct.iter_unpack(">4sII", table):
        if name in _COLOURS:
            places.setdefault(name, (at, size))
    distinct = set(places.values())
    if any(at < start or at + size > len(profile) for at, size in distinct):
        return None
    if sum(size for _, size in distinct) > len(profile):
        return None
    return {name: profile[at : at + size] for name, (at, size) in places.items()}


def _texts(version: int) -> dict[bytes, bytes]:
    if version >= _VERSION_4:
        return {b"desc": _unicode_text("Colours"), b"cprt": _unicode_text("None")}
    return {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 8) + b"Colours\0" + bytes(78),
        b"cprt": b"text\0\0\0\0None\0",
    }


def _unicode_text(text: str) -> bytes:
    encoded = text.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(encoded), 28) + encoded


def _built(profile: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Equal values are written once, as profiles do with three equal curves."""
    at = HEADER_BYTES + 4 + len(tags) * _TAG_BYTES
    places: dict[bytes, int] = {}
    table, values = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        if data not in places:
            places[data] = at + len(values)
            values += data + bytes(-len(data) % 4)
        table += struct.pack(">4sII", name, places[data], len(data))
    header = bytearray(HEADER_BYTES)
    for kept in _KEPT_OF_HEADER:
        header[kept] = profile[kept]
    header[:4] = (HEADER_BYTES + len(table) + len(values)).to_bytes(4, "big")
    return bytes(header) + table + values
