"""Where in a text words stand, in the form in which texts are compared."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import accumulate

from servicekit.texts import folded, letters

MATCHES_MAX = 20
Match = tuple[int, int]  # where it begins, and how long it is, in code points of the text as it was written


def matches(text: str, words: Iterable[str]) -> tuple[Match, ...]:
    """The first MATCHES_MAX places where one of `words` stands, in order; those that overlap or touch are one.

    A match is of whole letters: `s` finds the `ß` whose half it is, and an accent belongs to its letter.
    """
    if text.isascii():
        return tuple(_joined(_found(text.lower(), words)))
    pieces = [*letters(text)]
    forms = [*map(_form, pieces)]
    found = _joined(_found("".join(forms), words))
    return tuple(_joined(_of_letters(found, pieces, forms)))


@lru_cache(maxsize=2048)
def _form(letter: str) -> str:
    return folded(letter)


def _found(form: str, words: Iterable[str]) -> list[Match]:
    """In a folded text, each word by itself, in order."""
    found: list[Match] = []
    for word in {*map(folded, words)} - {""}:
        at = form.find(word)
        for _ in range(MATCHES_MAX):
            if at < 0:
                break
            found.append((at, len(word)))
            at = form.find(word, at + len(word))
    return sorted(found)


def _joined(found: Iterable[Match]) -> list[Match]:
    joined: list[Match] = []
    for start, length in found:
        if joined and start <= sum(joined[-1]):
            before, _ = joined[-1]
            joined[-1] = before, max(sum(joined[-1]), start + length) - before
        else:
            joined.append((start, length))
    return joined[:MATCHES_MAX]


def _of_letters(found: Iterable[Match], pieces: list[str], forms: list[str]) -> Iterator[Match]:
    """Places in the text that `pieces` are, of those in the text that `forms` are, piece by piece."""
    written = [0, *accumulate(map(len, pieces))]
    ends = [*accumulate(map(len, forms))]
    piece = 0
    for start, length in found:
        while ends[piece] <= start:
            piece += 1
        first = piece
        while ends[piece] < start + length:
            piece += 1
        yield written[first], written[piece + 1] - written[first]
