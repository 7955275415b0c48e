"""MP4: what is needed to play stays where it is, whatever the tables look like, and nothing else does."""

import struct

import pytest

from media_service.domain.recordings import Broken
from tests.media_service.recordings.cleaned import SECRET, cleaned
from tests.media_service.recordings.mp4 import AUDIO, PLACES, VIDEO, Samples, box, fragmented_mp4, mp4, numbers

MP4 = "video/mp4"
HINTS = Samples(b"hint", (SECRET,))


def clean(data: bytes) -> bytes:
    after, recording = cleaned(data, MP4)
    assert recording.cleaned
    return after


def replaced(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    return data.replace(old, new)


def is_refused(data: bytes) -> bool:
    try:
        cleaned(data, MP4)
    except Broken:
        return True
    return False


@pytest.mark.parametrize("is_movie_first", [True, False])
def test_nothing_moves(is_movie_first: bool) -> None:
    data = mp4(is_movie_first=is_movie_first)
    after = clean(data)
    assert len(after) == len(data)
    for chunk in (*VIDEO.chunks, *AUDIO.chunks):
        assert after.index(chunk) == data.index(chunk)


def test_sound_alone_is_no_video() -> None:
    _, recording = cleaned(mp4(AUDIO), MP4)
    assert (recording.content_type, recording.has_video, recording.width) == ("audio/mp4", False, None)


def test_a_video_is_none_that_says_it_were_sound() -> None:
    assert cleaned(mp4(VIDEO, brand=b"M4A "), "audio/mp4")[1].content_type == MP4


def test_places_alone_are_nothing_to_see_or_hear() -> None:
    assert is_refused(mp4(PLACES))


def test_tracks_that_are_neither_seen_nor_heard_go_with_their_samples() -> None:
    after = clean(mp4(VIDEO, HINTS))
    assert SECRET not in after
    assert after.count(b"trak") == 1


def test_chapters_go() -> None:
    chapters = Samples(b"text", (b"Chapter One", b"Chapter Two"))
    data = replaced(mp4(VIDEO, chapters), box(b"cdsc", numbers(3)), box(b"chap", numbers(2)))
    assert b"Chapter" not in clean(data)
    after, recording = cleaned(mp4(VIDEO, chapters), MP4)
    assert b"Chapter" in after
    assert not recording.cleaned


@pytest.mark.parametrize("handler", [b"text", b"sbtl", b"subt", b"clcp"])
def test_what_is_said_in_words_is_not_read_and_that_is_told(handler: bytes) -> None:
    after, recording = cleaned(mp4(VIDEO, Samples(handler, (SECRET,))), MP4)
    assert SECRET in after
    assert not recording.cleaned


def test_what_is_referred_to_and_gone_is_not_referred_to() -> None:
    assert b"tref" not in clean(mp4())
    kept = replaced(mp4(VIDEO, AUDIO), box(b"cdsc", numbers(3)), box(b"cdsc", numbers(2)))
    assert b"tref" in clean(kept)


def test_sizes_of_64_bits_and_to_the_end() -> None:
    data = mp4(VIDEO, is_movie_first=True)
    at = data.index(b"mdat") - 4
    to_the_end = data[:at] + bytes(4) + data[at + 4 :]
    assert VIDEO.chunks[1] in clean(to_the_end)
    trailing = data + numbers(1) + b"uuid" + struct.pack(">Q", 16 + len(SECRET)) + SECRET
    assert SECRET not in clean(trailing)


def test_a_movie_that_was_cut_off_is_cleaned_as_far_as_it_is_there() -> None:
    after = clean(mp4(VIDEO, is_movie_first=True)[:-3])
    assert VIDEO.chunks[0] in after
    assert SECRET not in after


@pytest.mark.parametrize("width", [4, 8])
def test_offsets_of_32_and_64_bits(width: int) -> None:
    data = mp4(VIDEO)
    if width == 8:
        at = data.index(b"stco") - 4
        offsets = data[at + 16 : at + 24]
        wide = box(b"co64", numbers(0, 2), bytes(4), offsets[:4], bytes(4), offsets[4:])
        data = _grown(data, at, 24, wide)
    after = clean(data)
    assert all(chunk in after for chunk in VIDEO.chunks)
    assert SECRET not in after


def _grown(data: bytes, at: int, length: int, new: bytes) -> bytes:
    """With a box replaced behind `mdat`, so that no offset changes, and those that it is in made larger."""
    made = bytearray(data)
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
        inside = data.index(name) - 4
        size = int.from_bytes(data[inside : inside + 4], "big") + len(new) - length
        made[inside : inside + 4] = size.to_bytes(4, "big")
    return bytes(made[:at]) + new + bytes(made[at + length :])


def test_sound_whose_samples_are_counted_otherwise_is_kept_whole() -> None:
    """QuickTime says of sound that its samples have one byte, however long they are."""
    sizes = numbers(0, 0, 2, *map(len, AUDIO.chunks))
    data = replaced(mp4(AUDIO, PLACES), sizes, numbers(0, 1, 2, *map(len, AUDIO.chunks)))
    after = clean(data)
    assert all(chunk in after for chunk in AUDIO.chunks)
    assert after.count(SECRET) == 0


@pytest.mark.parametrize(
    "old,new",
    [
        pytest.param(numbers(0, 1, 1, 1, 1), numbers(0, 1, 2, 1, 1), id="samples begin behind the first chunk"),
        pytest.param(numbers(0, 1, 1, 1, 1), numbers(0, 1, 1, 9, 1), id="more samples than have a size"),
        pytest.param(numbers(0, 1, 1, 1, 1), numbers(0, 9, 1, 1, 1), id="a table longer than its box"),
        pytest.param(b"stsc", b"free", id="no table of chunks"),
        pytest.param(
            box(b"alis", numbers(1)[:4], b"/Users/ada"), box(b"alis", bytes(4), b"/Users/ada"), id="elsewhere"
        ),
        pytest.param(b"mdat", b"skip", id="media data outside of mdat"),
        pytest.param(b"mvhd", b"cmov", id="compressed"),
        pytest.param(b"moov", b"uuid", id="no movie"),
    ],
)
def test_what_does_not_fit_together_is_refused(old: bytes, new: bytes) -> None:
    assert is_refused(replaced(mp4(VIDEO), old, new))


def test_two_movies_are_refused() -> None:
    data = mp4(VIDEO)
    assert is_refused(data + data)


def test_fragments_refer_to_tracks_and_say_how_large_their_samples_are() -> None:
    data = fragmented_mp4()
    assert is_refused(replaced(data, box(b"tfhd", numbers(0x20000, 1)), box(b"tfhd", numbers(0x20000, 9))))
    assert is_refused(replaced(data, numbers(0x301, 1), numbers(0x101, 1)))
    assert is_refused(replaced(data, numbers(0x301, 1), numbers(0x301, 99)))


def test_fragments_may_say_where_they_begin() -> None:
    """Where the one before ended, without a word; but not behind one that went."""
    data = fragmented_mp4()
    assert VIDEO.chunks[1] in clean(replaced(data, numbers(0x20000, 1), numbers(0, 1)))
    swapped = replaced(data, numbers(0x20010, 2), numbers(0x10, 2))
    assert VIDEO.chunks[1] in clean(swapped)
