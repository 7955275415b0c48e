"""The frame of these pages: who may see them."""

from gateway.domain.api_types import Problem
from gateway.domain.community import is_moderator
from gateway.pages.layout import Layout, load_layout
from gateway.pages.page_request import PageRequest
from gateway.pages.service_client import Refused
from servicekit.problems import Unavailable


async def load_admin_layout(page: PageRequest, *, for_owners: bool = False) -> Layout:
    """Raises Refused for who may not see the page; every service that is asked looks by itself, too."""
    layout = await load_layout(page)
    role = layout.profile.role
    if not role:
        raise Unavailable("The auth service does not say who may see this.")
    if not (role == "owner" or (is_moderator(role) and not for_owners)):
        raise Refused(403, Problem("Your role does not allow this.", "not_allowed"), {})
    return layout
