"""Texts that people write: one rule for what is seen, one for names, and one form in which they are compared."""

import re
from collections.abc import Container, Iterator
from unicodedata import category, normalize

import msgspec

# Categories of Unicode that show nothing, and characters of other categories that are blank all the same: the Braille
# blank and the fillers of Hangul (UAX #44).
_INVISIBLE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
_FILLERS = "\u2800\u3164\u115f\u1160\uffa0"
_BLANK = frozenset(_FILLERS)
# White space as `str.strip` has it, fillers, and what has no width. Joiners stay, and so do the tags that end a flag.
_BLANK_AT_ENDS = "".join(filter(str.isspace, map(chr, range(0x3001)))) + _FILLERS + "\u00ad\u200b\u2060\ufeff"
# They break a line, or turn the direction of what follows, and so can make one name look like another (UAX #9).
DIRECTION_CONTROLS = "\u202a-\u202e\u2066-\u2069"
_CONTROLS = "\x00-\x1f\x7f-\x9f\u2028\u2029"
_UNFIT_FOR_NAMES = re.compile(f"[{_CONTROLS}{DIRECTION_CONTROLS}]")
UNFIT_IN_PATTERNS = re.sub("[^-]", lambda found: f"\\u{ord(found[0]):04x}", _CONTROLS + DIRECTION_CONTROLS)
# For contracts, as patterns of JSON Schema, in ASCII: one line, empty or not, one of which something is seen, and any
# text of which something is. The dialects do not know all that is invisible, so `is_visible` asks for more.
_FIT = f"[^{UNFIT_IN_PATTERNS}]"
LINE_PATTERN = rf"^{_FIT}*$(?!\n)"
SEEN_LINE_PATTERN = rf"^{_FIT}*[^\s{UNFIT_IN_PATTERNS}]{_FIT}*$(?!\n)"
SEEN_PATTERN = r"[^\s\u0000-\u001f\u007f-\u009f]"
NO_CONTROLS = "Control characters are not allowed."
_IOTA_SUBSCRIPT = re.compile("[\u0345\u1f80-\u1ffc]")  # alone, and in what is composed with it
_JOINERS = re.compile(r"\u200d|.[\U0001f3fb-\U0001f3ff]", re.DOTALL)  # ZWJ, and skin tones behind what they colour
_PIECE_LENGTH_MAX = 128
_MARKS_MAX = 32
_UNFIT_FOR_LINES = re.compile(f"(?![\t\n])[{_CONTROLS}]")


def is_visible(text: str) -> bool:
    """Whether anything of it is seen."""
    if (first := text[:1]).isascii() and first.isalnum():  # as nearly always
        return True
    return any(character not in _BLANK and category(character) not in _INVISIBLE for character in text)


def trimmed(name: str) -> str:
    """Without what is blank at both ends."""
    return name.strip(_BLANK_AT_ENDS)


def fits_one_line(text: str) -> bool:
    """Whether it may stand as a name, nickname or topic: it breaks no line and turns no direction.

    Joiners and variation selectors may: scripts and emoji need them.
    """
    return _UNFIT_FOR_NAMES.search(text) is None


def name_fault(name: str) -> str | None:
    """What is wrong with it as a nickname, a topic or the name of a file."""
    if not is_visible(name):
        return "Something has to be seen."
    return None if fits_one_line(name) else NO_CONTROLS


def as_one_line(text: str) -> str:
    """What is left of it as a name: trimmed, and without what no name may hold."""
    return trimmed(_UNFIT_FOR_NAMES.sub("", text))


def as_lines(text: str) -> str:
    """Without control characters and other separators of lines; LF (also for CR LF) and tabs are left."""
    return _UNFIT_FOR_LINES.sub("", text)


def folded(text: str) -> str:
    """The form in which texts are compared: NFC without regard to case (Unicode §3.13, D145)."""
    if text.isascii():
        return text.lower()
    return "".join(map(_folded, _pieces(text))) if len(text) > _PIECE_LENGTH_MAX else _folded(text)


def letters(text: str) -> Iterator[str]:
    """A text in pieces that can be folded each by itself: a letter with its marks, an emoji of several characters."""
    start = 0
    for at in range(1, len(text)):
        if text[at].isascii() or not (_may_join(text[at]) or _JOINERS.search(text, at - 1, at + 1)):
            yield text[start:at]
            start = at
    yield text[start:]


def folded_username(username: str) -> str:
    """The form in which usernames are the same or not, however somebody typed them.

    Blanks around it are nobody's; what is not ASCII stays as it is, and is nobody's either.
    """
    username = username.strip()
    return username.lower() if username.isascii() else username


def _folded(piece: str) -> str:
    # Only the iota subscript folds otherwise when it is composed, so that nothing else has to be taken apart before.
    whole = normalize("NFD", piece) if _IOTA_SUBSCRIPT.search(piece) else piece
    return normalize("NFC", whole.casefold())


def _pieces(text: str) -> Iterator[str]:
    """Normalising takes the square of the number of marks in a row, so long texts are taken apart: at a blank, else
    before a letter, and in the middle of a run of marks that no script knows.
    """
    start = 0
    while start < len(text):
        end = start + _PIECE_LENGTH_MAX
        if end < len(text) and (blank := text.rfind(" ", start + 1, end)) > 0:
            end = blank
        elif end < len(text):
            end = next((at for at in range(end, end - _MARKS_MAX, -1) if not _may_join(text[at])), end)
        yield text[start:end]
        start = end


def _may_join(character: str) -> bool:
    """Whether it can become one with what stands before it: a mark, also one beside the letter as in Tamil, or a vowel
    or final consonant of a Hangul syllable.
    """
    return "\u1160" <= character <= "\u11ff" or category(character).startswith("M")


def field_with_nul(json: bytes, parsed: object, judged_later: Container[str] = ()) -> str | None:
    """The first field of the object `parsed`, which was the text `json`, that holds the character NUL."""
    if b"\\u0000" not in json:  # it can be written in no other way
        return None
    fields = msgspec.to_builtins(parsed)
    return next((name for name, value in fields.items() if name not in judged_later and _holds_nul(value)), None)


def _holds_nul(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_nul, (*value.keys(), *value.values())))
    if isinstance(value, list | tuple):
        return any(map(_holds_nul, value))
    return isinstance(value, str) and "\0" in value
