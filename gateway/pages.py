"""The pages: server-rendered, and working without scripts."""

from pathlib import Path
from typing import Any, cast

import httpx
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from gateway.domain.origins import is_same_origin
from gateway.domain.refusals import CrossOrigin, UpgradeRequired
from gateway.domain.route_table import Service
from gateway.domain.tokens import COOKIE, find_token
from gateway.state import State
from servicekit import health
from servicekit.problems import Refusal, Unauthenticated, Unavailable
from servicekit.routing import route
from servicekit.tokens import Identity

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' https: http:; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
_templates = Jinja2Templates(Path(__file__).parent / "templates")


async def home(request: Request[State]) -> Response:
    identity, token = await _visitor(request)
    if identity is None:
        return RedirectResponse("/sign-in", 303)
    answer = await _ask(request, Service.CHAT, "GET", "/api/saved-chats", token=token)
    chats = answer.json() if answer.status_code == 200 else []
    return _page(request, "index.html", username=identity.username, chats=chats)


async def sign_in_form(request: Request[State]) -> Response:
    return _page(request, "sign-in.html", next=_own_path(request.query_params.get("next")))


async def sign_in(request: Request[State]) -> Response:
    form = await _own_form(request)
    username = form.get("username", "")
    address = request.client.host if request.client else ""
    shown = {"username": username, "next": _own_path(form.get("next"))}
    try:
        await request.state["limits"].check_sign_in(username=username, address=address)
    except Refusal as refusal:
        return _page(request, "sign-in.html", 429, error=str(refusal), **shown)
    credentials = {"username": username, "password": form.get("password", "")}
    answer = await _ask(request, Service.AUTH, "POST", "/api/login", data=credentials)
    if answer.status_code != 200:
        return _page(request, "sign-in.html", answer.status_code, error=_detail(answer), **shown)
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
    return _page(request, "sign-up.html")


async def sign_up(request: Request[State]) -> Response:
    form = await _own_form(request)
    fields = {name: form.get(name, "") for name in ("username", "email", "password")}
    shown = {"username": fields["username"], "email": fields["email"]}
    address = request.client.host if request.client else ""
    try:
        await request.state["limits"].check_registration(address=address)
    except Refusal as refusal:
        return _page(request, "sign-up.html", 429, error=str(refusal), **shown)
    answer = await _ask(request, Service.AUTH, "POST", "/api/register", json=fields)
    if answer.status_code != 201:
        return _page(request, "sign-up.html", answer.status_code, error=_detail(answer), **shown)
    return RedirectResponse("/sign-in", 303)


async def logout(request: Request[State]) -> Response:
    """Ends the session when a person followed the link; a picture or a script pointing here does nothing."""
    response = RedirectResponse("/sign-in", 303)
    if request.headers.get("sec-fetch-dest", "document") != "document" or not _is_own(request):
        return response
    _, token = await _visitor(request)
    if token is not None:
        await _ask(request, Service.AUTH, "POST", "/api/logout", token=token)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=request.url.scheme == "https")
    return response


async def upgrade_required(_: Request[State]) -> Response:
    raise UpgradeRequired


async def _visitor(request: Request[State]) -> tuple[Identity | None, str | None]:
    token, _ = find_token(request.headers.get("authorization"), request.headers.get("cookie"))
    try:
        return await request.state["authentication"].authenticate(token), token
    except Unauthenticated:
        return None, None


async def _own_form(request: Request[State]) -> dict[str, str]:
    """The fields of a form that one of our own pages sent. Raises CrossOrigin."""
    if not _is_own(request):
        raise CrossOrigin
    form = await request.form(max_files=0)
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _is_own(request: Request[State]) -> bool:
    return is_same_origin(
        site=request.headers.get("sec-fetch-site"),
        origin=request.headers.get("origin"),
        host=request.headers.get("host"),
    )


async def _ask(
    request: Request[State],
    service: Service,
    method: str,
    path: str,
    *,
    token: str | None = None,
    **body: Any,
) -> httpx.Response:
    """Call a service for this visitor. Raises Unavailable."""
    headers = {
        "X-Request-ID": request.scope["parley.request_id"],
        "X-Forwarded-For": request.client.host if request.client else "",
        "User-Agent": request.headers.get("user-agent", ""),
    }
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    url = request.state["urls"][service] + path
    try:
        # As the browser's own came, they may hold any byte (RFC 9110 §5.5).
        as_they_came = httpx.Headers(headers, encoding="latin-1")
        return await request.state["http"].request(method, url, headers=as_they_came, **body)
    except httpx.HTTPError:
        raise Unavailable(f"The {service.value} service does not answer.") from None


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, LookupError, TypeError):
        return "That did not work."


def _own_path(path: str | None) -> str:
    """`path` if it leads to a page of this site, else "/": a link must not send anybody elsewhere after signing in."""
    if path and path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable():
        return path
    return "/"


def _page(request: Request[State], template: str, status: int = 200, **shown: Any) -> Response:
    headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Cache-Control": "no-store"}
    return _templates.TemplateResponse(cast(Any, request), template, shown, status_code=status, headers=headers)


def _checks(request: Request[Any]) -> dict[str, health.Check]:
    state: State = request.state

    def ready(url: str) -> health.Check:
        async def check() -> bool:
            return (await state["http"].get(url + "/readyz")).status_code == 200

        return check

    async def knows_revocations() -> bool:
        return state["authentication"].is_current

    services = {service.value: ready(url) for service, url in state["urls"].items()}
    return {"redis": state["bus"].ping, "revocations": knows_revocations, **services}


PAGES = [
    Route("/", home),
    route("/sign-in", GET=sign_in_form, POST=sign_in),
    route("/sign-up", GET=sign_up_form, POST=sign_up),
    Route("/logout", logout),
    Route("/ws", upgrade_required),
    Route("/ws/{token}", upgrade_required),
    Route("/api/ws/{rest:path}", upgrade_required),
    *health.routes(_checks),
]
