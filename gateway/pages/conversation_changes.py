"""What forms beside a conversation ask of the chat service, and what is shown when it is done, or refused."""

from urllib.parse import quote

import msgspec
from starlette.responses import Response

from gateway.domain.conversations import Conversation
from gateway.pages.conversation import FormState, show_conversation
from gateway.pages.error_messages import explain, in_short
from gateway.pages.page_request import PageRequest
from gateway.pages.service_client import NO_BODY, Body, Refused, tell


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a form asks of the chat service, and what is shown afterwards.

    `next_path`: instead of the conversation. `error_field`: beside which the refusal is explained, `act` for above the
    messages. `fields`: as typed.
    """

    method: str
    path: str
    body: Body = NO_BODY
    notice: str = ""
    next_path: str = ""
    error_field: str = ""
    fields: dict[str, str] = {}


async def carry_out(page: PageRequest, conversation: Conversation, change: Change) -> Response:
    """Ask, and lead on; else the conversation with what was wrong. Raises Refused where there is no such room."""
    try:
        await tell(page, change.method, change.path, body=change.body)
    except Refused as refused:
        return await show_refused(page, conversation, refused, change)
    return page.redirect(change.next_path or conversation.path, change.notice)


async def show_refused(page: PageRequest, conversation: Conversation, refused: Refused, change: Change) -> Response:
    """The conversation with what was wrong. Raises Refused where there is no such room."""
    if refused.status == 404 and refused.problem.code == "unknown_room":
        raise refused
    error, field_errors = explain(refused.problem, page.gettext)
    if change.error_field:
        error, field_errors = "", {change.error_field: in_short(refused.problem, page.gettext)}
    form_state = FormState(status=refused.status, error=error, fields=change.fields, field_errors=field_errors)
    return await show_conversation(page, conversation, form_state)


def membership_path(room: Conversation, username: str) -> str:
    """Where the chat service has it."""
    return f"{room.room_path}/members/{quote(username, safe='')}"
