"""Settings: how one is shown, the password, the devices, and what the pages look like."""

import asyncio
from collections.abc import Sequence
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.api_types import Device, Problem, QuietHours, SentFile
from gateway.domain.paths import own_path
from gateway.pages.error_messages import explain
from gateway.pages.layout import load_layout
from gateway.pages.moderation_view import load_blocks
from gateway.pages.page_request import (
    PageRequest,
    read_own_form,
    read_signed_in_form,
    signed_in,
    signed_in_from_own_page,
)
from gateway.pages.page_response import LANGUAGE_COOKIE, THEME_COOKIE, THEMES
from gateway.pages.service_client import Refused, find, form_body, get, json_body, tell
from gateway.pages.uploads import read_form_with_files
from gateway.state import State

_YEAR_S = 365 * 24 * 3600


async def settings(request: Request[State]) -> Response:
    return await show_settings(await signed_in(request))


async def show_settings(
    page: PageRequest,
    status: int = 200,
    *,
    error: str = "",
    field_errors: dict[str, str] | None = None,
    form: dict[str, str] | None = None,
) -> Response:
    layout, devices, blocks, quiet_hours = await asyncio.gather(
        load_layout(page),
        get(page, "/api/sessions", list[Device]),
        load_blocks(page),
        find(page, "/api/quiet-hours", QuietHours, QuietHours()),
    )
    devices.sort(key=lambda device: (device.current, device.last_seen_at), reverse=True)
    return page.render(
        "settings.html",
        status,
        layout=layout,
        devices=devices,
        blocks=blocks,
        quiet_hours=quiet_hours,
        error=error,
        field_errors=field_errors or {},
        form=form or {},
    )


async def change_settings(request: Request[State]) -> Response:
    """Changes what the form holds: `nickname`, `status`, `avatar_url` or a picture as `avatar`, the password."""
    page = await signed_in_from_own_page(request)
    fields: dict[str, str] = {}
    try:
        fields, files = await read_form_with_files(page)
        notice = await _change(page, fields, _picture_of(files))
    except Refused as refused:
        fields = refused.fields or fields
        error, field_errors = explain(refused.problem, page.gettext)
        if error and "new_password" not in fields:  # what is wrong with the others is said of their field
            error, field_errors = "", {"avatar": error}
        typed = {name: value for name, value in fields.items() if "password" not in name}
        return await show_settings(page, refused.status, error=error, field_errors=field_errors, form=typed)
    return page.redirect("/settings", notice)


async def _change(page: PageRequest, fields: dict[str, str], picture: str) -> str:
    """Which notice says what was done. Raises Refused."""
    if "new_password" in fields:
        passwords = {name: fields.get(name, "") for name in ("current_password", "new_password")}
        await tell(page, "POST", "/api/change-password", body=json_body(passwords))
        return "password-changed"
    if "nickname" in fields:
        await tell(page, "POST", "/api/update-nickname", body=form_body({"nickname": fields["nickname"]}))
    if "status" in fields:
        await tell(page, "POST", "/api/update-status", body=form_body({"status": fields["status"]}))
    if (url := _new_picture(fields, picture)) is not None:
        await tell(page, "POST", "/api/update-avatar", body=form_body({"avatar_url": url}))
    return "saved"


def _picture_of(files: Sequence[SentFile]) -> str:
    """The address of the last, empty for none. Raises Refused for what is no picture."""
    if not files:
        return ""
    if files[-1].kind != "picture" or files[-1].thumbnail_url is None:
        raise Refused(415, Problem("", "not_a_picture"), {})
    return files[-1].thumbnail_url


def _new_picture(fields: dict[str, str], sent: str) -> str | None:
    """The address of the picture from now on, empty for none; None: it stays as it is.

    Who has a picture kept here is not shown its address, so that an empty field says nothing (`keep_avatar`).
    """
    if "no_avatar" in fields:
        return ""
    if sent or fields.get("avatar_url"):
        return sent or fields["avatar_url"]
    return None if "keep_avatar" in fields else fields.get("avatar_url")


async def end_device(request: Request[State]) -> Response:
    page, _ = await read_signed_in_form(request)
    try:
        await tell(page, "DELETE", f"/api/sessions/{quote(request.path_params['sid'], safe='')}")
    except Refused as refused:
        error, _ = explain(refused.problem, page.gettext)
        return await show_settings(page, refused.status, error=error)
    return page.redirect("/settings", "device-ended")


async def choose_theme(request: Request[State]) -> Response:
    """Anyone's; it is a preference of the browser, not of the person."""
    form = await read_own_form(request)
    return _set_preference(request, THEME_COOKIE, form, THEMES)


async def choose_language(request: Request[State]) -> Response:
    form = await read_own_form(request)
    return _set_preference(request, LANGUAGE_COOKIE, form, tuple(request.state["languages"]))


def _set_preference(request: Request[State], cookie: str, form: dict[str, str], values: tuple[str, ...]) -> Response:
    """The preference as a cookie; anything but one of `values` takes it back."""
    response = PageRequest(request).redirect(own_path(form.get("next")))
    secure = request.url.scheme == "https"
    if form.get(cookie) in values:
        response.set_cookie(cookie, form[cookie], max_age=_YEAR_S, samesite="lax", secure=secure)
    else:
        response.delete_cookie(cookie, samesite="lax", secure=secure)
    return response
