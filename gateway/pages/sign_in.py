"""Signing in and out."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.domain.paths import own_path, sign_in_path
from gateway.domain.tokens import COOKIE, find_token
from gateway.pages.error_messages import STILL_SIGNED_IN
from gateway.pages.new_session import begin_session, show_again
from gateway.pages.page_request import PageRequest, identify, read_own_form
from gateway.pages.page_response import NOTHING_KEPT
from gateway.pages.service_client import Refused, ask
from gateway.state import State
from servicekit.problems import Unavailable


async def sign_in_form(request: Request[State]) -> Response:
    path = own_path(request.query_params.get("next"))
    page = PageRequest(request)
    return page.render("sign-in.html", form={"next": path}, is_known=bool(page.browser), here=sign_in_path(path))


async def sign_in(request: Request[State]) -> Response:
    form = await read_own_form(request)
    page = _as_replacing(request)
    typed = {"username": form.get("username", ""), "next": own_path(form.get("next"))}
    try:
        session = await begin_session(page, typed["username"], form.get("password", ""))
    except Refused as refused:
        return show_again(page, "sign-in.html", refused, form=typed, is_known=bool(page.browser))
    return session.lead_to(typed["next"])


async def logout(request: Request[State]) -> Response:
    """Ends the session when a person followed the link; a picture or a script pointing here does nothing.

    Nor does another site: who is still signed in is shown so.
    """
    page = PageRequest(request)
    if not page.is_followed:
        return RedirectResponse("/", 303)
    if await _has_ended(request):
        response: Response = RedirectResponse("/sign-in", 303, headers=NOTHING_KEPT)
    else:
        error = page.gettext(STILL_SIGNED_IN)
        response = page.render("sign-in.html", 503, error=error, form={"next": "/settings"}, is_known=True)
        response.headers["Retry-After"] = "1"
    response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=request.url.scheme == "https")
    return response


async def _has_ended(request: Request[State]) -> bool:
    """Whether nobody can use the browser's token any more, whoever has a copy of it."""
    try:
        page = await identify(request)
        return page.identity is None or (await ask(page, "POST", "/api/logout")).status in {200, 401}
    except Unavailable:
        return False


def _as_replacing(request: Request[State]) -> PageRequest:
    """Who signs in is nobody yet, and gives up the session that they still have."""
    token, _ = find_token(request.headers.get("authorization"), request.headers.get("cookie"))
    return PageRequest(request, token=token)
