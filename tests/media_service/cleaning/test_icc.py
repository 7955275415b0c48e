"""Colour profiles: what colours are computed from stays, what tells of people and devices goes."""

import struct
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from media_service.domain.cleaning import icc
from tests.media_service.cleaning.pictures import painted
from tests.media_service.cleaning.profiles import FOREIGN_PROFILE, PROFILE, profile_of, reduced, tags_of

TELLING = {
    b"mmod": b"mmod\0\0\0\0\0\0\x10\xac\0\0\xa0\xb7SERIAL42" + bytes(20),
    b"dmnd": b"desc\0\0\0\0\0\0\0\x0bAda Lovelace",
    b"dmdd": b"desc\0\0\0\0\0\0\0\x0bAda Lovelace",
    b"vcgt": b"vcgt\0\0\0\0" + bytes(40),
    b"meta": b"dict\0\0\0\0Ada Lovelace",
    b"calt": b"dtim\0\0\0\0\x07\xea" + bytes(10),
    b"Ada ": b"text\0\0\0\0Lovelace\0",
}
SECRETS = (b"SERIAL42", b"Ada", b"Lovelace", b"lcms", b"APPL")


def in_srgb(profile: bytes) -> bytes:
    source = ImageCms.ImageCmsProfile(BytesIO(profile))
    image = ImageCms.profileToProfile(painted(), source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert image is not None
    return image.tobytes()


def test_colours_stay_and_nothing_else() -> None:
    told = profile_of({**tags_of(FOREIGN_PROFILE), **TELLING})
    kept = reduced(told)
    assert not [secret for secret in SECRETS if secret in kept]
    assert kept == PROFILE
    assert tags_of(kept).keys() == {
        *(b"desc", b"cprt", b"wtpt", b"chad"),
        *(b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"),
    }


def test_colours_are_the_same() -> None:
    tags = tags_of(FOREIGN_PROFILE)
    swapped = profile_of({**tags, b"rXYZ": tags[b"bXYZ"], b"bXYZ": tags[b"rXYZ"]})
    assert in_srgb(reduced(swapped)) == in_srgb(swapped) != in_srgb(PROFILE)


def test_what_is_reduced_stays_as_it_is() -> None:
    assert reduced(PROFILE) == PROFILE
    assert reduced(PROFILE + b"something behind it") == PROFILE


def test_the_header_tells_colours_alone() -> None:
    header = bytearray(b"\xaa" * 128)
    for kept in (slice(8, 24), slice(36, 40), slice(64, 80)):
        header[kept] = FOREIGN_PROFILE[kept]
    assert reduced(profile_of(tags_of(FOREIGN_PROFILE), bytes(header))) == PROFILE


def test_an_older_profile_gets_the_texts_of_its_version() -> None:
    header = FOREIGN_PROFILE[:8] + b"\x02" + FOREIGN_PROFILE[9:128]
    tags = tags_of(reduced(profile_of(tags_of(FOREIGN_PROFILE), header)))
    assert tags[b"desc"].startswith(b"desc")
    assert tags[b"cprt"].startswith(b"text")
    assert ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(BytesIO(reduced(PROFILE)))) == "Colours\n"


def test_equal_curves_are_written_once() -> None:
    tags = tags_of(FOREIGN_PROFILE)
    curve = b"curv\0\0\0\0" + struct.pack(">I", 4096) + bytes(8192)
    kept = reduced(profile_of({**tags, b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}))
    assert len(kept) < 2 * len(curve)


COUNT = struct.Struct(">I")


@pytest.mark.parametrize(
    "profile",
    [
        b"",
        b"no profile at all" * 20,
        PROFILE[:-1],
        PROFILE[:100],
        PROFILE[:128] + COUNT.pack(icc.TAGS_MAX + 1) + PROFILE[132:],
        PROFILE[:128] + COUNT.pack(90) + PROFILE[132:],
        PROFILE[:136] + COUNT.pack(len(PROFILE)) + PROFILE[140:148] + COUNT.pack(len(PROFILE)) + PROFILE[152:160]
        + COUNT.pack(len(PROFILE)) + PROFILE[164:],
        profile_of({b"desc": b"of no colours at all"}),
    ],
)  # fmt: skip
def test_what_is_no_profile_is_none(profile: bytes) -> None:
    assert icc.reduced(profile) is None


def test_values_that_overlap_may_not_become_many_times_the_profile() -> None:
    names = (b"rTRC", b"gTRC", b"bTRC", b"A2B0", b"A2B1")
    size = 4000
    table = b"".join(struct.pack(">4sII", name, 192 + at, size) for at, name in enumerate(names))
    body = COUNT.pack(len(names)) + table + bytes(size + 10)
    profile = COUNT.pack(128 + len(body)) + PROFILE[4:128] + body
    assert icc.reduced(profile) is None


@given(st.binary(max_size=64), st.integers(0, len(PROFILE)))
def test_any_bytes_are_reduced_or_none(data: bytes, at: int) -> None:
    mutated = FOREIGN_PROFILE[:at] + data + FOREIGN_PROFILE[at + len(data) :]
    kept = icc.reduced(mutated)
    assert kept is None or icc.reduced(kept) == kept


def test_pillow_reads_it_from_a_picture() -> None:
    buffer = BytesIO()
    painted().save(buffer, "JPEG", icc_profile=PROFILE)
    with Image.open(buffer) as image:
        assert image.info["icc_profile"] == PROFILE
