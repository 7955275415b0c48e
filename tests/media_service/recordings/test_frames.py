"""Frames, chunks and pages: MP3, AAC, FLAC, Ogg, WAV, AVI and AIFF."""

import struct

import pytest

from media_service.domain.recordings import Broken
from media_service.domain.recordings.ogg import checksum
from tests.media_service.recordings.cleaned import SECRET, cleaned
from tests.media_service.recordings.files import (
    FLAC_FRAMES,
    MP3_FRAME,
    OPUS_HEAD,
    aac,
    aiff,
    avi,
    chunk,
    comments,
    flac,
    flac_frame,
    id3,
    mp3,
    opus,
    page,
    wav,
)


@pytest.mark.parametrize(
    "data,content_type,duration_s",
    [
        (mp3(100), "audio/mpeg", 100 * 1152 / 44100),
        (MP3_FRAME * 10, "audio/mpeg", 10 * 1152 / 44100),
        (aac(100), "audio/aac", 100 * 1024 / 44100),
        (flac(), "audio/flac", 2.0),
        (opus(), "audio/ogg", 3.0),
        (wav(), "audio/wav", 1.0),
        (avi(), "video/x-msvideo", 2.0),
        (aiff(), "audio/aiff", 2.0),
    ],
)
def test_how_long_it_is(data: bytes, content_type: str, duration_s: float) -> None:
    assert cleaned(data, content_type)[1].duration_s == pytest.approx(duration_s, abs=0.001)


@pytest.mark.parametrize(
    "said,left", [(b"LAME3.100", b"LAME     "), (b"Lavc58.13", b"Lavc     "), (b"AdaCoder!", b"\0")]
)
def test_whoever_coded_it_is_not_named(said: bytes, left: bytes) -> None:
    after, recording = cleaned(mp3(said=said), "audio/mpeg")
    assert said not in after
    assert left in after
    assert "software" in recording.removed


def test_a_frame_without_room_for_a_name_has_none() -> None:
    short = (b"\xff\xfb\x10\x00".ljust(36, b"\0") + b"Info\0\0\0\x0f").ljust(104, b"\0")
    after, _ = cleaned(short + MP3_FRAME * 2, "audio/mpeg")
    assert after == short + MP3_FRAME * 2


def test_tags_of_all_kinds_go() -> None:
    lyrics = b"LYRICSBEGIN" + SECRET + b"LYRICSEND"
    footed = id3(SECRET)
    footed = footed[:5] + b"\x10" + footed[6:] + b"3DI" + footed[3:5] + b"\x10" + footed[6:10]
    ape = b"APETAGEX" + struct.pack("<IIII", 2000, 32 + len(SECRET), 1, 0xA0000000) + bytes(8)
    footer = ape[:20] + struct.pack("<I", 0x80000000) + ape[24:]
    more = b"TAG+".ljust(227, b"A") + b"TAG".ljust(128, b"A")
    for head, tail in (
        (ape + SECRET + footer, b""),
        (footed, footed),
        (b"", lyrics),
        (b"", more),
        (b"", ape + SECRET + footer),
    ):
        after, recording = cleaned(head + MP3_FRAME * 3 + tail, "audio/mpeg")
        assert after == MP3_FRAME * 3
        assert recording.cleaned


def test_junk_before_and_behind() -> None:
    after, recording = cleaned(b"junk" + MP3_FRAME * 3 + bytes(100), "audio/mpeg")
    assert after == MP3_FRAME * 3 + bytes(100)
    assert recording.cleaned
    after, recording = cleaned(MP3_FRAME * 3 + SECRET, "audio/mpeg")
    assert not recording.cleaned


def test_what_has_no_frame_is_refused() -> None:
    with pytest.raises(Broken):
        cleaned(id3(b"TPE1") + b"no frame" * 100, "audio/mpeg")


@pytest.mark.parametrize("data", [b"", b"fLaC", b"fLaC\x84\0\0\0", b"fLaC\x81\0\0\x01\0", b"fLaC\x80\0\xff\xff"])
def test_a_broken_flac_is_refused(data: bytes) -> None:
    with pytest.raises(Broken):
        cleaned(data, "audio/flac")


RFC_9639_D_1 = bytes.fromhex(
    "664c6143 80000022 10001000 00000f00 000f0ac4 42f00000 00013e84 b41807dc 69030758 6a3dad1a 2e0ffff8 69180000"
    "bf0358fd 03128baa 9a"
)


def test_the_flac_of_the_standard_has_nothing_that_tells() -> None:
    after, recording = cleaned(RFC_9639_D_1, "audio/flac")
    assert (after, recording.cleaned) == (RFC_9639_D_1, True)


@pytest.mark.parametrize("kind", ["fixed", "variable"])
@pytest.mark.parametrize("samples", [88_200, 0])
def test_a_flac_that_ends_with_its_last_frame_is_clean(samples: int, kind: str) -> None:
    frames = FLAC_FRAMES if kind == "fixed" else flac_frame(0) + flac_frame(44_100, is_variable=True)
    for data in (flac(frames, samples=samples), flac(frames, samples=samples) + bytes(100)):
        assert cleaned(data, "audio/flac").recording.cleaned


