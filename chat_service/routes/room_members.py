"""Who is in a room."""

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from chat_service.actions.room_members import MembersPage
from chat_service.domain.refusals import UnknownRoom
from chat_service.domain.room_members import Wanted
from chat_service.state import State
from servicekit.authentication import identify
from servicekit.bodies import read_query
from servicekit.contract import describes
from servicekit.problems import TookTooLong
from servicekit.responses import json_response

MEMBERS_PAGE = 100
_USERNAMES_LENGTH_MAX = MEMBERS_PAGE * 33  # as long as they can be, and a comma each


class MembersQuery(msgspec.Struct, frozen=True):
    """`query` is a part of a username or nickname; `usernames` are whole ones, separated by commas."""

    query: Annotated[str, msgspec.Meta(max_length=64)] = ""
    usernames: Annotated[str, msgspec.Meta(max_length=_USERNAMES_LENGTH_MAX)] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=MEMBERS_PAGE)] = MEMBERS_PAGE


@describes(
    "List the members of a room, and who is online",
    query=MembersQuery,
    answer=MembersPage,
    refusals=(UnknownRoom, TookTooLong),
)
async def members(request: Request[State]) -> Response:
    """The owner first, then moderators, then who is online; each of these by name."""
    identity, query = await identify(request), read_query(request, MembersQuery)
    room = request.path_params["room"]
    wanted = Wanted(query.query, frozenset(filter(None, query.usernames.split(","))))
    page = await request.state["room_members"].page_for(identity.username, room, wanted, limit=query.limit)
    return json_response(page)
