"""Recordings lose what they tell, keep what is seen and heard, and never hurt whoever reads them."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_service.domain.recordings import Broken, Source, clean, is_known
from media_service.domain.recordings.revision import ELEMENTS_MAX, Revision
from media_service.recording_processing import process
from tests.media_service.recordings.cleaned import SECRET, cleaned
from tests.media_service.recordings.files import BLOCKS, WHOLE, webm
from tests.media_service.recordings.mp4 import VIDEO, fragmented_mp4

CASES = {
    **{content_type: (content_type, data, shown) for content_type, (data, shown) in WHOLE.items()},
    "fragments": ("video/mp4", fragmented_mp4(), VIDEO.chunks),
    "live": ("video/webm", webm(is_live=True), BLOCKS),
}
TYPES = sorted(CASES)
each = pytest.mark.parametrize("case", TYPES)


@each
def test_nothing_is_left_but_what_is_seen_and_heard(case: str) -> None:
    content_type, data, shown = CASES[case]
    after, recording = cleaned(data, content_type)
    assert recording.cleaned
    assert recording.removed
    assert SECRET not in after
    assert b"Ada" not in after
    assert all(part in after for part in shown)


@each
def test_what_is_clean_stays_as_it_is(case: str) -> None:
    content_type, data, _ = CASES[case]
    once, _ = cleaned(data, content_type)
    twice, recording = cleaned(once, content_type)
    assert twice == once
    assert recording.removed == ()
    assert recording.plan == (range(len(once)),)


@pytest.mark.parametrize("content_type", sorted(WHOLE.keys() - {"audio/mpeg", "audio/aac", "audio/flac"}))
def test_what_is_hung_behind_the_end_goes(content_type: str) -> None:
    _, data, _ = CASES[content_type]
    after, recording = cleaned(data + b"PK\3\4" + SECRET, content_type)
    assert SECRET not in after
    assert "trailing_data" in recording.removed


@given(st.sampled_from(sorted(WHOLE)), st.binary(max_size=300))
def test_bytes_of_any_kind_are_cleaned_or_broken(content_type: str, data: bytes) -> None:
    _check(data, content_type)


@given(st.sampled_from(TYPES), st.data())
def test_changed_files_are_cleaned_or_broken(case: str, draw: st.DataObject) -> None:
    content_type, whole, _ = CASES[case]
    data = bytearray(whole)
    for _ in range(draw.draw(st.integers(1, 4))):
        at = draw.draw(st.integers(0, len(data) - 1))
        new = draw.draw(st.one_of(st.binary(min_size=1, max_size=4), st.sampled_from(_NUMBERS)))
        data[at : at + len(new)] = new
    _check(bytes(data[: draw.draw(st.integers(len(data) // 2, len(data)))]), content_type)


_NUMBERS = [struct.pack(">I", number) for number in (0, 1, 8, 0x7FFFFFFF, 0xFFFFFFFF)]


def _check(data: bytes, content_type: str) -> None:
    """What is called clean is clean when it is read again."""
    made = process(io.BytesIO(data), len(data), content_type)
    with made.content:
        content = made.content.read()
    assert len(content) == made.size
    if made.cleaned:
        after, recording = cleaned(content, made.content_type)
        assert after == content
        assert recording.removed == ()


@pytest.mark.parametrize(
    "content_type,head,part",
    [
        ("video/mp4", b"\0\0\0\x08ftyp", b"\0\0\0\x08free"),
        ("video/webm", b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff", b"\xec\x80"),
        ("audio/wav", b"RIFF\xff\xff\xff\xffWAVE", b"JUNK\0\0\0\0"),
        ("audio/ogg", b"", b"OggS".ljust(27, b"\0")),
    ],
)
def test_millions_of_parts_are_not_looked_at(content_type: str, head: bytes, part: bytes) -> None:
    data = head + part * (ELEMENTS_MAX + 1)
    with pytest.raises(Broken):
        clean(Source(io.BytesIO(data), len(data)), content_type)


def test_what_was_told_is_looked_for_only_so_long_and_goes_all_the_same() -> None:
    place, rest = b"GPS".ljust(1 << 16), bytes(1 << 16)
    data = place + rest * 40 + place
    revision = Revision(Source(io.BytesIO(data), len(data)))
    for at in range(len(place), len(data), len(place)):
        revision.tell_of(at, at + len(place))
    assert revision.removed == ("text",)
    looked_at = Revision(revision.source)
    looked_at.tell_of(0, len(place))
    assert looked_at.removed == ("gps",)


def test_other_kinds_are_not_known() -> None:
    assert not is_known("application/pdf")
