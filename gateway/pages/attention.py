"""Attention: of what in a conversation the reader wants to be told, what is to count as unread, and who called them."""

from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.notification_choices import MUTES
from gateway.pages.conversation import FormState, conversation_of, show_conversation
from gateway.pages.error_messages import in_short
from gateway.pages.history import message_id
from gateway.pages.page_request import read_signed_in_form
from gateway.pages.service_client import Refused, json_body, tell
from gateway.state import State


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
    wanted = json_body({"seq": message_id(form.get("seq"))})
    await tell(page, "PUT", f"{conversation.own_path}/unread", body=wanted)
    return page.redirect("/", "marked-unread")


def _muted_until(mute: str, now: datetime) -> str | None:
    if mute in MUTES:
        return (now + timedelta(hours=int(mute))).isoformat()
    return mute or None
