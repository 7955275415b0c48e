"""Search."""

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from chat_service.domain.refusals import QueryEmpty, QueryInvalid
from chat_service.domain.search_hits import SearchHit
from chat_service.routes.shared import HISTORY_PAGE, MessageId
from chat_service.state import State
from servicekit.authentication import identify
from servicekit.bodies import convert
from servicekit.contract import describes
from servicekit.problems import TookTooLong, TooManyAtOnce
from servicekit.responses import json_response, link
from servicekit.texts import SEEN_PATTERN


class SearchQuery(msgspec.Struct, frozen=True):
    # Without it the answer is `query_empty`, so it is told as required, though it has a default.
    query: Annotated[
        str, msgspec.Meta(max_length=200, extra_json_schema={"minLength": 1, "pattern": SEEN_PATTERN, "required": True})
    ] = ""
    before: MessageId | None = None
    limit: Annotated[int, msgspec.Meta(ge=1)] = HISTORY_PAGE


@describes(
    "Search your conversations",
    query=SearchQuery,
    answer=list[SearchHit],
    links=("next",),
    refusals=(QueryEmpty, QueryInvalid, TooManyAtOnce, TookTooLong),
)
async def search_messages(request: Request[State]) -> Response:
    """Newest first; `Link` leads to the page after this one."""
    identity = await identify(request)
    query = convert(dict(request.query_params), SearchQuery)
    limit = min(query.limit, request.state["history_page_max"])
    found = await request.state["searching"].find(identity.username, query.query, before=query.before, limit=limit)
    if not found:
        return json_response(found)
    again = link(request.url.path, "next", query=query.query, before=found[-1].id, limit=limit)
    return json_response(found, headers=again)
