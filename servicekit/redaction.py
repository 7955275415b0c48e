"""Redaction: a path or a query as it may be logged or shown, without the secrets in it."""

import re
from urllib.parse import unquote

_ENCODED_MAX = 4  # how often somebody may have percent-encoded it
# By where it stands. What follows `/api/ws/chat`, `…/video` and `…/voice` is a name.
_PLACES = re.compile(
    r"((?<!/api)/ws/|/api/ws/(?!(?:chat|video|voice)(?:[/?]|$))|/(?:claim|reset|invite|hooks)/"
    r"|/api/(?:webhooks|invitations)/).+|(token=)[^&\s\"]+",
    re.IGNORECASE | re.DOTALL,
)
# By what it looks like: a JWT (RFC 7519), or longer than any name or id of ours.
_LOOKS = re.compile(r"eyJ[\w-]{8,}(?:\.[\w-]*)*|[\w-]{16,}\.[\w-]{16,}\.[\w-]{16,}|[\w-]{65,}", re.ASCII)


def masked(path: str) -> str:
    """`path`, with or without a query; `/ws/<token>` is `/ws/…`, and so wherever and however encoded one stands."""
    plain = path
    for _ in range(_ENCODED_MAX):
        if "%" not in plain or (decoded := unquote(plain)) == plain:
            break
        plain = decoded
    hidden = _LOOKS.sub("…", _PLACES.sub(lambda found: (found[1] or found[2]) + "…", plain))
    return path if hidden == plain else hidden
