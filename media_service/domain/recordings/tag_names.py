"""Tag names: what a tag is told as, under the names of `REMOVABLE`, by how the formats call it.

Nothing is parsed: a mention is enough to tell what kind of thing was taken out.
"""

import re

_MENTIONS = {
    "gps": (rb"\xa9xyz", rb"loci", rb"location", rb"GPS", rb"ISO6709", rb"latitude", rb"geo:"),
    "camera": (rb"\xa9mak", rb"\xa9mod", rb"\bmake\b", rb"\bmodel\b", rb"camera", rb"\.model", rb"\.make", rb"IPRD"),
    "timestamp": (
        *(rb"\xa9day", rb"creationdate", rb"creation_time", rb"DATE", rb"YEAR", rb"date=", rb"ICRD", rb"IDIT"),
        *(rb"TDRC", rb"TDRL", rb"TYER", rb"TDAT", rb"TDTG", rb"TDEN", rb"TDOR", rb"TYE\0", rb"Date\0", rb"Year\0"),
    ),
    "author": (
        *(rb"\xa9ART", rb"\xa9aut", rb"\xa9cpy", rb"\xa9wrt", rb"\xa9PRF", rb"aART", rb"cprt", rb"auth", rb"artist"),
        *(rb"TPE[1-4]", rb"TP[1-4]\0", rb"TCOM", rb"TCOP", rb"TOWN", rb"IART", rb"ICOP", rb"IENG", rb"composer"),
        *(rb"performer", rb"copyright", rb"author"),
    ),
    "description": (
        *(rb"\xa9nam", rb"\xa9des", rb"\xa9alb", rb"\xa9inf", rb"desc", rb"titl", rb"TIT[123]", rb"TT[123]\0"),
        *(rb"TALB", rb"INAM", rb"ISBJ", rb"album"),
    ),
    "software": (
        *(rb"\xa9too", rb"\xa9swr", rb"\xa9enc", rb"encoder", rb"encoded", rb"software", rb"android\.version"),
        *(rb"TSSE", rb"TENC", rb"ISFT", rb"ITCH", rb"Lav[cf]", rb"LAME", rb"libVorbis", rb"libopus", rb"reference lib"),
    ),
    "thumbnail": (rb"covr", rb"APIC", rb"PIC\0", rb"image/", rb"PICTURE", rb"Cover Art", rb"thmb"),
    "comment": (rb"\xa9cmt", rb"comment", rb"COMM", rb"COM\0", rb"ICMT", rb"USLT"),
    "xmp": (rb"XMP_", rb"x:xmpmeta", rb"ns\.adobe\.com"),
}
_PATTERNS = {name: re.compile(b"|".join(mentions), re.IGNORECASE) for name, mentions in _MENTIONS.items()}


def names_in(tags: bytes) -> set[str]:
    return {name for name, pattern in _PATTERNS.items() if pattern.search(tags)}
