"""Previews: a text in a line, where it is not opened. Scripts make them alike (texts.js)."""

import re

from gateway.domain.spoilers import concealed

# In this order. Single `*` and `_` stand for more than emphasis, and stay.
_RULES = (
    (re.compile(r"^ {0,3}(?:`{3,}|~{3,})[^`\n]*\n?", re.MULTILINE), ""),
    (re.compile(r"^ {0,3}(?:>[ \t]?)+", re.MULTILINE), ""),
    (re.compile(r"\*\*|~~|`"), ""),
    (re.compile(r"\[([^\]\n]*)\]\((?:https?://|mailto:)[^)\s]*\)"), r"\1"),
)
_MARKS = re.compile(r"\|\||\*\*|~~|`|>|\]\(")


def preview(text: str) -> str:
    """Without the marks of Markdown; what its writer has hidden stays so."""
    if _MARKS.search(text) is not None:
        text = concealed(text)
        for pattern, shown in _RULES:
            text = pattern.sub(shown, text)
    return text.strip()
