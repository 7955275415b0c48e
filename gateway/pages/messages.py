"""Messages from a conversation's page: sending one, editing, deleting and reacting."""

from contextlib import suppress
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.conversations import Conversation
from gateway.domain.numbers import whole_number
from gateway.pages.conversation import FormState, conversation_of, show_conversation
from gateway.pages.error_messages import in_short
from gateway.pages.history import HistoryQuery
from gateway.pages.page_request import (
    PageRequest,
    read_own_form,
    signed_in,
    signed_in_from_own_page,
)
from gateway.pages.saved_drafts import forget_draft
from gateway.pages.service_client import NO_BODY, Body, Refused, json_body, tell
from gateway.pages.uploads import read_form_with_files
from gateway.state import State
from servicekit.problems import Refusal

_NOTHING_TO_SHOW = frozenset({"unknown_recipient", "unknown_room"})


async def send_message(request: Request[State]) -> Response:
    """A new message: text, pictures, or both. The pictures go to the media service while they come."""
    page = await signed_in_from_own_page(request)
    conversation = conversation_of(request)
    fields: dict[str, str] = {}
    try:
        fields, files = await read_form_with_files(page)
        message = {
            "message": _lines(fields.get("message", "")),
            "attachments": [file.id for file in files],
            "nonce": fields.get("nonce") or None,
            "reply_to": whole_number(fields.get("reply_to")),
        }
        kept = await tell(page, "POST", conversation.messages_path, body=json_body(message))
    except Refused as refused:
        typed = refused.fields or fields
        return await _show_refused(
            page, conversation, refused, text=typed.get("message", ""), reply_to=whole_number(typed.get("reply_to"))
        )
    await forget_draft(page, conversation)
    return page.redirect(f"{conversation.path}#message-{kept.json()['id']}")


async def mark_seen(request: Request[State]) -> Response:
    """Everything up to `seq` has been seen: the picture on a page without scripts, which tell it themselves.

    A GET that changes something: only how far the reader has read. It is harmless twice and nobody gains by a forged
    one; but only our own pages may ask, and what is fetched ahead loads no pictures.
    """
    page = await signed_in(request)
    conversation, seq = conversation_of(request), whole_number(request.query_params.get("seq"))
    if seq is not None and page.is_from_own_page and request.method == "GET":
        marking = tell(page, "PUT", f"{conversation.messages_path}/read", body=json_body({"seq": seq}))
        with suppress(Refusal):  # the mark comes with the next page
            await page.state["read_marks"].send(page.username, marking)
    return Response(status_code=204)


async def edit_message(request: Request[State]) -> Response:
    form = await read_own_form(request)
    text = _lines(form.get("message", ""))
    return await _change(request, "PATCH", body=json_body({"message": text}), edited_text=text)


async def delete_message(request: Request[State]) -> Response:
    await read_own_form(request)
    return await _change(request, "DELETE")


async def remove_cards(request: Request[State]) -> Response:
    """Of one's own message."""
    await read_own_form(request)
    return await _change(request, "DELETE", "/cards")


async def react(request: Request[State]) -> Response:
    """`emoji` adds a reaction of one's own, `remove` takes it back."""
    form = await read_own_form(request)
    method, emoji = ("DELETE", form["remove"]) if "remove" in form else ("PUT", form.get("emoji", ""))
    return await _change(request, method, f"/reactions/{quote(emoji or '-', safe='')}")


async def _change(
    request: Request[State], method: str, below: str = "", *, body: Body = NO_BODY, edited_text: str | None = None
) -> Response:
    """Do it to the message of the path, or to what of it is `below` its own path."""
    page = await signed_in(request)
    conversation, changed_id = conversation_of(request), request.path_params["message_id"]
    try:
        await tell(page, method, f"{conversation.messages_path}/{changed_id}{below}", body=body)
    except Refused as refused:
        may_try_again = edited_text is not None and refused.status not in {403, 404}
        edit, text = (changed_id, edited_text) if may_try_again else (None, None)
        return await _show_refused(page, conversation, refused, text=text, edit=edit)
    return page.redirect(f"{conversation.path}{HistoryQuery.of(page).position}#message-{changed_id}")


async def _show_refused(
    page: PageRequest,
    conversation: Conversation,
    refused: Refused,
    *,
    text: str | None = None,
    reply_to: int | None = None,
    edit: int | None = None,
) -> Response:
    """The conversation again, with what could not be done. Raises `refused` where there is none to be shown."""
    if refused.status == 404 and refused.problem.code in _NOTHING_TO_SHOW:
        raise refused
    error = in_short(refused.problem, page.gettext)
    form_state = FormState(status=refused.status, error=error, text=text, reply_to=reply_to, edit=edit)
    return await show_conversation(page, conversation, form_state)


def _lines(text: str) -> str:
    """With the line breaks of a message: forms send CR LF (HTML Standard, 4.10.21.5)."""
    return text.replace("\r\n", "\n").rstrip()
