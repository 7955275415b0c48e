"""Signing up, in and out."""

import secrets

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.domain.paths import own_path, sign_in_path
from gateway.domain.tokens import BROWSER_COOKIE, COOKIE, find_browser, find_token
from gateway.pages.explanations import STILL_SIGNED_IN, explain, not_shown
from gateway.pages.services import Answer, ask, form_body, json_body, problem_of
from gateway.pages.visits import Visit, is_followed, own_form, visit
from gateway.state import State
from servicekit.problems import Unavailable

BROWSER_KNOWN_S = 180 * 24 * 3600  # as long as the auth service knows one


async def sign_in_form(request: Request[State]) -> Response:
    found = _nobody(request)
    path = own_path(request.query_params.get("next"))
    return found.page("sign-in.html", form={"next": path}, here=sign_in_path(path))


async def sign_in(request: Request[State]) -> Response:
    form = await own_form(request)
    found = _replacing(request)
    browser = find_browser(request.headers.get("cookie")) or secrets.token_urlsafe(16)
    credentials = {name: form.get(name, "") for name in ("username", "password")}
    shown = {"username": credentials["username"], "next": own_path(form.get("next"))}
    answer = await ask(found, "POST", "/api/login", body=form_body(credentials), browser=browser)
    if answer.status != 200:
        return _again(found, "sign-in.html", answer, shown)
    response = RedirectResponse(shown["next"], 303)
    _keep(response, request, COOKIE, answer.json()["access_token"], answer.json()["expires_in"])
    _keep(response, request, BROWSER_COOKIE, browser, BROWSER_KNOWN_S)
    return response


def _keep(response: Response, request: Request[State], name: str, value: str, max_age_s: int) -> None:
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, max_age=max_age_s, httponly=True, samesite="lax", secure=secure)


async def sign_up_form(request: Request[State]) -> Response:
    return _nobody(request).page("sign-up.html")


async def sign_up(request: Request[State]) -> Response:
    form = await own_form(request)
    found = _nobody(request)
    fields = {name: form.get(name, "") for name in ("username", "email", "password")}
    shown = {"username": fields["username"], "email": fields["email"]}
    answer = await ask(found, "POST", "/api/register", body=json_body(fields))
    if answer.status != 201:
        return _again(found, "sign-up.html", answer, shown)
    return found.back("/sign-in", "signed-up")


async def logout(request: Request[State]) -> Response:
    """Ends the session when a person followed the link; a picture or a script pointing here does nothing.

    Nor does another site: who is still signed in is shown so.
    """
    if not is_followed(request):
        return RedirectResponse("/", 303)
    if await _is_ended(request):
        response: Response = RedirectResponse("/sign-in", 303)
    else:
        found = _nobody(request)
        response = found.page("sign-in.html", 503, error=found.say(STILL_SIGNED_IN), form={"next": "/settings"})
        response.headers["Retry-After"] = "1"
    response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=request.url.scheme == "https")
    return response


async def _is_ended(request: Request[State]) -> bool:
    """Whether nobody can use the browser's token any more, whoever has a copy of it."""
    try:
        found = await visit(request)
        return found.identity is None or (await ask(found, "POST", "/api/logout")).status in {200, 401}
    except Unavailable:
        return False


def _nobody(request: Request[State]) -> Visit:
    """Who signs in is nobody yet, whatever cookie they still have."""
    return Visit(request, None, None)


def _replacing(request: Request[State]) -> Visit:
    """The same, who gives up the session that they still have."""
    token, _ = find_token(request.headers.get("authorization"), request.headers.get("cookie"))
    return Visit(request, None, token)


def _again(found: Visit, template: str, answer: Answer, form: dict[str, str]) -> Response:
    """The form once more, with what was typed, but the password, and what was wrong with it."""
    error, faults = explain(problem_of(answer), found.say)
    if not error:
        error = not_shown(faults, ("username", "email", "password")) or found.say("Please look at the marked fields.")
    response = found.page(template, answer.status, error=error, faults=faults, form=form)
    if (retry_after := answer.headers.get("retry-after")) is not None:
        response.headers["Retry-After"] = retry_after
    return response
