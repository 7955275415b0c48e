"""Reports: of a message from its place in the conversation, of a person from the details beside it."""

from starlette.requests import Request
from starlette.responses import Response

from gateway.pages.conversation import FormState, conversation_of, show_conversation
from gateway.pages.conversation_changes import Change, carry_out
from gateway.pages.error_messages import in_short
from gateway.pages.history import HistoryQuery
from gateway.pages.page_request import read_signed_in_form
from gateway.pages.service_client import Refused, json_body, tell
from gateway.state import State


async def report_message(request: Request[State]) -> Response:
    page, form = await read_signed_in_form(request)
    conversation, message_id = conversation_of(request), request.path_params["message_id"]
    reason = _reason(form)
    try:
        await tell(page, "POST", "/api/reports", body=json_body({"message_id": message_id, "reason": reason}))
    except Refused as refused:
        error = in_short(refused.problem, page.gettext)
        form_state = FormState(status=refused.status, error=error, text=reason, report=message_id)
        return await show_conversation(page, conversation, form_state)
    return page.redirect(f"{conversation.path}{HistoryQuery.of(page).position}#message-{message_id}", "reported")


async def report_person(request: Request[State]) -> Response:
    page, form = await read_signed_in_form(request)
    chat = conversation_of(request)
    body = json_body({"username": chat.name, "reason": _reason(form)})
    change = Change(method="POST", path="/api/reports", body=body, notice="reported", error_field="reason", fields=form)
    return await carry_out(page, chat, change)


def _reason(form: dict[str, str]) -> str:
    return form.get("reason", "").replace("\r\n", "\n").strip()
