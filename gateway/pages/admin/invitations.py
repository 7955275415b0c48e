"""Invitations: made, shown with their QR code, and ended; also by members, where they may invite."""

import asyncio
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.api_types import Problem
from gateway.domain.community import Invitation, is_moderator
from gateway.domain.numbers import number_or_text
from gateway.pages.error_messages import explain
from gateway.pages.layout import load_layout
from gateway.pages.lists import get_list
from gateway.pages.page_request import PageRequest, read_signed_in_form, signed_in
from gateway.pages.service_client import Query, Refused, json_body, tell
from gateway.state import State

_HOUR_S = 3600
LIFETIMES_S = (_HOUR_S, 24 * _HOUR_S, 7 * 24 * _HOUR_S, 30 * 24 * _HOUR_S, 365 * 24 * _HOUR_S)
_USUAL = {"expires_in_s": str(LIFETIMES_S[2]), "uses_max": "1", "room": ""}
_PAGE = 50


async def invitations(request: Request[State]) -> Response:
    return await _show(await signed_in(request))


async def invite(request: Request[State]) -> Response:
    page, form = await read_signed_in_form(request)
    try:
        wanted = {name: _number(form, name) for name in ("expires_in_s", "uses_max")}
        body = json_body({**wanted, "room": form.get("room", "").strip() or None})
        await tell(page, "POST", "/api/invitations", body=body)
    except Refused as refused:
        return await _show_refused(page, refused, form)
    return page.redirect(_list_path(page), "invitation-made")


async def end_invitation(request: Request[State]) -> Response:
    """The code comes in the form: it would be logged in the path."""
    page, form = await read_signed_in_form(request)
    try:
        await tell(page, "DELETE", f"/api/invitations/{quote(form.get('code') or '-', safe='')}")
    except Refused as refused:
        return await _show_refused(page, refused, {})
    return page.redirect(_list_path(page), "invitation-ended")


def _number(form: dict[str, str], name: str) -> int | str:
    return number_or_text(form.get(name) or _USUAL[name])


async def _show_refused(page: PageRequest, refused: Refused, typed: dict[str, str]) -> Response:
    error, field_errors = explain(refused.problem, page.gettext)
    return await _show(page, refused.status, error=error, field_errors=field_errors, form=typed)


async def _show(
    page: PageRequest, status: int = 200, *, form: dict[str, str] | None = None, **context: Any
) -> Response:
    """Raises Refused for who may not invite."""
    query: Query = {"before": page.request.query_params.get("before"), "limit": _PAGE}
    layout, (found, next_query) = await asyncio.gather(
        load_layout(page), get_list(page, "/api/invitations", Invitation, query, {"before"})
    )
    role = layout.profile.role
    if not page.instance.may_invite(role) or (page.request.url.path.startswith("/admin/") and not is_moderator(role)):
        raise Refused(403, Problem("Your role does not allow this.", "not_allowed"), {})
    return page.render(
        "invitations.html",
        status,
        layout=layout,
        invitations=found,
        newest=next((one for one in found if one.good), None),
        next_query=next_query,
        lifetimes_s=LIFETIMES_S,
        path=_list_path(page),
        form={**_USUAL, **(form or {})},
        may_compress=False,
        **context,
    )


def _list_path(page: PageRequest) -> str:
    return "/admin/invitations" if page.request.url.path.startswith("/admin/") else "/invitations"
