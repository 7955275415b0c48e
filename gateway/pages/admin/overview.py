"""The overview: how the system is, what this instance is, and what was done lately."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.community import AuditEntry, Report
from gateway.domain.refusals import NotAllowed
from gateway.domain.system_status import SystemStatus
from gateway.pages.admin.frame import load_admin_layout
from gateway.pages.page_request import PageRequest, signed_in
from gateway.pages.service_client import find, get
from gateway.state import State
from servicekit.problems import Unavailable

_ACTS_SHOWN = 5
_REPORTS_COUNTED = 50


async def overview(request: Request[State]) -> Response:
    page = await signed_in(request)
    layout = await load_admin_layout(page)
    acts, waiting, system = await asyncio.gather(
        get(page, "/api/admin/audit", list[AuditEntry], {"limit": _ACTS_SHOWN}),
        find(page, "/api/admin/reports", list[Report], [], {"state": "open", "limit": _REPORTS_COUNTED}),
        _find_system(page),
    )
    return page.render("admin-overview.html", layout=layout, acts=acts, waiting_count=len(waiting), system=system)


async def _find_system(page: PageRequest) -> SystemStatus | None:
    """For owners, as auth says at this moment."""
    reader = page.state["system_status"]
    try:
        await reader.check_owner(page.username)
    except (NotAllowed, Unavailable):
        return None
    return await reader.read()
