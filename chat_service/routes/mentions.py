"""The inbox of mentions."""

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from chat_service.domain.events import MessageView
from chat_service.routes.shared import HISTORY_PAGE, MessageId
from chat_service.state import State
from servicekit.authentication import identify
from servicekit.bodies import read_query
from servicekit.contract import describes
from servicekit.responses import json_response, link


class MentionsQuery(msgspec.Struct, frozen=True):
    before: MessageId | None = None
    limit: Annotated[int, msgspec.Meta(ge=1)] = HISTORY_PAGE


@describes("Read what was meant for you", query=MentionsQuery, answer=list[MessageView], links=("next",))
async def mentions(request: Request[State]) -> Response:
    """What names you, names all in a room of yours, or answers you; newest first.

    `Link` leads to the page after this one.
    """
    identity = await identify(request)
    query = read_query(request, MentionsQuery)
    limit = min(query.limit, request.state["history_page_max"])
    found = await request.state["own_side"].mentions.list_of(identity.username, before=query.before, limit=limit)
    again = link(request.url.path, "next", before=found[-1].id, limit=limit) if len(found) == limit else {}
    return json_response(found, headers=again)
