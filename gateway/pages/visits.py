"""Visits: one request of a browser, who is behind it, and in which language and theme it is answered."""

from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.catalogues import Language
from gateway.domain.languages import choose
from gateway.domain.origins import is_same_origin
from gateway.domain.paths import shown_path
from gateway.domain.refusals import CrossOrigin
from gateway.domain.tokens import find_token
from gateway.pages.explanations import for_scripts
from gateway.pages.notices import NOTICES
from gateway.rendering import zipped
from gateway.state import State
from servicekit.bodies import read_fields
from servicekit.masking import masked
from servicekit.problems import Refusal, Unauthenticated
from servicekit.tokens import Identity

# Everything is our own; `data:` are icons of the style sheet. People's pictures come by way of the media service.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
# Where the media service leads browsers to the pictures of other hosts (PARLEY_REMOTE_AVATARS=direct).
CONTENT_SECURITY_POLICY_DIRECT = CONTENT_SECURITY_POLICY.replace("data:;", "data: https: http:;")
PERMISSIONS_POLICY = "camera=(self), microphone=(), geolocation=(), payment=(), usb=()"
THEMES = ("light", "dark")
THEME_COOKIE, LANGUAGE_COOKIE, NOTICE_COOKIE = "theme", "language", "notice"


class SignInFirst(Refusal):
    """The page is for those who are signed in; `path` is where they wanted to go."""

    def __init__(self, path: str) -> None:
        super().__init__("Sign in first.")
        self.path = path


class Visit:
    """A request with its visitor; `identity` is None for who is not signed in."""

    def __init__(self, request: Request[State], identity: Identity | None, token: str | None) -> None:
        self.request = request
        self.identity = identity
        self.token = token

    @property
    def state(self) -> State:
        return self.request.state

    @property
    def username(self) -> str:
        """Raises SignInFirst."""
        if self.identity is None:
            raise SignInFirst(self.path)
        return self.identity.username

    @property
    def address(self) -> str:
        return self.request.client.host if self.request.client else ""

    @property
    def path(self) -> str:
        """Where this request went, with its query."""
        return _shown_path(self.request)

    @property
    def language(self) -> Language:
        return language_of(self.request)

    def say(self, text: str, **values: object) -> str:
        return self.language.say(text, **values)

    def page(self, template: str, status: int = 200, *, is_zipped: bool = True, **shown: Any) -> Response:
        """`is_zipped` is False for a page that shows what a link put there beside what is private.

        The size of what is compressed tells how alike the two are (BREACH). No page holds a token or another secret.
        """
        return page(self.request, template, status, visit=self, is_zipped=is_zipped, **shown)

    def back(self, path: str, notice: str = "") -> Response:
        """After a form: see there (RFC 9110 §15.4.4), and be told once that it is done."""
        response = RedirectResponse(path, 303)
        if notice:
            response.set_cookie(NOTICE_COOKIE, notice, max_age=60, httponly=True, samesite="lax")
        return response


def _shown_path(request: Request[State]) -> str:
    path = shown_path(request.method, request.url.path, request.url.query)
    return path if masked(path) == path else "/"  # a page repeats no secret that its address held


async def visit(request: Request[State]) -> Visit:
    token, _ = find_token(request.headers.get("authorization"), request.headers.get("cookie"))
    try:
        return Visit(request, await request.state["authentication"].authenticate(token), token)
    except Unauthenticated:
        return Visit(request, None, None)


async def signed_in(request: Request[State]) -> Visit:
    """The visit of a person. Raises SignInFirst, Unavailable."""
    found = await visit(request)
    assert found.username
    return found


async def changing(request: Request[State]) -> Visit:
    """The visit of a person who sent one of our own forms. Raises CrossOrigin, SignInFirst, Unavailable."""
    check_origin(request)
    return await signed_in(request)


def check_origin(request: Request[State]) -> None:
    """Raises CrossOrigin."""
    if not is_own(request):
        raise CrossOrigin


def is_followed(request: Request[State]) -> bool:
    """Whether a person went to this page, from one of ours: a picture's or a script's address must not do anything.

    Where a browser sends no `Sec-Fetch-*` (over plain HTTP), from what it accepts and where it comes from.
    """
    try:
        comes_from = urlsplit(request.headers.get("referer", ""))
    except ValueError:  # it is no URL
        return False
    origin = f"{comes_from.scheme}://{comes_from.netloc}" if comes_from.netloc else None
    return is_page_wanted(request) and is_own(request) and _is_same_origin(request, site=None, origin=origin)


def is_page_wanted(request: Request[State]) -> bool:
    """Whether the answer is to be shown as a page, and not as a picture on one."""
    dest = request.headers.get("sec-fetch-dest")
    return dest == "document" if dest is not None else not request.headers.get("accept", "").startswith("image/")


def is_own(request: Request[State]) -> bool:
    return _is_same_origin(request, site=request.headers.get("sec-fetch-site"), origin=request.headers.get("origin"))


def _is_same_origin(request: Request[State], *, site: str | None, origin: str | None) -> bool:
    return is_same_origin(site=site, origin=origin, scheme=request.url.scheme, host=request.headers.get("host"))


async def own_form(request: Request[State]) -> dict[str, str]:
    """The fields of a form that one of our own pages sent. Raises CrossOrigin."""
    check_origin(request)
    return await read_fields(request)


def language_of(request: Request[State]) -> Language:
    languages = request.state["languages"]
    chosen, accepted = request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language", "")
    return languages[choose(languages, chosen=chosen, accepted=accepted)]


def page(
    request: Request[State],
    template: str,
    status: int = 200,
    *,
    visit: Visit | None,
    is_zipped: bool = True,
    **shown: Any,
) -> Response:
    """A template as an answer; what every template may use is put beside what is `shown`."""
    language = language_of(request)
    notice = request.cookies.get(NOTICE_COOKIE, "")
    everywhere = {
        "username": visit.identity.username if visit is not None and visit.identity is not None else "",
        "here": _shown_path(request),
        "theme": theme if (theme := request.cookies.get(THEME_COOKIE)) in THEMES else "",
        "notice": language.say(NOTICES[notice]) if notice in NOTICES else "",
        "words": {**language.script_words, **for_scripts(language.say)},
        "current": "",
        "form": {},
        "error": "",
        "faults": {},
    }
    body = request.state["renderer"].render(template, language.code, {**everywhere, **shown})
    # The page repeats its query beside what is private: compressed together, the length would tell of matches (BREACH).
    may_be_zipped = is_zipped and not (everywhere["username"] and request.url.query)
    response = _html(request, body, status, is_zipped=may_be_zipped)
    response.headers["Content-Language"] = language.code
    if notice:
        response.delete_cookie(NOTICE_COOKIE, httponly=True, samesite="lax")
    return response


def _html(request: Request[State], body: bytes, status: int, *, is_zipped: bool) -> Response:
    headers = {
        "Content-Security-Policy": request.state["content_security_policy"],
        "Permissions-Policy": PERMISSIONS_POLICY,
        "Cache-Control": "no-store",
        "Vary": "Accept-Encoding, Accept-Language, Cookie",
    }
    if is_zipped and "gzip" in request.headers.get("accept-encoding", "") and (small := zipped(body)) is not None:
        headers["Content-Encoding"] = "gzip"
        body = small
    return Response(body, status, headers, "text/html")
