"""Choosing a new password by a link that an owner made."""

from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.api_types import FieldError, Problem
from gateway.domain.community import ResetNotice
from gateway.domain.languages import gettext_noop
from gateway.pages.new_session import show_again
from gateway.pages.page_request import PageRequest, read_own_form
from gateway.pages.service_client import Refused, get, json_body, tell
from gateway.state import State

NOT_ALIKE = gettext_noop("These are two different passwords.")
_FIELDS = ("password", "password_again")
_ENDED = frozenset({"link_spent", "unknown_link"})


async def reset_form(request: Request[State]) -> Response:
    """Uses nothing up."""
    page = PageRequest(request)
    try:
        link = await _read(page)
    except Refused as refused:
        return _show_ended(page, refused)
    return page.render("reset.html", **_context(page, link), may_compress=False)


async def reset(request: Request[State]) -> Response:
    form = await read_own_form(request)
    page = PageRequest(request)
    try:
        link = await _read(page)
    except Refused as refused:
        return _show_ended(page, refused)
    try:
        await _change(page, form)
    except Refused as refused:
        if refused.problem.code in _ENDED:
            return _show_ended(page, refused)
        return show_again(page, "reset.html", refused, _FIELDS, **_context(page, link), may_compress=False)
    return page.redirect("/sign-in", "password-reset")


async def _read(page: PageRequest) -> ResetNotice:
    return await get(page, "/api" + _path(page), ResetNotice)


async def _change(page: PageRequest, form: dict[str, str]) -> None:
    """Raises Refused."""
    password, again = (form.get(name, "") for name in _FIELDS)
    if password != again:
        raise Refused(422, Problem("", errors=(FieldError("password_again", page.gettext(NOT_ALIKE)),)), {})
    await tell(page, "POST", "/api" + _path(page), body=json_body({"password": password}))


def _show_ended(page: PageRequest, refused: Refused) -> Response:
    """Raises `refused` where it says something else."""
    if refused.problem.code not in _ENDED:
        raise refused
    return page.render("link-ended.html", refused.status, is_claim=False, was_good=refused.status == 410)


def _context(page: PageRequest, link: ResetNotice) -> dict[str, Any]:
    return {"link": link, "action": _path(page), "here": _path(page)}


def _path(page: PageRequest) -> str:
    return f"/reset/{quote(page.request.path_params['code'], safe='')}"
