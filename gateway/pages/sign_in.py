"""Signing up, in and out."""

import secrets

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.domain.paths import own_path, sign_in_path
from gateway.domain.tokens import BROWSER_COOKIE, COOKIE, find_token
from gateway.pages.error_messages import STILL_SIGNED_IN, errors_of_other_fields, explain
from gateway.pages.page_request import PageRequest, identify, read_own_form
from gateway.pages.service_client import ServiceAnswer, ask, form_body, json_body
from gateway.state import State
from servicekit.problems import Unavailable

BROWSER_KNOWN_S = 180 * 24 * 3600  # as long as the auth service knows one
_FIELDS = ("username", "email", "password")


async def sign_in_form(request: Request[State]) -> Response:
    path = own_path(request.query_params.get("next"))
    return _as_nobody(request).render("sign-in.html", form={"next": path}, here=sign_in_path(path))


async def sign_in(request: Request[State]) -> Response:
    form = await read_own_form(request)
    page = _as_replacing(request)
    browser = page.browser or secrets.token_urlsafe(16)
    credentials = {name: form.get(name, "") for name in ("username", "password")}
    typed = {"username": credentials["username"], "next": own_path(form.get("next"))}
    answer = await ask(page, "POST", "/api/login", body=form_body(credentials), browser=browser)
    if answer.status != 200:
        return _show_again(page, "sign-in.html", answer, typed)
    response = RedirectResponse(typed["next"], 303)
    _set_cookie(response, request, COOKIE, answer.json()["access_token"], answer.json()["expires_in"])
    _set_cookie(response, request, BROWSER_COOKIE, browser, BROWSER_KNOWN_S)
    return response


def _set_cookie(response: Response, request: Request[State], name: str, value: str, max_age_s: int) -> None:
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, max_age=max_age_s, httponly=True, samesite="lax", secure=secure)


async def sign_up_form(request: Request[State]) -> Response:
    return _as_nobody(request).render("sign-up.html")


async def sign_up(request: Request[State]) -> Response:
    form = await read_own_form(request)
    page = _as_nobody(request)
    account = {name: form.get(name, "") for name in _FIELDS}
    answer = await ask(page, "POST", "/api/register", body=json_body(account))
    if answer.status != 201:
        typed = {"username": account["username"], "email": account["email"]}
        return _show_again(page, "sign-up.html", answer, typed)
    return page.redirect("/sign-in", "signed-up")


async def logout(request: Request[State]) -> Response:
    """Ends the session when a person followed the link; a picture or a script pointing here does nothing.

    Nor does another site: who is still signed in is shown so.
    """
    page = _as_nobody(request)
    if not page.is_followed:
        return RedirectResponse("/", 303)
    if await _has_ended(request):
        response: Response = RedirectResponse("/sign-in", 303)
    else:
        error = page.gettext(STILL_SIGNED_IN)
        response = page.render("sign-in.html", 503, error=error, form={"next": "/settings"})
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


def _as_nobody(request: Request[State]) -> PageRequest:
    """Who signs in is nobody yet, whatever cookie they still have."""
    return PageRequest(request)


def _as_replacing(request: Request[State]) -> PageRequest:
    """The same, who gives up the session that they still have."""
    token, _ = find_token(request.headers.get("authorization"), request.headers.get("cookie"))
    return PageRequest(request, token=token)


def _show_again(page: PageRequest, template: str, answer: ServiceAnswer, typed: dict[str, str]) -> Response:
    """The form once more, with what was typed, but the password, and what was wrong with it."""
    error, field_errors = explain(answer.problem, page.gettext)
    if not error:
        error = errors_of_other_fields(field_errors, _FIELDS) or page.gettext("Please look at the marked fields.")
    response = page.render(template, answer.status, error=error, field_errors=field_errors, form=typed)
    if (retry_after := answer.headers.get("retry-after")) is not None:
        response.headers["Retry-After"] = retry_after
    return response
