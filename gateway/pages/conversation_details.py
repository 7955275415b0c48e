"""The forms beside a conversation: keeping a chat, and who is in a room and what it is."""

from starlette.requests import Request
from starlette.responses import Response

from gateway.pages.conversation import conversation_of
from gateway.pages.conversation_changes import Change, carry_out, membership_path
from gateway.pages.page_request import read_signed_in_form
from gateway.pages.service_client import json_body
from gateway.state import State


async def save_chat(request: Request[State]) -> Response:
    """Keep the person among one's chats, by a name of one's own if that is given."""
    page, form = await read_signed_in_form(request)
    conversation = conversation_of(request)
    wanted = {"username": conversation.name, "nickname": form.get("nickname", "").strip() or None}
    change = Change(method="POST", path="/api/save-chat", body=json_body(wanted), notice="chat-saved", fields=form)
    return await carry_out(page, conversation, change)


async def join(request: Request[State]) -> Response:
    page, _ = await read_signed_in_form(request)
    room = conversation_of(request)
    return await carry_out(page, room, Change(method="PUT", path=membership_path(room, page.username)))


async def leave(request: Request[State]) -> Response:
    page, _ = await read_signed_in_form(request)
    room = conversation_of(request)
    change = Change(method="DELETE", path=membership_path(room, page.username), notice="room-left", next_path="/")
    return await carry_out(page, room, change)


async def add_member(request: Request[State]) -> Response:
    page, form = await read_signed_in_form(request)
    room = conversation_of(request)
    path = membership_path(room, form.get("username", "").strip() or "-")
    change = Change(method="PUT", path=path, notice="member-added", error_field="username", fields=form)
    return await carry_out(page, room, change)


async def remove_member(request: Request[State]) -> Response:
    page, _ = await read_signed_in_form(request)
    room = conversation_of(request)
    path = membership_path(room, request.path_params["username"])
    return await carry_out(page, room, Change(method="DELETE", path=path, notice="member-removed", error_field="act"))


async def change_room(request: Request[State]) -> Response:
    page, form = await read_signed_in_form(request)
    room = conversation_of(request)
    wanted = {"topic": form.get("topic", "").strip(), "private": "private" in form}
    change = Change(method="PATCH", path=room.room_path, body=json_body(wanted), notice="saved", fields=form)
    return await carry_out(page, room, change)


async def place_room(request: Request[State]) -> Response:
    """Where it stands in the list: under which heading, and at which position there."""
    page, form = await read_signed_in_form(request)
    room = conversation_of(request)
    position = form.get("position", "").strip()
    wanted: dict[str, str | int | None] = {"section": form.get("section", "").strip() or None}
    wanted["position"] = int(position) if position.isascii() and position.isdecimal() else position or 0
    change = Change(method="PATCH", path=room.room_path, body=json_body(wanted), notice="saved", fields=form)
    return await carry_out(page, room, change)


async def close_room(request: Request[State]) -> Response:
    page, _ = await read_signed_in_form(request)
    room = conversation_of(request)
    change = Change(method="DELETE", path=room.room_path, notice="room-closed", next_path="/")
    return await carry_out(page, room, change)
