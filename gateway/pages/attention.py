"""Attention: of what in a conversation the reader wants to be told, what is to count as unread, and who called them."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.conversations import Conversation
from gateway.domain.notification_choices import MUTES
from gateway.domain.numbers import whole_number
from gateway.pages.conversation import FormState, conversation_of, show_conversation
from gateway.pages.error_messages import in_short
from gateway.pages.layout import load_layout
from gateway.pages.page_request import PageRequest, read_signed_in_form
from gateway.pages.service_client import Refused, json_body, tell
from gateway.state import State

_INBOX = "/?show=all"
_MARKED_AT_ONCE_MAX = 10


async def choose_notifications(request: Request[State]) -> Response:
    """`mute` is a number of hours, or until when it is muted already; empty for not at all."""
    page, form = await read_signed_in_form(request)
    conversation = conversation_of(request)
    wanted = {"level": form.get("level", ""), "muted_until": _muted_until(form.get("mute", ""), datetime.now(UTC))}
    try:
        await tell(page, "PUT", f"{conversation.own_path}/notifications", body=json_body(wanted))
    except Refused as refused:
        why = {"act": in_short(refused.problem, page.gettext)}
        return await show_conversation(page, conversation, FormState(status=refused.status, field_errors=why))
    return page.redirect(conversation.path, "saved")


async def mark_unread(request: Request[State]) -> Response:
    """From the message of the path on, whose `seq` the form knows. Its conversation would be read by being shown."""
    page, form = await read_signed_in_form(request)
    conversation = conversation_of(request)
    wanted = json_body({"seq": whole_number(form.get("seq"))})
    await tell(page, "PUT", f"{conversation.own_path}/unread", body=wanted)
    return page.redirect("/", "marked-unread")


async def mark_read(request: Request[State]) -> Response:
    """Up to the `seq` of the form."""
    page, form = await read_signed_in_form(request)
    await _mark_read(page, conversation_of(request), whole_number(form.get("seq")))
    return page.redirect(_INBOX)


async def mark_all_read(request: Request[State]) -> Response:
    """Up to where each conversation is now; what is read already, or cannot be marked, is passed over."""
    page, _ = await read_signed_in_form(request)
    layout = await load_layout(page)
    unread = [one for one in layout.conversations if one.unread]
    for start in range(0, len(unread), _MARKED_AT_ONCE_MAX):
        several = unread[start : start + _MARKED_AT_ONCE_MAX]
        await asyncio.gather(*(_try_mark_read(page, one.conversation, one.last_seq) for one in several))
    return page.redirect(_INBOX)


async def _try_mark_read(page: PageRequest, conversation: Conversation, seq: int) -> None:
    with suppress(Refused):
        await _mark_read(page, conversation, seq)


async def _mark_read(page: PageRequest, conversation: Conversation, seq: int | None) -> None:
    await tell(page, "PUT", f"{conversation.messages_path}/read", body=json_body({"seq": seq}))


def _muted_until(mute: str, now: datetime) -> str | None:
    if mute in MUTES:
        return (now + timedelta(hours=int(mute))).isoformat()
    return mute or None
