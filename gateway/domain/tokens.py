"""Tokens: where in a request one may stand."""

from servicekit.authentication import bearer_token

COOKIE = "access_token"


def find_token(authorization: str | None, cookies: str | None) -> tuple[str | None, bool]:
    """The token of a request, and whether it came with the cookie (and so, perhaps, without the person's will)."""
    if (token := bearer_token(authorization)) is not None:
        return token, False
    if cookies and COOKIE in cookies and (token := _cookie(cookies)):
        return token, True
    return None, False


def _cookie(cookies: str) -> str | None:
    """The first cookie of that name (RFC 6265 §5.4), whatever other applications of this host put beside it."""
    for cookie in cookies.split(";"):
        name, _, value = cookie.strip().partition("=")
        if name == COOKIE:
            return value.strip('"')
    return None
