"""The forms beside a conversation: keeping a chat, and who is in a room and what it is."""

from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.conversations import Conversation
from gateway.pages.conversation import FormState, conversation_of, show_conversation
from gateway.pages.error_messages import explain, in_short
from gateway.pages.page_request import PageRequest, read_signed_in_form
from gateway.pages.service_client import NO_BODY, Body, Refused, json_body, tell
from gateway.state import State


class _Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a form asks of the chat service, and what is shown afterwards.

    `next_path`: instead of the conversation. `error_field`: beside which the refusal is explained. `fields`: as typed.
    """

    method: str
    path: str
    body: Body = NO_BODY
    notice: str = ""
    next_path: str = ""
    error_field: str = ""
    fields: dict[str, str] = {}


async def save_chat(request: Request[State]) -> Response:
    """Keep the person among one's chats, by a name of one's own if that is given."""
    page, form = await read_signed_in_form(request)
    conversation = conversation_of(request)
    wanted = {"username": conversation.name, "nickname": form.get("nickname", "").strip() or None}
    change = _Change(method="POST", path="/api/save-chat", body=json_body(wanted), notice="chat-saved", fields=form)
    return await _carry_out(page, conversation, change)


async def join(request: Request[State]) -> Response:
    page, _ = await read_signed_in_form(request)
    room = conversation_of(request)
    return await _carry_out(page, room, _Change(method="PUT", path=_membership(room, page.username)))


async def leave(request: Request[State]) -> Response:
    page, _ = await read_signed_in_form(request)
    room = conversation_of(request)
    change = _Change(method="DELETE", path=_membership(room, page.username), notice="room-left", next_path="/")
    return await _carry_out(page, room, change)


async def add_member(request: Request[State]) -> Response:
    page, form = await read_signed_in_form(request)
    room = conversation_of(request)
    path = _membership(room, form.get("username", "").strip() or "-")
    change = _Change(method="PUT", path=path, notice="member-added", error_field="username", fields=form)
    return await _carry_out(page, room, change)


async def remove_member(request: Request[State]) -> Response:
    page, _ = await read_signed_in_form(request)
    room = conversation_of(request)
    path = _membership(room, request.path_params["username"])
    return await _carry_out(page, room, _Change(method="DELETE", path=path, notice="member-removed"))


async def change_room(request: Request[State]) -> Response:
    page, form = await read_signed_in_form(request)
    room = conversation_of(request)
    wanted = {"topic": form.get("topic", "").strip(), "private": "private" in form}
    change = _Change(method="PATCH", path=room.room_path, body=json_body(wanted), notice="saved", fields=form)
    return await _carry_out(page, room, change)


async def close_room(request: Request[State]) -> Response:
    page, _ = await read_signed_in_form(request)
    room = conversation_of(request)
    change = _Change(method="DELETE", path=room.room_path, notice="room-closed", next_path="/")
    return await _carry_out(page, room, change)


def _membership(room: Conversation, username: str) -> str:
    return f"{room.room_path}/members/{quote(username, safe='')}"


async def _carry_out(page: PageRequest, conversation: Conversation, change: _Change) -> Response:
    """Ask, and lead on; else the conversation with what was wrong. Raises Refused where there is no such room."""
    try:
        await tell(page, change.method, change.path, body=change.body)
    except Refused as refused:
        if refused.status == 404 and refused.problem.code == "unknown_room":
            raise
        error, field_errors = explain(refused.problem, page.gettext)
        if change.error_field:
            error, field_errors = "", {change.error_field: in_short(refused.problem, page.gettext)}
        form_state = FormState(status=refused.status, error=error, fields=change.fields, field_errors=field_errors)
        return await show_conversation(page, conversation, form_state)
    return page.redirect(change.next_path or conversation.path, change.notice)
