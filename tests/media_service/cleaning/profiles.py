"""Colour profiles: as lcms makes them, as others might, and as they are kept."""

import struct

from PIL import ImageCms

from media_service.domain.cleaning import icc

# With all that lcms says of itself.
FOREIGN_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def tags_of(profile: bytes) -> dict[bytes, bytes]:
    """The values of a colour profile."""
    (count,) = struct.unpack_from(">I", profile, 128)
    table = struct.iter_unpack(">4sII", profile[132 : 132 + 12 * count])
    return {name: profile[at : at + size] for name, at, size in table}


def profile_of(tags: dict[bytes, bytes], header: bytes = FOREIGN_PROFILE[:128]) -> bytes:
    """A colour profile (ICC.1 §7) with these values."""
    at = 132 + 12 * len(tags)
    table, values = struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        table += struct.pack(">4sII", name, at + len(values), len(value))
        values += value + bytes(-len(value) % 4)
    return (at + len(values)).to_bytes(4, "big") + header[4:] + table + values


def reduced(profile: bytes) -> bytes:
    made = icc.reduced(profile)
    assert made is not None
    return made


PROFILE = reduced(FOREIGN_PROFILE)
LARGE_PROFILE = reduced(profile_of({**tags_of(PROFILE), b"A2B0": bytes(range(256)) * 600}))  # more than one segment
