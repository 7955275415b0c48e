"""MP4 as its format describes it, small, with everything in it that tells of more than it shows."""

import struct
from typing import NamedTuple

from tests.media_service.recordings.cleaned import SECRET


def box(kind: bytes, *parts: bytes) -> bytes:
    payload = b"".join(parts)
    return (8 + len(payload)).to_bytes(4, "big") + kind + payload


def numbers(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)


_UPRIGHT = numbers(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
TURNED = numbers(0, 0x10000, 0, 0xFFFF0000, 0, 0, 0, 0, 0x40000000)
_TIMES = numbers(0xE0000000, 0xE0000001)


class Samples(NamedTuple):
    handler: bytes
    chunks: tuple[bytes, ...]


VIDEO = Samples(b"vide", (b"VIDEO-ONE", b"VIDEO-TWO!"))
AUDIO = Samples(b"soun", (b"audio-one", b"audio-two!"))
PLACES = Samples(b"meta", (SECRET, SECRET))


def handler_box(handler: bytes) -> bytes:
    return box(b"hdlr", bytes(8), handler, b"appl", bytes(8), b"Core Media by Ada\0")


def entry_of(handler: bytes) -> bytes:
    if handler == b"vide":
        name = b"\x0bAda's coder".ljust(32, b"\0")
        fields = bytes(6) + numbers(1)[2:] + bytes(4) + b"appl" + bytes(8) + bytes(18) + name + bytes(4)
        return box(b"avc1", fields, box(b"avcC", b"setup"), box(b"uuid", SECRET))
    if handler == b"soun":
        return box(b"mp4a", bytes(28), box(b"esds", b"setup"), box(b"damr", b"Ada \1rest"))
    return box(b"mebx", bytes(8), SECRET)


def track(number: int, samples: Samples, offsets: list[int], matrix: bytes = _UPRIGHT) -> bytes:
    sizes = [len(chunk) for chunk in samples.chunks] if offsets else []
    table = box(
        b"stbl",
        box(b"stsd", numbers(0, 1), entry_of(samples.handler)),
        box(b"stts", numbers(0, 0)),
        box(b"stsc", numbers(0, 1, 1, 1, 1) if offsets else numbers(0, 0)),
        box(b"stsz", numbers(0, 0, len(sizes), *sizes)),
        box(b"stco", numbers(0, len(offsets), *offsets)),
    )
    data = box(b"dinf", box(b"dref", numbers(0, 1), box(b"alis", numbers(1), b"/Users/ada")))
    header = numbers(7) + _TIMES + numbers(number, 0, 3000, 0, 0, 0, 0) + matrix + numbers(640 << 16, 360 << 16)
    return box(
        b"trak",
        box(b"tkhd", header),
        box(b"tref", box(b"cdsc", numbers(3))),
        box(
            b"mdia",
            box(b"mdhd", numbers(0), _TIMES, numbers(1000, 3000, 0)),
            handler_box(samples.handler),
            box(b"minf", data, table),
        ),
        box(b"udta", box(b"name", SECRET)),
    )


def mp4(
    *tracks: Samples,
    matrix: bytes = _UPRIGHT,
    duration: int = 3000,
    brand: bytes = b"isom",
    is_movie_first: bool = False,
    more: bytes = b"",
) -> bytes:
    """With the chunks of its tracks in turn, something of an editor's between, and `more` at the end of the movie."""
    tracks = tracks or (VIDEO, AUDIO, PLACES)
    head = box(b"ftyp", brand, numbers(0), brand) + box(b"free", b"Made at home by Ada")

    def movie(at: int) -> tuple[bytes, bytes]:
        media, offsets = b"editor's" + SECRET, [list[int]() for _ in tracks]
        for turn in range(max(len(one.chunks) for one in tracks)):
            for number, one in enumerate(tracks):
                if turn < len(one.chunks):
                    offsets[number].append(at + len(media))
                    media += one.chunks[turn]
        header = box(b"mvhd", numbers(0), _TIMES, numbers(1000, duration), bytes(80))
        made = (track(number, one, offsets[number - 1], matrix) for number, one in enumerate(tracks, 1))
        place = box(b"udta", box(b"\xa9xyz", SECRET), box(b"meta", SECRET))
        return box(b"moov", header, *made, place, more), media

    if is_movie_first:
        length = len(movie(0)[0])
        moov, media = movie(len(head) + length + 8)
        return head + moov + box(b"mdat", media)
    moov, media = movie(len(head) + 8)
    return head + box(b"mdat", media) + moov + box(b"uuid", b"\xbe\x7a\xcf\xcb" * 4, b"<x:xmpmeta>" + SECRET)


def fragmented_mp4() -> bytes:
    extends = box(b"mvex", box(b"trex", numbers(0, 1, 1, 0, 0, 0)), box(b"trex", numbers(0, 2, 1, 500, 0, 0)))
    header = box(b"mvhd", numbers(0), _TIMES, numbers(1000, 0), bytes(80))
    moov = box(b"moov", header, track(1, VIDEO, []), track(2, PLACES, []), extends)
    return box(b"ftyp", b"iso5", numbers(0)) + moov + _fragment(0) + _fragment(1)


def _fragment(number: int) -> bytes:
    chunk = VIDEO.chunks[number]

    def moof(at: int) -> bytes:
        video = box(
            b"traf",
            box(b"tfhd", numbers(0x20000, 1)),
            box(b"tfdt", numbers(0, number * 2000)),
            box(b"trun", numbers(0x301, 1, at, 2000, len(chunk))),
        )
        place = box(
            b"traf", box(b"tfhd", numbers(0x20010, 2, len(SECRET))), box(b"trun", numbers(0x1, 1, at + len(chunk)))
        )
        return box(b"moof", box(b"mfhd", numbers(0, number)), video, place, box(b"udta", SECRET))

    made = moof(len(moof(0)) + 8)
    return box(b"emsg", SECRET) + made + box(b"mdat", chunk, SECRET)
