"""Quiet hours, in the settings."""

from starlette.requests import Request
from starlette.responses import Response

from gateway.pages.error_messages import explain
from gateway.pages.page_request import read_signed_in_form
from gateway.pages.service_client import Refused, json_body, tell
from gateway.pages.settings import show_settings
from gateway.state import State

_FIELDS = ("starts", "ends", "time_zone")


async def choose_quiet_hours(request: Request[State]) -> Response:
    """Without both times there are none, whatever the time zone."""
    page, form = await read_signed_in_form(request)
    typed = {name: form.get(name, "").strip() for name in _FIELDS}
    wanted = typed if typed["starts"] or typed["ends"] else {}
    try:
        await tell(
            page, "PUT", "/api/quiet-hours", body=json_body({name: wanted.get(name) or None for name in _FIELDS})
        )
    except Refused as refused:
        error, field_errors = explain(refused.problem, page.gettext)
        return await show_settings(page, refused.status, error=error, field_errors=field_errors, form=typed)
    return page.redirect("/settings#quiet-hours", "saved")
