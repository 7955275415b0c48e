"""Signing up, in and out."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.domain.items import Problem
from gateway.domain.paths import own_path, sign_in_path
from gateway.domain.route_table import Service
from gateway.domain.tokens import COOKIE
from gateway.pages.explanations import explain, not_shown
from gateway.pages.services import ask, problem_of
from gateway.pages.visits import Visit, is_followed, own_form, visit
from gateway.state import State
from servicekit.problems import Refusal


async def sign_in_form(request: Request[State]) -> Response:
    found = _nobody(request)
    path = own_path(request.query_params.get("next"))
    return found.page("sign-in.html", form={"next": path}, here=sign_in_path(path))


async def sign_in(request: Request[State]) -> Response:
    form = await own_form(request)
    found = _nobody(request)
    username = form.get("username", "")
    shown = {"username": username, "next": own_path(form.get("next"))}
    try:
        await request.state["limits"].check_sign_in(username=username, address=_address(request))
    except Refusal as refusal:
        return _again(found, "sign-in.html", 429, Problem(str(refusal), "too_many_requests"), shown, refusal)
    credentials = {"username": username, "password": form.get("password", "")}
    answer = await ask(found, Service.AUTH, "POST", "/api/login", form=credentials)
    if answer.status != 200:
        return _again(found, "sign-in.html", answer.status, problem_of(answer), shown)
    response = RedirectResponse(shown["next"], 303)
    response.set_cookie(
        COOKIE,
        answer.json()["access_token"],
        max_age=answer.json()["expires_in"],
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


async def sign_up_form(request: Request[State]) -> Response:
    return _nobody(request).page("sign-up.html")


async def sign_up(request: Request[State]) -> Response:
    form = await own_form(request)
    found = _nobody(request)
    fields = {name: form.get(name, "") for name in ("username", "email", "password")}
    shown = {"username": fields["username"], "email": fields["email"]}
    try:
        await request.state["limits"].check_registration(address=_address(request))
    except Refusal as refusal:
        return _again(found, "sign-up.html", 429, Problem(str(refusal), "too_many_requests"), shown, refusal)
    answer = await ask(found, Service.AUTH, "POST", "/api/register", json=fields)
    if answer.status != 201:
        return _again(found, "sign-up.html", answer.status, problem_of(answer), shown)
    return found.back("/sign-in", "signed-up")


async def logout(request: Request[State]) -> Response:
    """Ends the session when a person followed the link; a picture or a script pointing here does nothing."""
    if not is_followed(request):
        return RedirectResponse("/sign-in", 303)
    found = await visit(request)
    if found.identity is not None:
        await ask(found, Service.AUTH, "POST", "/api/logout")
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=request.url.scheme == "https")
    return response


def _nobody(request: Request[State]) -> Visit:
    """Who signs in is nobody yet, whatever cookie they still have."""
    return Visit(request, None, None)


def _address(request: Request[State]) -> str:
    return request.client.host if request.client else ""


def _again(
    found: Visit, template: str, status: int, problem: Problem, form: dict[str, str], refusal: Refusal | None = None
) -> Response:
    """The form once more, with what was typed, but the password, and what was wrong with it."""
    error, faults = explain(problem, found.say)
    if not error:
        error = not_shown(faults, ("username", "email", "password")) or found.say("Please look at the marked fields.")
    response = found.page(template, status, error=error, faults=faults, form=form)
    if refusal is not None:
        response.headers.update(refusal.headers)
    return response
