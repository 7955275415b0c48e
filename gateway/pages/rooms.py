"""Rooms: all that one may know of, a page at a time, and making one."""

import asyncio
import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.items import Room
from gateway.domain.paths import room_path
from gateway.pages.explanations import explain, in_short
from gateway.pages.frame import frame
from gateway.pages.services import Answer, Refused, json_body, tell
from gateway.pages.visits import Visit, own_form, signed_in
from gateway.state import State
from servicekit.problems import Unavailable


async def rooms(request: Request[State]) -> Response:
    """One's own first, then those to join; with a query, those whose name or topic holds it."""
    visit = await signed_in(request)
    asked = {name: value for name in ("query", "after") if (value := request.query_params.get(name, "").strip())}
    framed, answer = await asyncio.gather(frame(visit), _ask(visit, asked))
    fault = answer if isinstance(answer, str) else ""
    return visit.page(
        "rooms.html",
        422 if fault else 200,
        is_zipped=False,  # a link chooses the query, and private rooms stand beside it
        frame=framed,
        query=asked.get("query", ""),
        rooms=[] if isinstance(answer, str) else msgspec.json.decode(answer.body, type=list[Room]),
        more="" if isinstance(answer, str) else _more(answer.headers),
        query_fault=fault,
    )


async def _ask(visit: Visit, asked: Mapping[str, str]) -> Answer | str:
    """The page, or why there is none."""
    try:
        return await tell(visit, "GET", "/api/rooms", query=asked)
    except Refused as refused:
        if refused.status >= 500:
            raise Unavailable(str(refused)) from None
        return in_short(refused.problem, visit.say)


def _more(headers: Mapping[str, str]) -> str:
    """The query of the next page; empty behind the last one."""
    found = re.search(r'<([^>]*)>; rel="next"', headers.get("link", ""))
    if found is None:
        return ""
    given = parse_qs(urlsplit(found[1]).query)
    return urlencode([(name, values[0]) for name, values in given.items() if name in {"query", "after"}])


async def make_room(request: Request[State]) -> Response:
    form = await own_form(request)
    visit = await signed_in(request)
    wanted = {
        "name": form.get("name", "").strip(),
        "topic": form.get("topic", "").strip(),
        "private": "private" in form,
    }
    try:
        await tell(visit, "POST", "/api/rooms", body=json_body(wanted))
    except Refused as refused:
        error, faults = explain(refused.problem, visit.say)
        return visit.page(
            "index.html", refused.status, frame=await frame(visit), form=wanted, room_error=error, faults=faults
        )
    return visit.back(room_path(str(wanted["name"])), "room-made")
