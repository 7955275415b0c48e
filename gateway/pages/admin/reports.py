"""Reports: what people told of others and of messages, those that wait first, and what became of them."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.community import Report
from gateway.domain.numbers import whole_number
from gateway.pages.admin.frame import load_admin_layout
from gateway.pages.error_messages import in_short
from gateway.pages.lists import get_list
from gateway.pages.page_request import PageRequest, read_signed_in_form, signed_in
from gateway.pages.service_client import Query, Refused, json_body, tell
from gateway.state import State

_PAGE = 50


async def reports(request: Request[State]) -> Response:
    return await _show(await signed_in(request))


async def handle_report(request: Request[State]) -> Response:
    """`state` is what became of it, `note` why."""
    page, form = await read_signed_in_form(request)
    number = whole_number(form.get("id")) or 0
    handling = {"id": number, "state": form.get("state", ""), "note": form.get("note", "").strip()}
    try:
        await tell(page, "PATCH", "/api/admin/reports", body=json_body(handling))
    except Refused as refused:
        errors = {"note": in_short(refused.problem, page.gettext)}
        return await _show(page, refused.status, form={"id": number, "note": handling["note"]}, field_errors=errors)
    return page.redirect("/admin/reports", "report-handled")


async def _show(page: PageRequest, status: int = 200, **context: Any) -> Response:
    """Raises Refused."""
    asked: Query = {"before": page.request.query_params.get("before"), "limit": _PAGE}
    layout, (waiting, _), (latest, next_query) = await asyncio.gather(
        load_admin_layout(page),
        get_list(page, "/api/admin/reports", Report, {"state": "open", "limit": _PAGE}, ()),
        get_list(page, "/api/admin/reports", Report, asked, {"before"}),
    )
    return page.render(
        "admin-reports.html",
        status,
        layout=layout,
        waiting=waiting,
        handled=[report for report in latest if not report.is_open],
        next_query=next_query,
        **context,
    )
