"""Moderation in rooms."""

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from chat_service.domain.moderation import TIMEOUT_S_MAX, RoomRole
from chat_service.domain.refusals import (
    DirectoryUnavailable,
    NotAllowed,
    NotAMember,
    NotStored,
    NotTheOwner,
    TooManyMessages,
    UnknownRecipient,
    UnknownRoom,
)
from chat_service.state import State
from servicekit.authentication import identify
from servicekit.bodies import read_json
from servicekit.contract import describes
from servicekit.responses import json_response

_REFUSALS = (TooManyMessages, UnknownRoom, UnknownRecipient, NotAllowed, NotAMember, DirectoryUnavailable, NotStored)


class NewRole(msgspec.Struct, frozen=True):
    role: RoomRole


class NewTimeout(msgspec.Struct, frozen=True):
    """0 ends it."""

    seconds: Annotated[int, msgspec.Meta(ge=0, le=TIMEOUT_S_MAX)]


class Timeout(msgspec.Struct, frozen=True):
    """`until` is null where they may write."""

    username: str
    until: str | None


@describes(
    "Make a member of your room a moderator of it, or no longer",
    body=NewRole,
    example=NewRole(RoomRole.MODERATOR),
    status=204,
    refusals=(*_REFUSALS, NotTheOwner),
)
async def set_role(request: Request[State]) -> Response:
    identity = await identify(request)
    body = await read_json(request, NewRole)
    room, whom = request.path_params["room"], request.path_params["username"]
    await request.state["moderation"].set_role(identity.username, room, whom, body.role)
    return Response(status_code=204)


@describes(
    "Let somebody write nothing in a room for a while",
    body=NewTimeout,
    example=NewTimeout(600),
    answer=Timeout,
    refusals=_REFUSALS,
)
async def time_out(request: Request[State]) -> Response:
    """They read on. It holds for who leaves and comes back, too."""
    identity = await identify(request)
    body = await read_json(request, NewTimeout)
    room, whom = request.path_params["room"], request.path_params["username"]
    until = await request.state["moderation"].time_out(identity.username, room, whom, body.seconds)
    return json_response(Timeout(whom, until))


@describes("Let somebody write in a room again", status=204, refusals=_REFUSALS)
async def end_timeout(request: Request[State]) -> Response:
    identity = await identify(request)
    room, whom = request.path_params["room"], request.path_params["username"]
    await request.state["moderation"].time_out(identity.username, room, whom, 0)
    return Response(status_code=204)
