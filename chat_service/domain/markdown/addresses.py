"""Addresses in what people write: where one that stands there by itself begins, and where it ends."""

import re
from typing import NamedTuple

# Behind letters of other scripts, which write no blanks, it may begin at once.
_SCHEME = r"(?<![A-Za-z0-9/])https?://"
_LOCAL_PART = r"(?<![\w.+/-])[A-Za-z0-9_.+-]{1,64}@"
BEGINNING = rf"{_SCHEME}|{_LOCAL_PART}"  # to be read without regard to case
# Up to a blank or a sign that cannot stand in a URL unescaped (RFC 3986 §2), and at most as long as browsers take. The
# punctuation of East Asia, Arabic and Hindi ends it, and so does what cannot be seen.
_ENDING = (
    r"\s<>\"\\^`{|}\[\]\u0000-\u0020\u007f-\u00a0\u00ad\u060c\u061b-\u061f\u06d4\u0964\u0965\u200b-\u200f"
    r"\u2028-\u202f\u2060-\u206f\u3000-\u3003\u3008-\u301f\ufeff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff0f"
    r"\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
)
_URL = re.compile(rf"{_SCHEME}[^{_ENDING}]{{1,2000}}", re.IGNORECASE)
_MAIL = re.compile(rf"{_LOCAL_PART}(?:[A-Za-z0-9-]{{1,63}}\.){{1,8}}[A-Za-z]{{2,63}}(?![\w@-])", re.IGNORECASE)
_TRAILING = ".,:;!?'*_~\u2026\u2018\u2019\u201c\u201d\u00bb"
_FOLLOWED = re.compile(r"https?://[^/?#@\\%\s][^/?#@\\\s]*(?:[/?#].*)?|mailto:[^/?#@\\\s]+@.+", re.IGNORECASE)
_HOST = re.compile(r"https?://([^/?#\s]*)", re.IGNORECASE)


class Address(NamedTuple):
    href: str
    end: int  # where the text goes on


def address_at(text: str, start: int) -> Address | None:
    """The address that begins at `start`, without the full stop or the bracket that belongs to the sentence."""
    if (url := _URL.match(text, start)) is not None:
        href = _without_trailing(url[0])
        return Address(href, start + len(href)) if is_followed(href) else None
    if (mail := _MAIL.match(text, start)) is not None:
        return Address(f"mailto:{mail[0]}", mail.end())
    return None


def is_followed(href: str) -> bool:
    """Whether a link may lead there: a page, but under no name and password, which look like its host; or a mail."""
    return _FOLLOWED.fullmatch(href) is not None


def host_of(text: str) -> str | None:
    """That of the page whose address the text begins with."""
    found = _HOST.match(text)
    return None if found is None else found[1].lower()


def _without_trailing(url: str) -> str:
    unopened = url.count(")") - url.count("(")
    end = len(url)
    while end:
        last = url[end - 1]
        if last == ")" and unopened > 0:
            unopened -= 1
        elif last not in _TRAILING:
            break
        end -= 1
    return url[:end]
