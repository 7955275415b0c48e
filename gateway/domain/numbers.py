"""Numbers as forms and addresses of pages hold them."""

import re

_WHOLE = re.compile(r"-?[0-9]+")
_LENGTH_MAX = 18  # what is longer is no id and no count, and not every JSON has room for it
_FAR: int = 10**_LENGTH_MAX


def whole_number(text: str | None) -> int | None:
    """What was typed; None where it is no number, or below 0, or longer than any that there is."""
    text = (text or "").strip()
    return int(text) if _WHOLE.fullmatch(text) and text[0] != "-" and len(text) <= _LENGTH_MAX else None


def number_or_text(text: str) -> int | str:
    """As a number where it is one, for the service to judge: it says which is the least and the most.

    What is longer than any that there is becomes one that is too far for everybody.
    """
    text = text.strip()
    if _WHOLE.fullmatch(text) is None:
        return text
    if len(text) <= _LENGTH_MAX:
        return int(text)
    return -_FAR if text.startswith("-") else _FAR
