"""File names, as people see them; `static/file_names.js` does the same for scripts."""

import re

_ENDING_LENGTH_MAX = 8
_VOICE_MESSAGE = re.compile(r"voice-message-\d{4}-\d\d-\d\d-\d{4}\.\w+")


def split_ending(filename: str) -> tuple[str, str]:
    """The name without its ending, and that with its dot; the second is never cut short, so that it says what opens.

    Only letters and digits make an ending, and only behind something: `.profile` has none.
    """
    stem, dot, ending = filename.rpartition(".")
    if stem and ending.isascii() and ending.isalnum() and len(ending) <= _ENDING_LENGTH_MAX:
        return stem, dot + ending
    return filename, ""


def is_voice_message(filename: str) -> bool:
    """By the name that pages give what they record."""
    return _VOICE_MESSAGE.fullmatch(filename) is not None


def clock_time(seconds: float) -> str:
    """`0:07`, `12:30`, `1:02:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
