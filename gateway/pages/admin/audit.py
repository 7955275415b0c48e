"""The audit: who did what to whom, when and from where."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.community import AuditEntry
from gateway.pages.admin.frame import load_admin_layout
from gateway.pages.lists import get_list
from gateway.pages.page_request import signed_in
from gateway.state import State

_PAGE = 50


async def audit(request: Request[State]) -> Response:
    page = await signed_in(request)
    query = {"before": request.query_params.get("before"), "limit": _PAGE}
    layout, (acts, next_query) = await asyncio.gather(
        load_admin_layout(page), get_list(page, "/api/admin/audit", AuditEntry, query, {"before"})
    )
    return page.render("admin-audit.html", layout=layout, acts=acts, next_query=next_query)
