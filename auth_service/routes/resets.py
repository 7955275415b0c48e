"""Links that let somebody choose a new password."""

from datetime import UTC, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from auth_service.domain.refusals import Banned, LinkSpent, NotAllowed, UnknownLink, UnknownUser
from auth_service.routes.devices import actor_of, device_of, place_of
from auth_service.routes.examples import PASSWORD
from auth_service.state import State
from servicekit.bodies import read_json
from servicekit.contract import describes
from servicekit.responses import json_response


class ResetLinkAnswer(msgspec.Struct, frozen=True):
    url: str
    expires_at: datetime


class ResetNotice(msgspec.Struct, frozen=True):
    username: str
    expires_at: datetime


class NewPassword(msgspec.Struct, frozen=True):
    password: str


class PasswordReset(msgspec.Struct, frozen=True):
    message: str
    username: str
    sessions_ended: int


@describes(
    "Make a link by which somebody chooses a new password",
    answer=ResetLinkAnswer,
    refusals=(NotAllowed, UnknownUser, Banned),
)
async def make_reset_link(request: Request[State]) -> Response:
    """For owners. It is good once, for four hours, until another is made; it is not shown again."""
    actor = await actor_of(request)
    url, link = await request.state["password_resets"].make_link(actor, request.path_params["username"])
    return json_response(ResetLinkAnswer(url, datetime.fromtimestamp(link.expires_at, UTC)))


@describes("Ask whether a reset link is good", access="anyone", answer=ResetNotice, refusals=(UnknownLink, LinkSpent))
async def read_reset(request: Request[State]) -> Response:
    """Uses nothing up."""
    link = await request.state["password_resets"].get(request.path_params["code"])
    return json_response(ResetNotice(link.username, datetime.fromtimestamp(link.expires_at, UTC)))


@describes(
    "Choose a new password by a reset link",
    access="anyone",
    body=NewPassword,
    example=NewPassword(PASSWORD),
    answer=PasswordReset,
    refusals=(UnknownLink, LinkSpent),
)
async def reset(request: Request[State]) -> Response:
    """All sessions of the person end."""
    resets, code = request.state["password_resets"], request.path_params["code"]
    link = await resets.get(code)
    body = await read_json(request, NewPassword)
    password = request.state["rules"].reset_password(body.password, username=link.username)
    address = device_of(request).ip_address
    ended = await resets.use(code, password, place_of(request), address=address)
    return json_response(PasswordReset("Password changed", link.username, ended))
