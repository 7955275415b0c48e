"""Settings: how one is shown, the password, the devices, and what the pages look like."""

import asyncio
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.items import Device
from gateway.domain.paths import own_path
from gateway.message_forms import MessageForm
from gateway.pages.explanations import explain
from gateway.pages.frame import frame
from gateway.pages.services import Refused, form_body, get, json_body, tell
from gateway.pages.uploads import upload
from gateway.pages.visits import LANGUAGE_COOKIE, THEME_COOKIE, THEMES, Visit, changing, own_form, signed_in
from gateway.state import State

_YEAR_S = 365 * 24 * 3600


async def settings(request: Request[State]) -> Response:
    return await _shown(await signed_in(request))


async def _shown(visit: Visit, status: int = 200, **wrong: Any) -> Response:
    framed, devices = await asyncio.gather(frame(visit), get(visit, "/api/sessions", list[Device]))
    devices.sort(key=lambda device: (device.current, device.last_seen_at), reverse=True)
    return visit.page("settings.html", status, frame=framed, devices=devices, **wrong)


async def change(request: Request[State]) -> Response:
    """Changes what the form holds: `nickname`, `avatar_url` or a picture as `avatar`, the password."""
    visit = await changing(request)
    fields: dict[str, str] = {}
    try:
        fields, picture = await _sent(visit)
        notice = await _change(visit, fields, picture)
    except Refused as refused:
        fields = refused.fields or fields
        error, faults = explain(refused.problem, visit.say)
        if error and "new_password" not in fields:  # what is wrong with the others is said of their field
            error, faults = "", {"avatar": error}
        kept = {name: value for name, value in fields.items() if "password" not in name}
        return await _shown(visit, refused.status, error=error, faults=faults, form=kept)
    return visit.back("/settings", notice)


async def _change(visit: Visit, fields: dict[str, str], picture: str) -> str:
    """Which notice says what was done. Raises Refused, with the fields."""
    try:
        if "new_password" in fields:
            passwords = {name: fields.get(name, "") for name in ("current_password", "new_password")}
            await tell(visit, "POST", "/api/change-password", body=json_body(passwords))
            return "password-changed"
        if "nickname" in fields:
            body = form_body({"nickname": fields["nickname"]})
            await tell(visit, "POST", "/api/update-nickname", body=body)
        if (url := _new_picture(fields, picture)) is not None:
            await tell(visit, "POST", "/api/update-avatar", body=form_body({"avatar_url": url}))
    except Refused as refused:
        refused.fields = fields
        raise
    return "saved"


def _new_picture(fields: dict[str, str], sent: str) -> str | None:
    """The address of the picture from now on, empty for none; None: it stays as it is.

    Who has a picture kept here is not shown its address, so that an empty field says nothing (`keep_avatar`).
    """
    if "no_avatar" in fields:
        return ""
    if sent or fields.get("avatar_url"):
        return sent or fields["avatar_url"]
    return None if "keep_avatar" in fields else fields.get("avatar_url")


async def _sent(visit: Visit) -> tuple[dict[str, str], str]:
    """The fields, and the address of the picture that was sent with them, which is kept by now."""
    request = visit.request
    if not request.headers.get("content-type", "").startswith("multipart/"):
        return await own_form(request), ""
    bytes_max = request.state["json_body_bytes_max"]
    form = MessageForm(request.headers["content-type"], request.stream(), fields_bytes_max=bytes_max)
    await form.read_fields()
    if not form.has_files:
        return form.fields, ""
    return form.fields, (await upload(visit, form))[-1].thumbnail_url


async def end_device(request: Request[State]) -> Response:
    await own_form(request)
    visit = await signed_in(request)
    try:
        await tell(visit, "DELETE", f"/api/sessions/{quote(request.path_params['sid'], safe='')}")
    except Refused as refused:
        error, _ = explain(refused.problem, visit.say)
        return await _shown(visit, refused.status, error=error)
    return visit.back("/settings", "device-ended")


async def choose_theme(request: Request[State]) -> Response:
    """Anyone's; it is a wish of the browser, not of the person."""
    form = await own_form(request)
    return _remembered(request, THEME_COOKIE, form, THEMES)


async def choose_language(request: Request[State]) -> Response:
    form = await own_form(request)
    return _remembered(request, LANGUAGE_COOKIE, form, tuple(request.state["languages"]))


def _remembered(request: Request[State], cookie: str, form: dict[str, str], values: tuple[str, ...]) -> Response:
    """The wish as a cookie; anything else takes it back."""
    response = Visit(request, None, None).back(own_path(form.get("next")))
    secure = request.url.scheme == "https"
    if form.get(cookie) in values:
        response.set_cookie(cookie, form[cookie], max_age=_YEAR_S, samesite="lax", secure=secure)
    else:
        response.delete_cookie(cookie, samesite="lax", secure=secure)
    return response
