"""Spoilers, in what is shown of a message in a line: they stay hidden there."""

import re

_SPOILER = re.compile(r"\|\|(.+?)\|\|", re.DOTALL)
HIDDEN = "\u2592\u2592\u2592"


def concealed(text: str) -> str:
    return _SPOILER.sub(HIDDEN, text)
