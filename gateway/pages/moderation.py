"""Keeping order from a conversation's page: in a room roles, timeouts and slow mode; with a person, blocks."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.numbers import number_or_text
from gateway.pages.conversation import conversation_of
from gateway.pages.conversation_changes import Change, carry_out, membership_path
from gateway.pages.page_request import read_signed_in_form
from gateway.pages.service_client import json_body
from gateway.state import State


async def set_role(request: Request[State]) -> Response:
    page, form = await read_signed_in_form(request)
    room = conversation_of(request)
    path = f"{membership_path(room, request.path_params['username'])}/role"
    body = json_body({"role": form.get("role", "")})
    return await carry_out(
        page, room, Change(method="PUT", path=path, body=body, notice="role-changed", error_field="act")
    )


async def time_out(request: Request[State]) -> Response:
    page, form = await read_signed_in_form(request)
    body = json_body({"seconds": number_or_text(form.get("seconds", ""))})
    change = Change(method="PUT", path=_timeout_path(request), body=body, notice="timed-out", error_field="act")
    return await carry_out(page, conversation_of(request), change)


async def end_timeout(request: Request[State]) -> Response:
    page, _ = await read_signed_in_form(request)
    change = Change(method="DELETE", path=_timeout_path(request), notice="timeout-ended", error_field="act")
    return await carry_out(page, conversation_of(request), change)


async def set_slow_mode(request: Request[State]) -> Response:
    page, form = await read_signed_in_form(request)
    room = conversation_of(request)
    body = json_body({"slow_mode_s": number_or_text(form.get("slow_mode_s", ""))})
    return await carry_out(
        page, room, Change(method="PATCH", path=room.room_path, body=body, notice="saved", error_field="act")
    )


async def block(request: Request[State]) -> Response:
    page, _ = await read_signed_in_form(request)
    chat = conversation_of(request)
    change = Change(method="PUT", path=block_path(chat.name), notice="blocked", error_field="act")
    return await carry_out(page, chat, change)


async def unblock(request: Request[State]) -> Response:
    page, _ = await read_signed_in_form(request)
    chat = conversation_of(request)
    change = Change(method="DELETE", path=block_path(chat.name), notice="unblocked", error_field="act")
    return await carry_out(page, chat, change)


def block_path(username: str) -> str:
    """Where the chat service has it."""
    return f"/api/blocks/{quote(username or '-', safe='')}"


def _timeout_path(request: Request[State]) -> str:
    username = quote(request.path_params["username"], safe="")
    return f"{conversation_of(request).room_path}/timeouts/{username}"
