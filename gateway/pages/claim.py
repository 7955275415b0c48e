"""Claiming: the link that makes an owner, for who has the machine."""

from contextlib import suppress
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.paths import sign_in_path
from gateway.pages import new_session
from gateway.pages.new_session import show_again, typed_of
from gateway.pages.page_request import PageRequest, identify, read_own_form
from gateway.pages.service_client import Refused, json_body, tell
from gateway.state import State
from servicekit.problems import Refusal

_FIRST_INVITATION = {"uses_max": 10}


async def claim_form(request: Request[State]) -> Response:
    """Uses nothing up."""
    page = await identify(request)
    if (ended := await _find_ended(page)) is not None:
        return ended
    await request.state["instance"].refresh()
    return page.render("claim.html", **_context(page), may_compress=False)


async def claim(request: Request[State]) -> Response:
    """Makes whoever is signed in an owner; who is not signs up by the same form."""
    form = await read_own_form(request)
    page = await identify(request)
    if (ended := await _find_ended(page)) is not None:
        return ended
    if page.identity is not None:
        return page.redirect(await _carry_out(page))
    try:
        session = await new_session.sign_up(page, form, request.path_params["code"])
    except Refused as refused:
        return show_again(page, "claim.html", refused, **_context(page), form=typed_of(form), may_compress=False)
    if session is None:
        return page.redirect(sign_in_path(_own_path(page)), "signed-up")
    return session.lead_to(await _carry_out(session.page))


async def _carry_out(page: PageRequest) -> str:
    """Where they go on from there: the first owner finds an invitation made, and who was late what became of the link.

    Raises Refused.
    """
    instance = page.state["instance"]
    await instance.refresh()
    is_first = not instance.current.claimed
    try:
        await tell(page, "POST", _api_path(page))
    except Refused as refused:
        if refused.problem.code != "link_spent":
            raise
        return _own_path(page)
    await instance.refresh()
    if not is_first:
        return "/admin"
    with suppress(Refusal):  # the page that comes has a button for it, too
        await tell(page, "POST", "/api/invitations", body=json_body(_FIRST_INVITATION))
    return "/admin/welcome"


async def _find_ended(page: PageRequest) -> Response | None:
    """What is shown where the link is not good."""
    try:
        await tell(page, "GET", _api_path(page))
    except Refused as refused:
        if refused.problem.code not in {"link_spent", "unknown_link"}:
            raise
        return page.render("link-ended.html", refused.status, is_claim=True, was_good=refused.status == 410)
    return None


def _context(page: PageRequest) -> dict[str, Any]:
    path = _own_path(page)
    return {"action": path, "here": path, "sign_in": sign_in_path(path)}


def _own_path(page: PageRequest) -> str:
    return f"/claim/{quote(page.request.path_params['code'], safe='')}"


def _api_path(page: PageRequest) -> str:
    return "/api" + _own_path(page)
