"""For the other services; the gateway never routes them."""

from starlette.requests import Request
from starlette.responses import Response

from media_service.domain import files as domain
from media_service.state import State
from servicekit.bodies import read_query
from servicekit.numbered_lists import PAGE_MAX, ListQuery, store_and_last
from servicekit.responses import json_response
from servicekit.status import Counts


async def owned_files(request: Request[State]) -> Response:
    """Those of the files `id` (repeated) that `owner` has."""
    owner = request.query_params.get("owner", "")
    found = await request.state["files"].find_owned(owner, request.query_params.getlist("id")[:PAGE_MAX])
    return json_response({"files": [domain.view(file) for file in found]})


async def link_card(request: Request[State]) -> Response:
    """Of the page at `url`; null where there is none to be had. It may take a while."""
    return json_response({"card": await request.state["link_cards"].find(request.query_params.get("url", ""))})


async def stored_bytes(request: Request[State]) -> Response:
    """How much each `username` (repeated) keeps; who keeps nothing is left out."""
    usernames = request.query_params.getlist("username")[:PAGE_MAX]
    return json_response({"stored_bytes": await request.state["files"].used_bytes_of_each(usernames)})


async def count(state: State) -> Counts:
    return await state["files"].count()


async def removed_files(request: Request[State]) -> Response:
    query = read_query(request, ListQuery)
    removed = await request.state["files"].deleted_files_after(query.after, query.limit)
    return json_response({"removed": removed, **await store_and_last(request.state["database"], "removals")})
