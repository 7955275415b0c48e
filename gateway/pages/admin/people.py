"""People: everybody, a page at a time, and what may be done to one of them."""

import asyncio
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.community import ROLES, ListedPerson, ResetLink
from gateway.pages.admin.frame import load_admin_layout
from gateway.pages.error_messages import explain
from gateway.pages.lists import get_list
from gateway.pages.page_request import PageRequest, read_signed_in_form, signed_in
from gateway.pages.service_client import NO_BODY, Body, Refused, get, json_body, tell
from gateway.state import State

STATES = ("active", "banned")
_PAGE = 50
_ASKED = ("query", "role", "state", "after")


async def people(request: Request[State]) -> Response:
    page = await signed_in(request)
    asked = {name: request.query_params.get(name, "").strip()[:64] for name in _ASKED}
    asked["role"] = asked["role"] if asked["role"] in ROLES else ""
    asked["state"] = asked["state"] if asked["state"] in STATES else ""
    query = {**{name: value or None for name, value in asked.items()}, "limit": _PAGE}
    layout, (found, next_query) = await asyncio.gather(
        load_admin_layout(page), get_list(page, "/api/admin/users", ListedPerson, query, _ASKED)
    )
    return page.render("admin-people.html", layout=layout, asked=asked, people=found, next_query=next_query)


async def person(request: Request[State]) -> Response:
    return await _show(await signed_in(request))


async def ban(request: Request[State]) -> Response:
    page, form = await read_signed_in_form(request)
    order = {"reason": form.get("reason", ""), "erase_messages": "erase_messages" in form}
    return await _carry_out(page, "PUT", "ban", "banned", body=json_body(order), typed=form)


async def end_ban(request: Request[State]) -> Response:
    page, _ = await read_signed_in_form(request)
    return await _carry_out(page, "DELETE", "ban", "ban-ended")


async def set_role(request: Request[State]) -> Response:
    page, form = await read_signed_in_form(request)
    body = json_body({"role": form.get("role", "")})
    return await _carry_out(page, "PUT", "role", "role-changed", body=body, typed=form)


async def make_reset_link(request: Request[State]) -> Response:
    """Shown at once, and never again."""
    page, _ = await read_signed_in_form(request)
    try:
        answer = await tell(page, "POST", _api_path(page, "/reset-link"))
    except Refused as refused:
        return await _show_refused(page, refused, {})
    return await _show(page, reset_link=msgspec.json.decode(answer.body, type=ResetLink))


async def _carry_out(
    page: PageRequest,
    method: str,
    below: str,
    notice: str,
    *,
    body: Body = NO_BODY,
    typed: dict[str, str] | None = None,
) -> Response:
    try:
        await tell(page, method, _api_path(page, f"/{below}"), body=body)
    except Refused as refused:
        return await _show_refused(page, refused, typed or {})
    return page.redirect(f"/admin/people/{_name_in_path(page)}", notice)


async def _show_refused(page: PageRequest, refused: Refused, typed: dict[str, str]) -> Response:
    error, field_errors = explain(refused.problem, page.gettext)
    return await _show(page, refused.status, error=error, field_errors=field_errors, form=typed)


async def _show(
    page: PageRequest, status: int = 200, *, reset_link: ResetLink | None = None, **context: Any
) -> Response:
    """Raises Refused."""
    layout, shown = await asyncio.gather(load_admin_layout(page), get(page, _api_path(page), ListedPerson))
    return page.render(
        "admin-person.html",
        status,
        layout=layout,
        shown=shown,
        roles=ROLES,
        reset_link=reset_link,
        may_compress=False,
        **context,
    )


def _api_path(page: PageRequest, below: str = "") -> str:
    return f"/api/admin/users/{_name_in_path(page)}{below}"


def _name_in_path(page: PageRequest) -> str:
    return quote(page.request.path_params["username"], safe="")
