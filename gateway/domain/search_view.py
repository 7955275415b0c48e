"""Search views: what was found in a line, with what was looked for marked in it. Scripts make them alike (marks.js)."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gateway.domain.api_types import Message
from gateway.domain.previews import preview
from servicekit.text_matches import Match, matches

LINE_LENGTH = 240
_BEFORE_FIRST = 60  # characters in front of the first mark
_MARK = "\ufdd0"  # behind each marked character; no text holds it, for it is a noncharacter (Unicode §23.7)
_SIGNS = frozenset("*_~`|>[]() \n")  # what a preview takes away has to stay together
_MARKED = re.compile(f"((?:[^{_MARK}]{_MARK})+)")
_OPERATOR = re.compile(r"(?:^|\s)(?:from|in|has|before|after):\S|\"", re.IGNORECASE)
_NAME_LENGTH_MAX = 64


class Piece(NamedTuple):
    text: str
    is_marked: bool = False


class SearchHit(Message, frozen=True, kw_only=True):
    """`marks` are places in the text, in code points."""

    marks: tuple[Match, ...] = ()

    @property
    def pieces(self) -> list[Piece]:
        """Of its line, around the first mark."""
        return line(self.message, self.marks)


def line(text: str, marks: Iterable[Match]) -> list[Piece]:
    """A text as its preview, with the marks that are left in it."""
    told, done = [], 0
    text = text.replace(_MARK, "\ufffd")
    for start, length in marks:
        told += [text[done:start], *(one if one in _SIGNS else one + _MARK for one in text[start : start + length])]
        done = start + length
    return _around_first([*_pieces(preview("".join([*told, text[done:]])))])


def name(text: str, query: str) -> list[Piece]:
    """A name, with the parts that were looked for."""
    done, found = 0, []
    for start, length in matches(text, [query]):
        found += [Piece(text[done:start]), Piece(text[start : start + length], is_marked=True)]
        done = start + length
    return [*found, Piece(text[done:])]


def part_of_name(query: str, sign: str) -> str:
    """What to look for among names of people (`@`) or rooms (`#`).

    Empty where there is nothing: nobody is called by a sentence or an operator, and with a sign one asks for one kind.
    """
    if query[:1] in {"@", "#"} - {sign} or len(query) > _NAME_LENGTH_MAX or _OPERATOR.search(query):
        return ""
    return query.removeprefix(sign).strip()


def _pieces(shown: str) -> Iterable[Piece]:
    for at, text in enumerate(_MARKED.split(shown)):
        if text := text.replace(_MARK, ""):
            yield Piece(text, is_marked=at % 2 == 1)


def _around_first(pieces: Sequence[Piece]) -> list[Piece]:
    """LINE_LENGTH characters, begun at a blank, with `…` where something is left out."""
    before, *_ = *pieces, Piece("")
    cut = 0 if before.is_marked or len(pieces) == 1 else max(0, len(before.text) - _BEFORE_FIRST)
    if cut:
        cut = before.text.find(" ", cut, -1) + 1 or cut
        pieces = [Piece("…" + before.text[cut:]), *pieces[1:]]
    shown: list[Piece] = []
    left = LINE_LENGTH
    for text, is_marked in pieces:
        if len(text) > left:
            return [*shown, Piece(text[:left], is_marked), Piece("…")]
        shown.append(Piece(text, is_marked))
        left -= len(text)
    return shown
