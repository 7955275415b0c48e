"""Recordings as their formats describe them, small, each with everything in it that tells of more than it shows."""

import io
import struct
import wave

from media_service.domain.recordings.ogg import checksum
from tests.media_service.recordings.cleaned import SECRET
from tests.media_service.recordings.mp4 import AUDIO, VIDEO, mp4

# Matroska


def element(id_: int, *parts: bytes, is_sized: bool = True) -> bytes:
    payload = b"".join(parts)
    size = (1 << 28 | len(payload)).to_bytes(4, "big") if is_sized else b"\x01" + b"\xff" * 7
    return id_.to_bytes((id_.bit_length() + 7) // 8, "big") + size + payload


_CRC = element(0xBF, b"\1\2\3\4")
BLOCKS = (b"VIDEO-ONE", b"VIDEO-TWO")


def entry(number: int, type_: int, codec: bytes, *more: bytes) -> bytes:
    fields = element(0xD7, bytes((number,))), element(0x83, bytes((type_,))), element(0x86, codec)
    return element(0xAE, _CRC, *fields, element(0x536E, SECRET), *more)


def webm(*, is_live: bool = False, doctype: bytes = b"webm", more: bytes = b"") -> bytes:
    """Of a recorder that writes as it goes, or with everything that there may be."""
    size = element(0xE0, element(0xB0, b"\x02\x80"), element(0xBA, b"\x01\x68"))
    tracks = element(0x1654AE6B, _CRC, entry(1, 1, b"V_VP8", size), entry(2, 33, b"D_WEBVTT/METADATA"))
    apps = element(0x4D80, b"Ada's muxer"), element(0x5741, b"Ada's writer")
    info: tuple[bytes, ...] = (element(0x2AD7B1, b"\x0f\x42\x40"), *apps)
    if not is_live:
        info = (_CRC, *info, element(0x4489, struct.pack(">d", 2500)), element(0x7BA9, SECRET), element(0x4461, SECRET))
    cluster = element(
        0x1F43B675,
        element(0xE7, b"\x03\xe8"),
        element(0xA3, b"\x81\x00\x00\x80", BLOCKS[0]),
        element(0xA3, b"\x82\x00\x00\x80", SECRET),
        element(0xA0, element(0xA1, b"\x81\x01\xf4\x00", BLOCKS[1]), element(0xEC, SECRET)),
        is_sized=not is_live,
    )
    seek = element(0x114D9B74, _CRC, element(0x4DBB, element(0x53AB, b"\x12\x54\xc3\x67"), element(0x53AC, b"\x10")))
    telling = element(0x1254C367, b"DATE", SECRET) + element(0x1941A469, SECRET) + element(0xEC, SECRET)
    parts = (element(0x1549A966, *info), tracks, cluster)
    segment = element(0x18538067, *(parts if is_live else (seek, *parts, telling)), more, is_sized=not is_live)
    return element(0x1A45DFA3, element(0x4282, doctype)) + segment


# Ogg


def page(
    data: bytes, *, number: int, flags: int = 0, granule: int = 0, segments: bytes = b"", serial: int = 7
) -> bytes:
    segments = segments or bytes([255] * (len(data) // 255) + [len(data) % 255])
    head = struct.pack("<4sBBQIIIB", b"OggS", 0, flags, granule, serial, number, 0, len(segments)) + segments
    return head[:22] + checksum(head + data).to_bytes(4, "little") + head[26:] + data


def comments(head: bytes = b"OpusTags", end: bytes = b"") -> bytes:
    texts = (b"ARTIST=Ada", b"LOCATION=" + SECRET)
    return head + _text(b"Ada's coder") + struct.pack("<I", len(texts)) + b"".join(map(_text, texts)) + end


def _text(text: bytes) -> bytes:
    return struct.pack("<I", len(text)) + text


OPUS_HEAD = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 312, 48000, 0, 0)


def opus(*, said: bytes = b"") -> bytes:
    first, packet = page(OPUS_HEAD, number=0, flags=2), said or comments()
    cut = 255
    if len(packet) > cut:
        begun = page(packet[:cut], number=1, segments=b"\xff")
        said_pages = begun + page(packet[cut:], number=2, flags=1)
    else:
        said_pages = page(packet, number=1)
    return first + said_pages + page(b"opus frames", number=3, flags=4, granule=48000 * 3 + 312)


# The rest


def wav(*more: bytes) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(8000)
        writer.writeframes(b"\1\2" * 8000)
    data = file.getvalue() + b"".join(more)
    return data[:4] + (len(data) - 8).to_bytes(4, "little") + data[8:]


def chunk(kind: bytes, *parts: bytes, order: str = "little") -> bytes:
    payload = b"".join(parts)
    size = len(payload).to_bytes(4, "little" if order == "little" else "big")
    return kind + size + payload + bytes(len(payload) & 1)


def avi(*, kind: bytes = b"vids") -> bytes:
    header = struct.pack("<14I", 40_000, 0, 0, 0, 50, 0, 1, 0, 320, 240, 0, 0, 0, 0)
    stream = chunk(b"LIST", b"strl", chunk(b"strh", kind, bytes(52)), chunk(b"strf", b"form"), chunk(b"strn", SECRET))
    headers = chunk(b"LIST", b"hdrl", chunk(b"avih", header), stream, chunk(b"IDIT", SECRET))
    movie = chunk(b"LIST", b"movi", chunk(b"00dc", b"VIDEO-ONE"), chunk(b"gps0", SECRET), chunk(b"JUNK", SECRET))
    told = chunk(b"LIST", b"INFO", chunk(b"ISFT", SECRET))
    return chunk(b"RIFF", b"AVI ", headers, told, movie, chunk(b"idx1", bytes(16)))


def aiff() -> bytes:
    common = struct.pack(">hIhH", 1, 16000, 16, 16383 + 12) + (8000 << 51).to_bytes(8, "big")
    parts = chunk(b"NAME", SECRET, order="big"), chunk(b"COMM", common, order="big")
    return chunk(
        b"FORM",
        b"AIFF",
        *parts,
        chunk(b"SSND", bytes(8), b"sound", order="big"),
        chunk(b"ANNO", SECRET, order="big"),
        order="big",
    )


def crc(data: bytes, polynomial: int, bits: int) -> bytes:
    remainder = 0
    for byte in data:
        remainder ^= byte << bits - 8
        for _ in range(8):
            remainder = (remainder << 1 ^ (polynomial if remainder >> bits - 1 else 0)) & (1 << bits) - 1
    return remainder.to_bytes(bits // 8, "big")


def flac_frame(number: int, samples: int = 44_100, *, is_variable: bool = False) -> bytes:
    """Silence of one channel with 16 bits, 44,100 Hz; `number` is a sample's where their lengths vary."""
    coded = chr(number).encode()
    header = bytes((0xFF, 0xF8 | is_variable, 0x79, 0x08)) + coded + (samples - 1).to_bytes(2, "big")
    frame = header + crc(header, 0x07, 8) + bytes(3)
    return frame + crc(frame, 0x8005, 16)


FLAC_FRAMES = flac_frame(0) + flac_frame(1)


def flac(frames: bytes = FLAC_FRAMES, *, samples: int = 88_200) -> bytes:
    information = struct.pack(">HH6xQ16x", 44_100, 44_100, 44_100 << 44 | 15 << 36 | samples)
    blocks = (0, information), (4, comments(b"")), (3, bytes(18)), (6, SECRET), (0x81, SECRET)
    return b"fLaC" + b"".join(bytes((kind,)) + len(data).to_bytes(3, "big") + data for kind, data in blocks) + frames


def id3(*frames: bytes) -> bytes:
    body = b"".join(frames)
    size = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\4\0\0" + size + body


MP3_FRAME = b"\xff\xfb\x90\x00".ljust(417, b"m")  # MPEG 1, layer III, 128 kbit/s, 44,100 Hz


def mp3(frames: int = 100, *, said: bytes = b"LAME3.100") -> bytes:
    xing = b"Info\0\0\0\x0f".ljust(120, b"\0") + said + bytes(27)
    first = (b"\xff\xfb\x90\x00".ljust(36, b"\0") + xing).ljust(417, b"\0")
    ape = b"APETAGEX" + struct.pack("<IIII", 2000, 32 + len(SECRET), 1, 0) + bytes(8)
    lyrics = b"LYRICSBEGIN" + SECRET
    lyrics += b"%06dLYRICS200" % len(lyrics)
    behind = SECRET + ape + lyrics + b"TAG".ljust(128, b"A")
    return id3(b"TPE1", SECRET) + id3(b"APIC", SECRET) + first + MP3_FRAME * frames + behind


def aac(frames: int = 100) -> bytes:
    length = 100
    head = bytes((0xFF, 0xF1, 0x50, 0x80 | length >> 11, length >> 3 & 0xFF, (length & 7) << 5 | 0x1F, 0xFC))
    return id3(b"TSSE", SECRET) + head.ljust(length, b"a") * frames


WHOLE = {  # what is seen or heard in each
    "video/mp4": (mp4(), (*VIDEO.chunks, *AUDIO.chunks)),
    "video/quicktime": (mp4(brand=b"qt  ", is_movie_first=True), (*VIDEO.chunks, *AUDIO.chunks)),
    "video/webm": (webm(), BLOCKS),
    "audio/ogg": (opus(), (b"opus frames",)),
    "audio/wav": (wav(chunk(b"LIST", b"INFO", SECRET), chunk(b"bext", SECRET)), (b"\1\2" * 8000,)),
    "video/x-msvideo": (avi(), (b"VIDEO-ONE",)),
    "audio/aiff": (aiff(), (b"sound",)),
    "audio/flac": (flac(), (FLAC_FRAMES,)),
    "audio/mpeg": (mp3(), (MP3_FRAME * 100,)),
    "audio/aac": (aac(), (b"a" * 93,)),
}
