"""The forms beside a conversation: keeping a chat, and who is in a room and what it is."""

from msgspec import structs
from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.api_types import Profile
from gateway.domain.conversations import Conversation
from gateway.domain.numbers import number_or_text
from gateway.domain.people import likeness
from gateway.pages.conversation import FormState, conversation_of, show_conversation
from gateway.pages.conversation_changes import Change, carry_out, membership_path, show_refused
from gateway.pages.page_request import PageRequest, read_signed_in_form
from gateway.pages.service_client import Query, Refused, find, json_body, tell
from gateway.state import State

_CANDIDATES_MAX = 10


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
    """By their username, or by the nickname that is theirs alone; else the reader chooses whom they mean."""
    page, form = await read_signed_in_form(request)
    room, typed = conversation_of(request), form.get("username", "").strip()
    try:
        await tell(page, "PUT", membership_path(room, typed or "-"))
    except Refused as refused:
        if refused.problem.code != "unknown_recipient" or not typed:
            return await show_refused(page, room, refused, _addition(form))
        return await _add_found(page, room, form, typed)
    return page.redirect(room.path, "member-added")


async def _add_found(page: PageRequest, room: Conversation, form: dict[str, str], typed: str) -> Response:
    query: Query = {"query": typed, "limit": _CANDIDATES_MAX}
    found = [one.person for one in await find(page, "/api/people", list[Profile], [], query)]
    called_so = [person for person in found if likeness(person.name) == likeness(typed)]
    if len(called_so) == 1:
        path = membership_path(room, called_so[0].username)
        return await carry_out(page, room, structs.replace(_addition(form), path=path))
    error = page.gettext("Whom do you mean?") if found else page.gettext("There is nobody of that name.")
    form_state = FormState(
        status=422 if found else 404, fields=form, field_errors={"username": error}, candidates=tuple(found)
    )
    return await show_conversation(page, room, form_state)


def _addition(form: dict[str, str]) -> Change:
    return Change(method="PUT", path="", notice="member-added", error_field="username", fields=form)


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
    wanted: dict[str, str | int | None] = {"section": form.get("section", "").strip() or None}
    wanted["position"] = number_or_text(form.get("position", "").strip() or "0")
    change = Change(method="PATCH", path=room.room_path, body=json_body(wanted), notice="saved", fields=form)
    return await carry_out(page, room, change)


async def close_room(request: Request[State]) -> Response:
    page, _ = await read_signed_in_form(request)
    room = conversation_of(request)
    change = Change(method="DELETE", path=room.room_path, notice="room-closed", next_path="/")
    return await carry_out(page, room, change)
