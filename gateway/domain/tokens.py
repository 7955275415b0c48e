"""Tokens: where in a request one may stand."""

import re

from servicekit.authentication import bearer_token

COOKIE = "access_token"
BROWSER_COOKIE = "browser"  # tells a browser from others at its next sign-in; it opens nothing
_BROWSER = re.compile(r"[A-Za-z0-9_-]{22}")


def find_token(authorization: str | None, cookies: str | None) -> tuple[str | None, bool]:
    """The token of a request, and whether it came with the cookie (and so, perhaps, without the person's will)."""
    if (token := bearer_token(authorization)) is not None:
        return token, False
    if cookies and COOKIE in cookies and (token := _cookie(cookies, COOKIE)):
        return token, True
    return None, False


def find_browser(cookies: str | None) -> str:
    """What a browser was given at an earlier sign-in; empty for one that never signed in, and for what is not ours."""
    browser = _cookie(cookies, BROWSER_COOKIE) if cookies else None
    return browser if browser is not None and _BROWSER.fullmatch(browser) else ""


def _cookie(cookies: str, wanted: str) -> str | None:
    """The first cookie of that name (RFC 6265 §5.4), whatever other applications of this host put beside it."""
    for cookie in cookies.split(";"):
        name, _, value = cookie.strip().partition("=")
        if name == wanted:
            return value.strip('"')
    return None
