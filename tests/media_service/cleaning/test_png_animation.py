"""APNG: whole frames stay, are announced as they are, and keep their orientation."""

import struct

import pytest

from media_service.domain.cleaning import Format, clean
from tests.media_service.cleaning.pictures import (
    ORIENTATION,
    PHONE_NAMES,
    animation,
    chunk,
    decoded,
    encoded,
    exif_of_a_phone,
    painted,
    told_by_pillow,
    with_chunks,
)

PLAIN = encoded(painted(), "PNG")
MOVING = animation("PNG", "RGB")
ACTL_AT = MOVING.index(b"acTL") - 4
FCTL_AT = MOVING.index(b"fcTL") - 4


def with_first_frame(payload: bytes) -> bytes:
    return MOVING[:FCTL_AT] + chunk(b"fcTL", payload) + MOVING[FCTL_AT + 38 :]


def test_frames_and_their_own_areas_are_counted() -> None:
    cleaned = clean(MOVING, Format.PNG)
    area = 48 * 32
    assert (cleaned.frames, cleaned.scans) == (3, 1)
    assert area < cleaned.pixels < 3 * area  # Pillow writes only what has changed
    with_a_still = clean(animation("PNG", "RGB", default_image=True), Format.PNG)
    assert (with_a_still.frames, with_a_still.pixels > area) == (3, True)


def test_an_animation_behind_the_picture_does_not_count() -> None:
    late = PLAIN[:-12] + MOVING[ACTL_AT : ACTL_AT + 20] + chunk(b"fdAT", bytes(9)) + PLAIN[-12:]
    cleaned = clean(late, Format.PNG)
    assert (cleaned.data, cleaned.removed, cleaned.frames) == (PLAIN, ("other",), 1)


def test_a_second_announcement_does_not_count() -> None:
    twice = with_chunks(MOVING, MOVING[ACTL_AT : ACTL_AT + 20])
    cleaned = clean(twice, Format.PNG)
    assert (cleaned.removed, decoded(cleaned.data)) == (("other",), decoded(MOVING))


@pytest.mark.parametrize(
    "control", [bytes(8), bytes(7), b"\0\0\0\2\0\0\0\0"], ids=["no frames", "too short", "frames that are not there"]
)
def test_an_announcement_of_nothing_is_dropped(control: bytes) -> None:
    cleaned = clean(with_chunks(PLAIN, chunk(b"acTL", control)), Format.PNG)
    assert (cleaned.data, cleaned.frames) == (PLAIN, 1)


def second_frame_at() -> int:
    return MOVING.index(b"fcTL", FCTL_AT + 8) - 4


@pytest.mark.parametrize("announced", [1, 2, 9])
def test_as_many_frames_are_announced_as_there_are(announced: int) -> None:
    wrong = chunk(b"acTL", announced.to_bytes(4, "big") + MOVING[ACTL_AT + 12 : ACTL_AT + 16])
    cleaned = clean(MOVING[:ACTL_AT] + wrong + MOVING[ACTL_AT + 20 :], Format.PNG)
    assert (cleaned.data, cleaned.frames) == (MOVING, 3)


def test_whole_frames_stay_where_the_last_one_is_cut_off() -> None:
    last = MOVING.rindex(b"fcTL") - 4
    for end in (last, last + 20, last + 38, last + 60):
        cleaned = clean(MOVING[:end], Format.PNG)
        assert (cleaned.frames, cleaned.ends_early) == (2, True)
        assert decoded(cleaned.data).frames == decoded(MOVING).frames[:2]


def test_a_frame_that_looks_whole_may_not_be_so_the_others_are_kept_besides() -> None:
    cleaned = clean(MOVING[:-12], Format.PNG)
    assert (cleaned.data, cleaned.ends_early) == (MOVING, True)
    assert cleaned.fallback is not None
    assert decoded(cleaned.fallback.data).frames == decoded(MOVING).frames[:2]


@pytest.mark.parametrize("place", [b"fcTL", b"fdAT"])
def test_with_a_part_that_is_out_of_order_the_animation_ends(place: bytes) -> None:
    at = MOVING.index(place, second_frame_at())
    size = int.from_bytes(MOVING[at - 4 : at], "big")
    renumbered = chunk(place, b"\0\0\0\7" + MOVING[at + 8 : at + 4 + size])
    cleaned = clean(MOVING[: at - 4] + renumbered + MOVING[at + 8 + size :], Format.PNG)
    assert (cleaned.frames, cleaned.removed) == (1, ("other",))
    assert decoded(cleaned.data).frames[0][2] == decoded(MOVING).frames[0][2]


def test_an_animation_keeps_its_orientation_and_nothing_else_of_its_exif() -> None:
    cleaned = clean(with_chunks(MOVING, chunk(b"eXIf", exif_of_a_phone())), Format.PNG)
    assert (cleaned.orientation, cleaned.removed) == (6, PHONE_NAMES)
    assert told_by_pillow(cleaned.data) == {"exif", f"exif {ORIENTATION}"}


def frame(width: int, height: int, left: int = 0, top: int = 0) -> bytes:
    return struct.pack(">IIIIIHHBB", 0, width, height, left, top, 1, 1, 0, 0)


@pytest.mark.parametrize(
    "malformed",
    [bytes(25), frame(0, 32), frame(48, 0), frame(48, 32, left=1), frame(48, 32, top=1)],
)
def test_an_animation_whose_first_frame_is_malformed_is_a_still(malformed: bytes) -> None:
    cleaned = clean(with_first_frame(malformed), Format.PNG)
    assert (cleaned.frames, cleaned.removed) == (1, ("other",))
    assert decoded(cleaned.data).frames[0][2] == decoded(MOVING).frames[0][2]
