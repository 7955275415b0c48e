"""For the other services; the gateway never routes them. What is about people waits until it is certain who is who."""

from starlette.requests import Request
from starlette.responses import Response

from chat_service.domain.conversations import Label
from chat_service.domain.refusals import NotAMember, TimedOut
from chat_service.state import State
from servicekit.bodies import convert
from servicekit.numbered_lists import ListQuery, store_and_last
from servicekit.responses import json_response
from servicekit.status import Counts
from servicekit.times import rfc3339, seconds_until


async def attachment(request: Request[State]) -> Response:
    """204 where `reader` is in a conversation that shows the file, else 404."""
    await request.state["profiles"].confirm()
    reader = request.query_params.get("reader", "")
    may_see = await request.state["attachments"].may_see(reader, request.path_params["file_id"])
    return Response(status_code=204 if may_see else 404)


async def orphaned_files(request: Request[State]) -> Response:
    query = convert(dict(request.query_params), ListQuery)
    orphaned = await request.state["attachments"].orphaned_after(query.after, query.limit)
    return json_response({"released": orphaned, **await store_and_last(request.state["database"], "releases")})


async def acts(request: Request[State]) -> Response:
    """What moderators did, for the audit."""
    query = convert(dict(request.query_params), ListQuery)
    found = await request.state["acts"].list_after(query.after, query.limit)
    return json_response({"acts": found, **await store_and_last(request.state["database"], "acts")})


async def audience(request: Request[State]) -> Response:
    """How the conversation is really called that `username` calls `label`; refused where they may not write there."""
    await request.state["profiles"].confirm()
    username, label = request.query_params.get("username", ""), Label(request.query_params.get("label", "@"))
    if label.is_room:
        found = await request.state["rooms"].get(username, label.name)
        if not found.is_member:
            raise NotAMember(found.name)
        now = rfc3339(request.state["clock"]())
        if found.timed_out_until is not None and found.timed_out_until > now:
            raise TimedOut(found.name, seconds_until(found.timed_out_until, now))
        return json_response({"label": Label.of_room(found.name).text})
    conversation = await request.state["addressing"].find_conversation(username, label.name)
    await request.state["blocks"].check_accepts(username, conversation.other_than(username))
    return json_response({"label": conversation.label_for(username).text})


async def inviting(request: Request[State]) -> Response:
    """204 where `username` may bring others into the `room`; else as inviting is refused."""
    await request.state["profiles"].confirm()
    query = request.query_params
    await request.state["rooms"].check_may_invite(query.get("username", ""), query.get("room", ""))
    return Response(status_code=204)


async def count(state: State) -> Counts:
    return await state["totals"].count()


async def members(request: Request[State]) -> Response:
    """Those of each `username` who are in the `room`."""
    await request.state["profiles"].confirm()
    query = request.query_params
    found = await request.state["rooms"].members_among(query.get("room", ""), query.getlist("username"))
    return json_response({"usernames": found})
