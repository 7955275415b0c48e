"""Matroska and WebM: what goes becomes a Void of the same length, and blocks stay where they are."""

import struct

import pytest

from media_service.domain.recordings import Broken
from tests.media_service.recordings.cleaned import SECRET, cleaned
from tests.media_service.recordings.files import BLOCKS, comments, element, entry, webm

WEBM = "video/webm"


def file_of(*tracks: bytes, cluster: bytes = b"") -> bytes:
    info = element(0x1549A966, element(0x2AD7B1, b"\x0f\x42\x40"))
    blocks = element(0x1F43B675, element(0xE7, b"\0"), element(0xA3, b"\x81\x00\x00\x80", BLOCKS[0]), cluster)
    return element(0x1A45DFA3, element(0x4282, b"webm")) + element(
        0x18538067, info, element(0x1654AE6B, *tracks), blocks
    )


def test_nothing_moves() -> None:
    data = webm()
    after, _ = cleaned(data, WEBM)
    assert len(after) == len(data)
    assert all(after.index(block) == data.index(block) for block in BLOCKS)


def test_checksums_of_what_did_not_change_stay() -> None:
    checksum = element(0xBF, b"\1\2\3\4")
    data = webm()
    after, _ = cleaned(data, WEBM)
    assert checksum in data
    assert checksum not in after
    untouched = file_of(element(0xAE, checksum, element(0xD7, b"\1"), element(0x83, b"\1")))
    assert cleaned(untouched, WEBM)[0] == untouched


def test_how_long_and_how_large() -> None:
    _, recording = cleaned(webm(), WEBM)
    assert (recording.duration_s, recording.width, recording.height) == (2.5, 640, 360)
    _, live = cleaned(webm(is_live=True), WEBM)
    assert live.duration_s == 1.5


@pytest.mark.parametrize("shown,size", [((1280, 720, 0), (1280, 720)), ((16, 9, 3), (640, 360))])
def test_as_it_is_shown(shown: tuple[int, int, int], size: tuple[int, int]) -> None:
    fields = zip((0x54B0, 0x54BA, 0x54B2), shown, strict=True)
    video = element(
        0xE0,
        element(0xB0, b"\x02\x80"),
        element(0xBA, b"\x01\x68"),
        *(element(id_, struct.pack(">H", number)) for id_, number in fields),
    )
    _, recording = cleaned(file_of(entry(1, 1, b"V_VP9", video)), WEBM)
    assert (recording.width, recording.height) == size


def test_sound_alone_is_no_video() -> None:
    _, recording = cleaned(file_of(entry(1, 2, b"A_OPUS")), WEBM)
    assert (recording.content_type, recording.has_video) == ("audio/webm", False)


def test_comments_of_vorbis_go_from_what_sets_its_decoder_up() -> None:
    head, said, setup = b"\x01vorbis".ljust(30, b"\1"), comments(b"\x03vorbis", b"\1"), b"\x05vorbis-setup"
    private = bytes((2, len(head), len(said))) + head + said + setup
    after, recording = cleaned(file_of(entry(1, 2, b"A_VORBIS", element(0x63A2, private))), WEBM)
    assert recording.cleaned
    assert SECRET not in after
    assert head in after
    assert setup in after


@pytest.mark.parametrize("private", [b"", b"\2", b"\2\xff\xff", b"\2\x01\x7f", b"\1\1\1abc"])
def test_a_broken_setup_is_refused(private: bytes) -> None:
    with pytest.raises(Broken):
        cleaned(file_of(entry(1, 2, b"A_VORBIS", element(0x63A2, private))), WEBM)


@pytest.mark.parametrize(
    "type,codec,private,is_clean",
    [
        (17, b"S_TEXT/ASS", b"", False),
        (17, b"S_TEXT/UTF8", b"", False),
        (2, b"A_FLAC", bytes(42), True),
        (2, b"A_FLAC", bytes(43), False),
        (1, b"V_AV1", b"x", True),
    ],
)
def test_what_cannot_be_taken_out_is_told(type: int, codec: bytes, private: bytes, is_clean: bool) -> None:
    data = file_of(entry(1, type, codec, element(0x63A2, private)))
    assert cleaned(data, WEBM)[1].cleaned is is_clean


def test_a_last_block_may_be_cut_off_but_nothing_else() -> None:
    data = webm(is_live=True)
    cut = data[: data.index(BLOCKS[0]) + 3]
    after, recording = cleaned(cut, WEBM)
    assert after.endswith(BLOCKS[0][:3])
    assert recording.cleaned
    told = data[: data.index(SECRET, data.index(BLOCKS[0])) + 3]
    after, recording = cleaned(told, WEBM)
    assert after.endswith(BLOCKS[0])
    assert "trailing_data" in recording.removed


def test_blocks_before_their_tracks_are_refused() -> None:
    cluster = element(0x1F43B675, element(0xA3, b"\x81\x00\x00\x80"))
    tracks = element(0x1654AE6B, entry(1, 1, b"V_VP8"))
    with pytest.raises(Broken):
        cleaned(element(0x1A45DFA3) + element(0x18538067, cluster, tracks), WEBM)


def test_what_lies_in_a_cluster_and_is_no_block_goes() -> None:
    after, _ = cleaned(file_of(entry(1, 1, b"V_VP8"), cluster=element(0x1A, SECRET) + element(0xEC, SECRET)), WEBM)
    assert SECRET not in after


def test_what_lies_before_the_segment_goes() -> None:
    data = file_of(entry(1, 1, b"V_VP8"))
    at = data.index(b"\x18\x53\x80\x67")
    after, _ = cleaned(data[:at] + element(0xEC, SECRET) + data[at:], WEBM)
    assert SECRET not in after
