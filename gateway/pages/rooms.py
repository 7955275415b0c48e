"""Rooms: all that one may know of, a page at a time, and making one."""

import asyncio
from collections.abc import Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.api_types import Room
from gateway.domain.conversations import Conversation
from gateway.pages.error_messages import explain, in_short
from gateway.pages.home import show_home
from gateway.pages.layout import load_layout
from gateway.pages.lists import get_list
from gateway.pages.page_request import PageRequest, read_signed_in_form, signed_in
from gateway.pages.service_client import Refused, json_body, tell
from gateway.state import State
from servicekit.problems import Unavailable


class _RoomList(msgspec.Struct, frozen=True):
    """A page of rooms and the query of the next one, which is empty behind the last; or why there is none."""

    rooms: list[Room] = []
    next_query: str = ""
    error: str = ""


async def rooms(request: Request[State]) -> Response:
    """One's own first, then those to join; with a query, those whose name or topic holds it."""
    page = await signed_in(request)
    asked = {name: value for name in ("query", "after") if (value := request.query_params.get(name, "").strip())}
    layout, found = await asyncio.gather(load_layout(page), _load_rooms(page, asked))
    return page.render(
        "rooms.html",
        422 if found.error else 200,
        may_compress=False,  # a link chooses the query, and private rooms stand beside it
        layout=layout,
        query=asked.get("query", ""),
        rooms=found.rooms,
        next_query=found.next_query,
        query_error=found.error,
    )


async def _load_rooms(page: PageRequest, asked: Mapping[str, str]) -> _RoomList:
    try:
        rooms, next_query = await get_list(page, "/api/rooms", Room, asked, {"query", "after"})
    except Refused as refused:
        if refused.status >= 500:
            raise Unavailable(str(refused)) from None
        return _RoomList(error=in_short(refused.problem, page.gettext))
    return _RoomList(rooms, next_query)


async def make_room(request: Request[State]) -> Response:
    page, form = await read_signed_in_form(request)
    name, topic, section = (form.get(field, "").strip() for field in ("name", "topic", "section"))
    wanted = {"name": name, "topic": topic, "private": "private" in form, "section": section or None}
    try:
        await tell(page, "POST", "/api/rooms", body=json_body(wanted))
    except Refused as refused:
        error, field_errors = explain(refused.problem, page.gettext)
        return await show_home(page, refused.status, form=wanted, room_error=error, field_errors=field_errors)
    return page.redirect(Conversation.in_room(name).path, "room-made")
