"""Entity tags: whether a client has already what it asks for (RFC 9110 §13.1.2)."""

from zlib import crc32


def is_known(if_none_match: str, etag: str) -> bool:
    """The weak comparison of `etag` with a list, or with anything (`*`)."""
    named = {one.strip().removeprefix("W/") for one in if_none_match.split(",")}
    return etag in named or "*" in named


def version_of(text: str) -> str:
    """A short mark for an address whose answer depends on `text`: another text, another address."""
    return f"{crc32(text.encode()):08x}"
