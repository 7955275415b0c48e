"""The people of a room beside its messages."""

from collections.abc import Mapping
from typing import Any

from gateway.domain.api_types import Room
from gateway.domain.conversations import Conversation
from gateway.domain.people import Person
from gateway.domain.room_members import RoomMembers, members_in, sections
from gateway.pages.page_request import PageRequest
from gateway.pages.service_client import Query, find

MEMBERS_SHOWN_MAX = 100
NOT_KNOWN = RoomMembers(members_count=0, online_count=0)
_QUERY_LENGTH_MAX = 64


async def load_members(page: PageRequest, room: Conversation) -> RoomMembers:
    """The first, or those who are called as the reader looks for; NOT_KNOWN where the chat service cannot say."""
    query: Query = {"query": _query(page), "limit": MEMBERS_SHOWN_MAX}
    return await find(page, f"{room.room_path}/members", RoomMembers, NOT_KNOWN, query)


def shown_members(page: PageRequest, room: Room, loaded: RoomMembers) -> RoomMembers:
    if loaded is not NOT_KNOWN:
        return loaded
    known, wanted = members_in(room), _query(page).lower()
    found = tuple(member for member in known.members if wanted in member.username.lower())
    return RoomMembers(members_count=known.members_count, online_count=0, members=found[:MEMBERS_SHOWN_MAX])


def context_of_members(page: PageRequest, members: RoomMembers, people: Mapping[str, Person]) -> dict[str, Any]:
    """For the template."""
    query = _query(page)
    return {
        "member_query": query,
        "members_shown": len(members.members),
        "sections": sections(members, people, is_search=bool(query)),
    }


def _query(page: PageRequest) -> str:
    return page.request.query_params.get("member", "").strip()[:_QUERY_LENGTH_MAX]
