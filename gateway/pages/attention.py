"""Attention: of what in a conversation the reader wants to be told, what is to count as unread, and who called them."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.api_types import Room, SavedChat
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
_REPETITIONS_MAX = 3
_PAUSE_S = 1.0  # in which the rate of messages lets some more through


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
    """Up to where each conversation is now; what is read already, or cannot be marked, is passed over.

    What comes faster than messages may is tried again; what is left then is told.
    """
    page, _ = await read_signed_in_form(request)
    layout = await load_layout(page)
    left = await _mark_all([one for one in layout.conversations if one.unread], page)
    for _ in range(_REPETITIONS_MAX):
        if not left:
            break
        await asyncio.sleep(_PAUSE_S)
        left = await _mark_all(left, page)
    return page.redirect(_INBOX, "not-all-read" if left else "")


async def _mark_all(unread: Sequence[SavedChat | Room], page: PageRequest) -> Sequence[SavedChat | Room]:
    """Those that are left once it went too fast."""
    for start in range(0, len(unread), _MARKED_AT_ONCE_MAX):
        several = unread[start : start + _MARKED_AT_ONCE_MAX]
        are_done = await asyncio.gather(*(_try_mark_read(page, one.conversation, one.last_seq) for one in several))
        if not all(are_done):
            late = [one for one, is_done in zip(several, are_done, strict=True) if not is_done]
            return [*late, *unread[start + _MARKED_AT_ONCE_MAX :]]
    return []


async def _try_mark_read(page: PageRequest, conversation: Conversation, seq: int) -> bool:
    """False where it is to be tried again."""
    try:
        await _mark_read(page, conversation, seq)
    except Refused as refused:
        return refused.status != 429
    return True


async def _mark_read(page: PageRequest, conversation: Conversation, seq: int | None) -> None:
    await tell(page, "PUT", f"{conversation.messages_path}/read", body=json_body({"seq": seq}))


def _muted_until(mute: str, now: datetime) -> str | None:
    if mute in MUTES:
        return (now + timedelta(hours=int(mute))).isoformat()
    return mute or None
