"""The card of a person: who they are, and what may be done with them. Scripts show it over any page."""

import asyncio
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.api_types import Profile, Room
from gateway.domain.conversations import Conversation
from gateway.domain.room_members import RoomMember, RoomMembers
from gateway.pages.layout import load_layout
from gateway.pages.moderation_view import load_blocks
from gateway.pages.page_request import PageRequest, signed_in
from gateway.pages.room_people import NOT_KNOWN
from gateway.pages.service_client import Query, find, get
from gateway.state import State

_SHARED_ROOMS_MAX = 20


async def show(request: Request[State]) -> Response:
    """With `?room=`, as one of that room. Raises Refused where there is nobody of that name."""
    page = await signed_in(request)
    username = request.path_params["username"]
    layout, profile, blocks = await asyncio.gather(
        load_layout(page), get(page, f"/api/search-user/{quote(username, safe='')}", Profile), load_blocks(page)
    )
    member, shared_rooms = await asyncio.gather(
        _find_member(page, profile.username), _find_shared_rooms(page, profile.username)
    )
    saved = layout.find_chat(profile.username)
    return page.render(
        "profile.html",
        layout=layout,
        profile=profile,
        person=profile.person,
        room_role=member.role if member else "member",
        is_online=member.online if member else saved.online if saved else None,
        is_blocked=any(block.username == profile.username for block in blocks),
        shared_rooms=shared_rooms[:_SHARED_ROOMS_MAX],
        shares_more=len(shared_rooms) > _SHARED_ROOMS_MAX,
    )


async def _find_member(page: PageRequest, username: str) -> RoomMember | None:
    room = page.request.query_params.get("room")
    if not room:
        return None
    path = f"{Conversation.in_room(room).room_path}/members"
    listed = await find(page, path, RoomMembers, NOT_KNOWN, {"usernames": username})
    return next((one for one in listed.members if one.username == username), None)


async def _find_shared_rooms(page: PageRequest, username: str) -> list[Room]:
    """None where the reader looks at themselves."""
    if username == page.username:
        return []
    query: Query = {"shared_with": username, "limit": _SHARED_ROOMS_MAX + 1}
    return await find(page, "/api/rooms", list[Room], [], query)