@pytest.mark.parametrize(
    "data",
    [
        flac(FLAC_FRAMES + SECRET),
        flac(FLAC_FRAMES + b"\xff\xf8" * 100),
        flac(SECRET + FLAC_FRAMES),
        flac(FLAC_FRAMES[:-1]),
        flac(FLAC_FRAMES + flac()),
        flac(FLAC_FRAMES + flac(flac_frame(0), samples=44_100)),
        flac(flac_frame(0) + SECRET + bytes(1 << 18)),
        flac(flac_frame(0)),
        flac(b""),
    ],
)
def test_what_else_is_in_a_flac_is_not_called_clean(data: bytes) -> None:
    recording = cleaned(data, "audio/flac").recording
    assert not recording.cleaned
    assert recording.duration_s == 2.0


def test_pages_have_right_checksums_though_comments_lie_on_several() -> None:
    after, recording = cleaned(opus(said=comments() + SECRET * 20), "audio/ogg")
    assert SECRET not in after
    assert recording.cleaned
    at = 0
    while at < len(after):
        segments = after[at + 27 : at + 27 + after[at + 26]]
        end = at + 27 + len(segments) + sum(segments)
        blank = after[at : at + 22] + bytes(4) + after[at + 26 : end]
        assert checksum(blank) == int.from_bytes(after[at + 22 : at + 26], "little")
        at = end


def test_one_behind_another_is_as_long_as_both() -> None:
    after, recording = cleaned(opus() + opus(), "audio/ogg")
    assert recording.duration_s == 6.0
    assert SECRET not in after


@pytest.mark.parametrize(
    "first,is_clean",
    [
        (b"\x01vorbis".ljust(30, b"\1"), True),
        (b"Speex   ".ljust(80, b"\1"), True),
        (b"\x7fFLAC".ljust(51, b"\1"), False),
        (b"fishead\0", False),
    ],
)
def test_codecs_in_ogg(first: bytes, is_clean: bool) -> None:
    head = {b"\x01": b"\x03vorbis", b"S": b""}.get(first[:1], b"")
    data = page(first, number=0, flags=2) + page(comments(head, b"\1"), number=1) + page(b"sound", number=2, flags=4)
    after, recording = cleaned(data, "audio/ogg")
    assert recording.cleaned is is_clean
    assert (SECRET in after) is not is_clean


def test_video_in_ogg_has_a_size_and_a_length() -> None:
    first = bytearray(b"\x80theora".ljust(42, b"\0"))
    first[14:20] = b"\0\x01\x40\0\0\xf0"
    first[22:30] = struct.pack(">II", 25, 1)
    first[40:42] = struct.pack(">H", 6 << 5)
    data = page(bytes(first), number=0, flags=2) + page(comments(b"\x81theora"), number=1)
    _, recording = cleaned(data + page(b"frame", number=2, granule=49 << 6 | 1), "video/ogg")
    assert (recording.width, recording.height, recording.duration_s) == (320, 240, 2.0)


@pytest.mark.parametrize(
    "data",
    [
        page(OPUS_HEAD, number=0, flags=2),
        page(OPUS_HEAD, number=0, flags=2) + page(b"OpusTags", number=1),
        page(OPUS_HEAD, number=0, flags=2) + page(comments(), number=1, serial=8),
        page(OPUS_HEAD, number=0, flags=2, segments=b"\xff"),
    ],
)
def test_a_broken_ogg_is_refused(data: bytes) -> None:
    with pytest.raises(Broken):
        cleaned(data, "audio/ogg")


def test_a_wave_that_was_never_closed() -> None:
    data = bytearray(wav())
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"
    _, recording = cleaned(bytes(data), "audio/wav")
    assert recording.duration_s == 1.0
    assert recording.cleaned


@pytest.mark.parametrize("data", [b"RIFX" + wav()[4:], wav()[:36], wav(chunk(b"LIST", SECRET), b"bext\xff\xff\0\0")])
def test_a_broken_wave_is_refused(data: bytes) -> None:
    with pytest.raises(Broken):
        cleaned(data, "audio/wav")


def test_other_streams_of_an_avi_are_told() -> None:
    assert not cleaned(avi(kind=b"txts"), "video/x-msvideo")[1].cleaned


def test_an_avi_that_goes_on_in_another_form() -> None:
    frames = chunk(b"LIST", b"movi", chunk(b"LIST", b"rec ", chunk(b"00dc", b"MORE"), chunk(b"note", SECRET)))
    after, recording = cleaned(avi() + chunk(b"RIFF", b"AVIX", frames), "video/x-msvideo")
    assert b"MORE" in after
    assert SECRET not in after
    assert recording.cleaned


def test_an_aiff_is_as_long_as_it_says() -> None:
    after, _ = cleaned(aiff() + SECRET, "audio/aiff")
    assert int.from_bytes(after[4:8], "big") == len(after) - 8


@pytest.mark.parametrize("data", [b"FORM\0\0\0\4AIFF", b"FORM\0\0\0\x0eAIFFCOMM\0\0\0\2\0\0"])
def test_a_broken_aiff_is_refused(data: bytes) -> None:
    with pytest.raises(Broken):
        cleaned(data, "audio/aiff")
