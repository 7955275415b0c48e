"""The instance: its name, its description, and who may come in; and an owner's first steps, which begin with it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.community import Invitation
from gateway.pages.admin.frame import load_admin_layout
from gateway.pages.error_messages import explain
from gateway.pages.page_request import PageRequest, read_signed_in_form, signed_in
from gateway.pages.service_client import Refused, get, json_body, tell
from gateway.state import State

_TEXTS = ("name", "description", "registration")


async def instance(request: Request[State]) -> Response:
    return await _show(await signed_in(request), "admin-instance.html")


async def change_instance(request: Request[State]) -> Response:
    return await _change(request, "admin-instance.html")


async def first_steps(request: Request[State]) -> Response:
    return await _show(await signed_in(request), "admin-welcome.html")


async def take_first_steps(request: Request[State]) -> Response:
    return await _change(request, "admin-welcome.html")


async def _change(request: Request[State], template: str) -> Response:
    page, form = await read_signed_in_form(request)
    wanted: dict[str, Any] = {name: form[name] for name in _TEXTS if name in form}
    wanted["members_may_invite"] = "members_may_invite" in form
    if "description" in wanted:
        wanted["description"] = wanted["description"].replace("\r\n", "\n")
    try:
        await tell(page, "PATCH", "/api/admin/instance", body=json_body(wanted))
    except Refused as refused:
        error, field_errors = explain(refused.problem, page.gettext)
        return await _show(page, template, refused.status, error=error, field_errors=field_errors, form=wanted)
    await request.state["instance"].refresh()
    return page.redirect(request.url.path, "saved")


async def _show(page: PageRequest, template: str, status: int = 200, **context: Any) -> Response:
    """Raises Refused for all but owners."""
    layout = await load_admin_layout(page, for_owners=True)
    await page.state["instance"].refresh()
    found = await get(page, "/api/invitations", list[Invitation], {"limit": 20})
    invitation = next((one for one in found if one.good and one.username == page.username), None)
    return page.render(template, status, layout=layout, invitation=invitation, may_compress=False, **context)
