"""The request for a page: who asks, and whether it came from one of our own pages."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.domain.community import Instance
from gateway.domain.origins import is_same_origin
from gateway.domain.refusals import CrossOrigin
from gateway.domain.tokens import find_browser, find_token
from gateway.pages.page_response import NOTICE_COOKIE, language_of, render_page, shown_path_of
from gateway.state import State
from servicekit.bodies import read_fields
from servicekit.problems import Refusal, Unauthenticated
from servicekit.tokens import Identity


class SignInFirst(Refusal):
    """The page is for those who are signed in; `path` is where they wanted to go."""

    def __init__(self, path: str) -> None:
        super().__init__("Sign in first.")
        self.path = path


class PageRequest:
    """A request with who asks; `identity` is None for who is not signed in."""

    def __init__(self, request: Request[State], identity: Identity | None = None, token: str | None = None) -> None:
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
    def instance(self) -> Instance:
        """As it is known."""
        return self.state["instance"].current

    @property
    def client_address(self) -> str:
        return self.request.client.host if self.request.client else ""

    @property
    def browser(self) -> str:
        """By which name it is known from an earlier sign-in, or empty."""
        return find_browser(self.request.headers.get("cookie"))

    @property
    def path(self) -> str:
        """Where this request went, with its query."""
        return shown_path_of(self.request)

    @property
    def is_followed(self) -> bool:
        """Whether a person went to it from one of our pages: a picture's or a script's address must not do anything.

        Where a browser sends no `Sec-Fetch-*` (over plain HTTP), from what it accepts and where it comes from.
        """
        return _is_document(self.request) and self.is_from_own_page

    @property
    def is_from_own_page(self) -> bool:
        """Whether one of our pages asks for it, by a link or as a part of the page."""
        try:
            comes_from = urlsplit(self.request.headers.get("referer", ""))
        except ValueError:  # it is no URL
            return False
        origin = f"{comes_from.scheme}://{comes_from.netloc}" if comes_from.netloc else None
        return _is_own(self.request) and _is_same_origin(self.request, site=None, origin=origin)

    def gettext(self, text: str, **values: object) -> str:
        return language_of(self.request).gettext(text, **values)

    def render(self, template: str, status: int = 200, *, may_compress: bool = True, **context: object) -> Response:
        """`may_compress` is False for a page that shows what a link put there beside what is private.

        The size of what is compressed tells how alike the two are (BREACH). No page holds a token or another secret.
        """
        username = self.identity.username if self.identity is not None else ""
        return render_page(self.request, template, context, username=username, status=status, may_compress=may_compress)

    def redirect(self, path: str, notice: str = "") -> Response:
        """After a form: see there (RFC 9110 §15.4.4), and be told once that it is done."""
        response = RedirectResponse(path, 303)
        if notice:
            response.set_cookie(NOTICE_COOKIE, notice, max_age=60, httponly=True, samesite="lax")
        return response


async def identify(request: Request[State]) -> PageRequest:
    """With who asks, if it can be known. Raises Unavailable."""
    token, _ = find_token(request.headers.get("authorization"), request.headers.get("cookie"))
    try:
        return PageRequest(request, await request.state["authentication"].authenticate(token), token)
    except Unauthenticated:
        return PageRequest(request)


async def signed_in(request: Request[State]) -> PageRequest:
    """A person's. Raises SignInFirst, Unavailable."""
    page = await identify(request)
    assert page.username
    return page


async def signed_in_from_own_page(request: Request[State]) -> PageRequest:
    """That of a person who sent one of our own forms. Raises CrossOrigin, SignInFirst, Unavailable."""
    _check_origin(request)
    return await signed_in(request)


async def read_signed_in_form(request: Request[State]) -> tuple[PageRequest, dict[str, str]]:
    """The same, and the fields of the form."""
    fields = await read_own_form(request)
    return await signed_in(request), fields


async def read_own_form(request: Request[State]) -> dict[str, str]:
    """The fields of a form that one of our own pages sent, whoever did. Raises CrossOrigin."""
    _check_origin(request)
    return await read_fields(request)


def _check_origin(request: Request[State]) -> None:
    """Raises CrossOrigin."""
    if not _is_own(request):
        raise CrossOrigin


def _is_document(request: Request[State]) -> bool:
    """Whether the answer is to be shown as a page, and not as a picture on one."""
    dest = request.headers.get("sec-fetch-dest")
    return dest == "document" if dest is not None else not request.headers.get("accept", "").startswith("image/")


def _is_own(request: Request[State]) -> bool:
    return _is_same_origin(request, site=request.headers.get("sec-fetch-site"), origin=request.headers.get("origin"))


def _is_same_origin(request: Request[State], *, site: str | None, origin: str | None) -> bool:
    return is_same_origin(site=site, origin=origin, scheme=request.url.scheme, host=request.headers.get("host"))
