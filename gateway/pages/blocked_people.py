"""The list of those whom one has blocked, in the settings."""

from starlette.requests import Request
from starlette.responses import Response

from gateway.pages.error_messages import in_short
from gateway.pages.moderation import block_path
from gateway.pages.page_request import read_signed_in_form
from gateway.pages.service_client import Refused, tell
from gateway.pages.settings import show_settings
from gateway.state import State


async def block(request: Request[State]) -> Response:
    return await _change(request, "PUT", "blocked")


async def unblock(request: Request[State]) -> Response:
    return await _change(request, "DELETE", "unblocked")


async def _change(request: Request[State], method: str, notice: str) -> Response:
    """Whom the form's `blocked` names."""
    page, form = await read_signed_in_form(request)
    username = form.get("blocked", "").strip()
    try:
        await tell(page, method, block_path(username))
    except Refused as refused:
        is_self = refused.problem.code == "recipient_is_self"
        error = page.gettext("You cannot block yourself.") if is_self else in_short(refused.problem, page.gettext)
        return await show_settings(page, refused.status, field_errors={"blocked": error}, form={"blocked": username})
    return page.redirect("/settings#blocked-people", notice)
