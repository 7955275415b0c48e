"""Plain text: what needs no renderer, found by a scan that every message pays for."""

import re

# One class of characters is found several times as fast as a choice of what they may begin.
_MARKS = re.compile(r"[*_`~\[\\<&|@#:\r]")
_MARKUP = re.compile(r"[*_`\[\\\r]|~~|\|\||@\w|#[\w \t]|#$|&[#\w]|<\w|:(?://|[\w+-]+:)", re.MULTILINE)
# Lists, quotes, underlines of headings, rules, code by its indentation, and the end of a paragraph.
_BLOCK = re.compile(r"[ \t]*(?:[-+](?:[ \t]|$)|[-=]+[ \t]*$|>|\d{1,9}[.)](?:[ \t]|$)|$)| {4}| {0,3}\t", re.MULTILINE)
_BLOCK_IN_LINES = re.compile(f"^(?:{_BLOCK.pattern})", re.MULTILINE)
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


def may_have_markup(text: str) -> bool:
    """False: rendering gives one paragraph of the text itself. True: it may well do so, too."""
    if _MARKS.search(text) is not None and _MARKUP.search(text) is not None:
        return True
    if "\n" in text:
        return _BLOCK_IN_LINES.search(text) is not None
    return bool(text) and _BLOCK.match(text) is not None


def escape(text: str) -> str:
    """The text, to stand in HTML or between double quotes in a tag of it."""
    return text.translate(_ENTITIES)
