"""Links in what people write: found, so that they can be followed, and nothing else made of the text."""

import re
from collections.abc import Iterator

import msgspec

# Up to a blank or a sign that cannot stand in a URL unescaped (RFC 3986 §2), and at most as long as browsers take.
_URL = re.compile(r"(?<![\w/])https?://[^\s<>\"\\^`{|}\u0000-\u0020\u202a-\u202e\u2066-\u2069]{1,2000}", re.IGNORECASE)
_CLOSING = {")": "(", "]": "["}
_TRAILING = ".,:;!?'*_~\u2026\u201c\u201d\u2019\u00bb"


class Piece(msgspec.Struct, frozen=True):
    """A part of a text; `is_link`: it is an http(s) address. The pieces of a text, joined, are the text."""

    text: str
    is_link: bool = False


def pieces(text: str) -> Iterator[Piece]:
    place = 0
    for match in _URL.finditer(text):
        url = _without_trailing(match[0])
        if not _has_host(url):
            continue
        if match.start() > place:
            yield Piece(text[place : match.start()])
        yield Piece(url, is_link=True)
        place = match.start() + len(url)
    if place < len(text):
        yield Piece(text[place:])


def _without_trailing(url: str) -> str:
    """Without the full stop, or the bracket, that belongs to the sentence around it."""
    unopened = {closing: url.count(closing) - url.count(opening) for closing, opening in _CLOSING.items()}
    end = len(url)
    while end:
        last = url[end - 1]
        if unopened.get(last, 0) > 0:
            unopened[last] -= 1
        elif last not in _TRAILING:
            break
        end -= 1
    return url[:end]


def _has_host(url: str) -> bool:
    host = url.partition("://")[2].partition("/")[0]
    return bool(host) and host[0].isalnum() and "@" not in host
