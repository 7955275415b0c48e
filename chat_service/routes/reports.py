"""Reports."""

from typing import Annotated, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from chat_service.domain.commands import MessageId as ExistingMessageId
from chat_service.domain.commands import Name
from chat_service.domain.refusals import (
    AlreadyReported,
    DirectoryUnavailable,
    NotAllowed,
    NotStored,
    ReportOfSelf,
    TooManyMessages,
    TooManyReports,
    UnknownMessage,
    UnknownRecipient,
    UnknownReport,
)
from chat_service.domain.reports import REASON_LENGTH_MAX, Report, ReportState
from chat_service.routes.shared import HISTORY_PAGE, MessageId
from chat_service.state import State
from servicekit.authentication import identify
from servicekit.bodies import convert, read_json
from servicekit.contract import describes
from servicekit.problems import FieldError, Invalid, Unavailable
from servicekit.responses import json_response, link

REPORTS_PAGE = 200


class NewReport(msgspec.Struct, frozen=True, kw_only=True):
    """Of a message or of a person: one of the two."""

    message_id: ExistingMessageId | None = None
    username: Name | None = None
    reason: Annotated[str, msgspec.Meta(max_length=REASON_LENGTH_MAX)] = ""


_IS_OF_MESSAGE = {"required": ["message_id"], "properties": {"message_id": {"type": "integer"}}}
_IS_OF_PERSON = {"required": ["username"], "properties": {"username": {"type": "string"}}}
_ONE_OF_TWO = {"if": _IS_OF_MESSAGE, "then": {"not": _IS_OF_PERSON}, "else": _IS_OF_PERSON}


class ReportMade(msgspec.Struct, frozen=True):
    id: int


class Handling(msgspec.Struct, frozen=True):
    """What became of the report `id`."""

    id: ExistingMessageId
    state: ReportState
    note: Annotated[str, msgspec.Meta(max_length=REASON_LENGTH_MAX)] = ""


class ReportsQuery(msgspec.Struct, frozen=True):
    state: Literal["open", "resolved", "dismissed"] | None = None
    before: MessageId | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=REPORTS_PAGE)] = HISTORY_PAGE


@describes(
    "Report a message or a person to the moderators",
    body=NewReport,
    rules=_ONE_OF_TWO,
    example=NewReport(message_id=41, reason="spam"),
    answer=ReportMade,
    status=201,
    refusals=(
        UnknownMessage,
        UnknownRecipient,
        ReportOfSelf,
        AlreadyReported,
        TooManyReports,
        TooManyMessages,
        DirectoryUnavailable,
        NotStored,
    ),
)
async def report(request: Request[State]) -> Response:
    """A message that you can read; its text is kept as it is now."""
    identity = await identify(request)
    body = await read_json(request, NewReport)
    if (body.message_id is None) == (body.username is None):
        raise Invalid(FieldError("message_id", "Expected one of `message_id` and `username`"))
    reporting = request.state["reporting"]
    if body.message_id is not None:
        made = await reporting.report_message(identity.username, body.message_id, body.reason)
    else:
        made = await reporting.report_person(identity.username, body.username or "", body.reason)
    return json_response(ReportMade(made.id), status=201)


@describes(
    "Read the reports",
    query=ReportsQuery,
    answer=list[Report],
    links=("next",),
    refusals=(NotAllowed, Unavailable),
)
async def reports(request: Request[State]) -> Response:
    """For moderators of the community. The newest first; `Link` leads to the page after this one."""
    identity = await identify(request)
    query = convert(dict(request.query_params), ReportsQuery)
    state = None if query.state is None else ReportState(query.state)
    found = await request.state["reporting"].page(
        identity.username, state=state, before=query.before, limit=query.limit
    )
    if len(found) < query.limit:
        return json_response(found)
    asked = {} if query.state is None else {"state": query.state}
    again = link(request.url.path, "next", **asked, before=found[-1].id, limit=query.limit)
    return json_response(found, headers=again)


@describes(
    "Say what became of a report",
    body=Handling,
    example=Handling(7, ReportState.RESOLVED, "told them"),
    answer=Report,
    refusals=(NotAllowed, UnknownReport, AlreadyReported, Unavailable, NotStored),
)
async def handle_report(request: Request[State]) -> Response:
    """For moderators of the community."""
    identity = await identify(request)
    body = await read_json(request, Handling)
    handled = await request.state["reporting"].handle(identity.username, body.id, state=body.state, note=body.note)
    return json_response(handled)
