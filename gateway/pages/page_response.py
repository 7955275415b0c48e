"""The response that is a page: a template in the reader's language, and the headers that keep it safe."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogues import Language
from gateway.domain.languages import choose
from gateway.domain.paths import shown_path
from gateway.pages.error_messages import script_error_messages
from gateway.pages.notices import NOTICES
from gateway.rendering import compressed
from gateway.state import State
from servicekit.redaction import masked

# Everything is our own; people's pictures come by way of the media service.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
    " media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
PERMISSIONS_POLICY = "camera=(self), microphone=(self), geolocation=(), payment=(), usb=()"
# For who leaves this browser: what was to be sent later, was looked at, or begun to be written goes.
NOTHING_KEPT = {"Clear-Site-Data": '"cache", "storage"'}
THEMES = ("light", "dark")
BACKGROUND_HEADER = "x-background"  # of scripts that fetch a page for what has changed on it
THEME_COOKIE, LANGUAGE_COOKIE, NOTICE_COOKIE = "theme", "language", "notice"


def content_security_policy(remote_avatars: str) -> str:
    """`direct`: the media service leads browsers to the pictures of other hosts."""
    policy = _CONTENT_SECURITY_POLICY
    return policy.replace("img-src 'self'", "img-src 'self' https: http:") if remote_avatars == "direct" else policy


def render_page(
    request: Request[State],
    template: str,
    context: Mapping[str, object],
    *,
    username: str = "",
    status: int = 200,
    may_compress: bool = True,
) -> Response:
    """A template as an answer, to whoever `username` is; `context` is what it shows beside what all templates may."""
    language = language_of(request)
    # Told once: not to a script that looks for what has changed, since nobody would read it there.
    notice = "" if BACKGROUND_HEADER in request.headers else request.cookies.get(NOTICE_COOKIE, "")
    common = _common_context(request, language, username, notice)
    body = request.state["renderer"].render(template, language.code, {**common, **context})
    # The page repeats its query beside what is private: compressed together, the length would tell of matches (BREACH).
    may_compress = may_compress and not (username and request.url.query)
    response = _html(request, body, status, may_compress=may_compress)
    response.headers["Content-Language"] = language.code
    if notice:
        response.delete_cookie(NOTICE_COOKIE, httponly=True, samesite="lax")
    return response


def language_of(request: Request[State]) -> Language:
    languages = request.state["languages"]
    chosen, accepted = request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language", "")
    return languages[choose(languages, chosen=chosen, accepted=accepted)]


def shown_path_of(request: Request[State]) -> str:
    path = shown_path(request.method, request.url.path, request.url.query)
    return path if masked(path) == path else "/"  # a page repeats no secret that its address held


def _common_context(request: Request[State], language: Language, username: str, notice: str) -> dict[str, Any]:
    """What every template may use; the empty ones, too, so that not every page has to give them."""
    return {
        "username": username,
        "instance": request.state["instance"].current,
        "here": shown_path_of(request),
        "theme": theme if (theme := request.cookies.get(THEME_COOKIE)) in THEMES else "",
        "notice": language.gettext(NOTICES[notice]) if notice in NOTICES else "",
        "script_texts": {**language.script_texts, **script_error_messages(language.gettext)},
        "current": None,
        "form": {},
        "error": "",
        "field_errors": {},
    }


def _html(request: Request[State], body: bytes, status: int, *, may_compress: bool) -> Response:
    headers = {
        "Content-Security-Policy": request.state["content_security_policy"],
        "Permissions-Policy": PERMISSIONS_POLICY,
        "Cache-Control": "no-store",
        "Vary": "Accept-Encoding, Accept-Language, Cookie",
    }
    accepts_gzip = "gzip" in request.headers.get("accept-encoding", "")
    if may_compress and accepts_gzip and (smaller := compressed(body)) is not None:
        headers["Content-Encoding"] = "gzip"
        body = smaller
    return Response(body, status, headers, "text/html")
