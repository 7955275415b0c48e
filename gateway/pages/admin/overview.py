"""The overview: what this instance is, and what was done lately."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.community import AuditEntry, Report
from gateway.pages.admin.frame import load_admin_layout
from gateway.pages.page_request import signed_in
from gateway.pages.service_client import find, get
from gateway.state import State

_ACTS_SHOWN = 5
_REPORTS_COUNTED = 50


async def overview(request: Request[State]) -> Response:
    page = await signed_in(request)
    layout = await load_admin_layout(page)
    acts, waiting = await asyncio.gather(
        get(page, "/api/admin/audit", list[AuditEntry], {"limit": _ACTS_SHOWN}),
        find(page, "/api/admin/reports", list[Report], [], {"state": "open", "limit": _REPORTS_COUNTED}),
    )
    return page.render("admin-overview.html", layout=layout, acts=acts, waiting_count=len(waiting))
