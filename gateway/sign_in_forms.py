"""Sign-in forms: whose account an attempt is aimed at, read from the body before it is forwarded."""

from urllib.parse import parse_qs

import msgspec


class _Credentials(msgspec.Struct):
    username: str


def username_in(body: bytes, content_type: str | None) -> str | None:
    """The `username` of a JSON or urlencoded body; None where there is none, which the service will refuse."""
    if "form-urlencoded" in (content_type or ""):
        return parse_qs(body.decode("utf-8", "replace"), max_num_fields=None).get("username", [None])[0]
    try:
        return msgspec.json.decode(body, type=_Credentials).username
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
