"""Signing up: by oneself, or by an invitation."""

from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.api_types import Profile
from gateway.domain.community import InvitationNotice
from gateway.domain.paths import own_path, sign_in_path
from gateway.pages import new_session
from gateway.pages.new_session import ACCOUNT_FIELDS, LOBBY, show_again, typed_of
from gateway.pages.page_request import PageRequest, identify, read_own_form
from gateway.pages.service_client import Refused, find, get
from gateway.state import State

_ABOUT_INVITATIONS = frozenset({"invitation_needed", "invitation_spent", "registration_closed"})


async def sign_up_form(request: Request[State]) -> Response:
    page = PageRequest(request)
    path = own_path(request.query_params.get("next"))
    return page.render("sign-up.html", **_context(path), here=_sign_up_path(path))


async def sign_up(request: Request[State]) -> Response:
    form = await read_own_form(request)
    page, path = PageRequest(request), own_path(form.get("next"))
    invitation = form.get("invitation", "").strip().rstrip("/").rpartition("/")[2]  # of a whole link, too
    try:
        session = await new_session.sign_up(page, form, invitation)
    except Refused as refused:
        if refused.problem.code in _ABOUT_INVITATIONS:
            await request.state["instance"].refresh()
        asks = page.instance.registration == "invitation"
        fields = (*ACCOUNT_FIELDS, "invitation") if asks else ACCOUNT_FIELDS
        return show_again(page, "sign-up.html", refused, fields, **_context(path, typed_of(form)))
    if session is None:
        return page.redirect(sign_in_path(path), "signed-up")
    return session.lead_to(path, "signed-in") if path != "/" else session.lead_to(LOBBY.path, "welcome")


async def invitation_form(request: Request[State]) -> Response:
    """Who invites, and where to; nothing of it is used up by looking."""
    page = await identify(request)
    notice = await _read_invitation(page)
    if not notice.good:
        return page.render("invitation-ended.html", 410, invitation=notice)
    return page.render("invitation.html", **await _context_of_invitation(page, notice), may_compress=False)


async def accept_invitation(request: Request[State]) -> Response:
    form = await read_own_form(request)
    page = PageRequest(request)
    try:
        session = await new_session.sign_up(page, form, request.path_params["code"])
    except Refused as refused:
        notice = await _read_invitation(page)
        if refused.problem.code == "invitation_spent" or not notice.good:
            return page.render("invitation-ended.html", 410, invitation=notice)
        context = await _context_of_invitation(page, notice)
        return show_again(page, "invitation.html", refused, **context, form=typed_of(form), may_compress=False)
    return page.redirect("/sign-in", "signed-up") if session is None else session.lead_to(LOBBY.path, "welcome")


async def _read_invitation(page: PageRequest) -> InvitationNotice:
    """Raises Refused, Unavailable."""
    code = quote(page.request.path_params["code"], safe="")
    return await get(page, f"/api/invitations/{code}", InvitationNotice)


async def _context_of_invitation(page: PageRequest, notice: InvitationNotice) -> dict[str, Any]:
    """With the name of who invites, where it can be had."""
    host = None
    if username := notice.username:
        path, unnamed = f"/api/search-user/{quote(username, safe='')}", Profile(username, username)
        host = (await find(page, path, Profile, unnamed)).person
    path = f"/invite/{quote(page.request.path_params['code'], safe='')}"
    return {"invitation": notice, "host": host, "action": path, "here": path}


def _context(path: str, typed: dict[str, str] | None = None) -> dict[str, Any]:
    return {"form": {**(typed or {}), "next": path}, "sign_in": sign_in_path(path)}


def _sign_up_path(path: str) -> str:
    return "/sign-up" if path == "/" else f"/sign-up?next={quote(path, safe='/')}"
