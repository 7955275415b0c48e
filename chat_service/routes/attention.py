"""What somebody is notified of, when not, and what they have marked as unread."""

from datetime import datetime
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from chat_service.domain.notification_levels import Level, Notifications
from chat_service.domain.quiet_hours import QuietHours, QuietHoursNow
from chat_service.domain.refusals import NotStored, TooManyMessages, TooManyNotificationLevels
from chat_service.domain.unread import Unread
from chat_service.routes.conversations import PLACE_REFUSALS, conversation_of
from chat_service.state import State
from servicekit.authentication import identify
from servicekit.bodies import read_json
from servicekit.contract import describes
from servicekit.responses import json_response


class NewNotifications(msgspec.Struct, frozen=True):
    """Without `muted_until` it is not muted."""

    level: Level
    muted_until: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class NewUnreadMark(msgspec.Struct, frozen=True):
    seq: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


_PARTS = ("starts", "ends", "time_zone")
_TOGETHER = {
    "if": {"anyOf": [{"required": [part], "properties": {part: {"type": "string"}}} for part in _PARTS]},
    "then": {"required": [*_PARTS], "properties": {part: {"type": "string"} for part in _PARTS}},
}


@describes("Read what you are notified of", answer=Notifications, refusals=PLACE_REFUSALS)
async def notifications(request: Request[State]) -> Response:
    """In a conversation with a person it is `all`, in a room `mentions`, until you choose."""
    identity = await identify(request)
    conversation = await conversation_of(request, identity.username)
    return json_response(await request.state["own_side"].notification_levels.get(identity.username, conversation))


@describes(
    "Choose what you are notified of",
    body=NewNotifications,
    example=NewNotifications(Level.MENTIONS),
    answer=Notifications,
    refusals=(*PLACE_REFUSALS, TooManyMessages, TooManyNotificationLevels, NotStored),
)
async def choose_notifications(request: Request[State]) -> Response:
    """On all your devices."""
    identity = await identify(request)
    body = await read_json(request, NewNotifications)
    conversation = await conversation_of(request, identity.username)
    kept = await request.state["own_side"].notification_levels.choose(
        identity.username, conversation, body.level, body.muted_until
    )
    return json_response(kept)


@describes(
    "Mark a conversation as unread",
    body=NewUnreadMark,
    example=NewUnreadMark(17),
    answer=Unread,
    refusals=(*PLACE_REFUSALS, TooManyMessages, NotStored),
)
async def mark_unread(request: Request[State]) -> Response:
    """From `seq` on, until you next move your read mark. Nobody else is told."""
    identity = await identify(request)
    body = await read_json(request, NewUnreadMark)
    conversation = await conversation_of(request, identity.username)
    return json_response(await request.state["own_side"].unread_marks.put(identity.username, conversation, body.seq))


@describes("Read when you are not to be disturbed", answer=QuietHoursNow)
async def quiet_hours(request: Request[State]) -> Response:
    """Clients notify you of nothing then."""
    identity = await identify(request)
    return json_response(await request.state["own_side"].quiet_hours.get(identity.username))


@describes(
    "Choose when you are not to be disturbed",
    body=QuietHours,
    rules=_TOGETHER,
    example=QuietHours("22:00", "07:30", "Europe/Berlin"),
    answer=QuietHoursNow,
    refusals=(TooManyMessages, NotStored),
)
async def choose_quiet_hours(request: Request[State]) -> Response:
    """Each day, by the clock of a time zone; all three are null for none. On all your devices."""
    identity = await identify(request)
    body = await read_json(request, QuietHours)
    return json_response(await request.state["own_side"].quiet_hours.choose(identity.username, body))
