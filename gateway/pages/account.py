"""The account: its e-mail address, and its end. Both take the password again."""

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.tokens import COOKIE
from gateway.pages.error_messages import explain
from gateway.pages.page_request import PageRequest, read_signed_in_form
from gateway.pages.page_response import NOTHING_KEPT
from gateway.pages.service_client import Refused, json_body, tell
from gateway.pages.settings import show_settings
from gateway.state import State


async def change_email(request: Request[State]) -> Response:
    page, form = await read_signed_in_form(request)
    wanted = {"email": form.get("email", ""), "password": form.get("email_password", "")}
    try:
        await tell(page, "POST", "/api/change-email", body=json_body(wanted))
    except Refused as refused:
        return await _show_refused(page, refused, "email_password", {"email": wanted["email"]})
    return page.redirect("/settings", "email-changed")


async def erase(request: Request[State]) -> Response:
    page, form = await read_signed_in_form(request)
    try:
        await tell(page, "DELETE", "/api/account", body=json_body({"password": form.get("erasing_password", "")}))
    except Refused as refused:
        return await _show_refused(page, refused, "erasing_password", {})
    response = page.redirect("/sign-in", "account-erased")
    response.headers.update(NOTHING_KEPT)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=request.url.scheme == "https")
    return response


async def _show_refused(page: PageRequest, refused: Refused, password_field: str, typed: dict[str, str]) -> Response:
    """The settings again: what is not said of another field is said of the password's."""
    error, field_errors = explain(refused.problem, page.gettext)
    shown = {name: text for name, text in field_errors.items() if name in typed}
    rest = [text for text in (error, *field_errors.values()) if text and text not in shown.values()]
    if rest:
        shown[password_field] = " ".join(rest)
    return await show_settings(page, refused.status, field_errors=shown, form=typed)
