"""Registering."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from auth_service.domain.account import Account
from auth_service.domain.refusals import InvitationNeeded, InvitationSpent, RegistrationClosed, UsernameTaken
from auth_service.routes.devices import place_of
from auth_service.routes.examples import PASSWORD
from auth_service.state import State
from servicekit.bodies import read_json
from servicekit.contract import describes
from servicekit.responses import json_response

REGISTERED = "User registered successfully"


class RegistrationBody(msgspec.Struct, frozen=True):
    username: str
    password: str
    email: str | None = None
    invitation: str | None = None


class Registered(msgspec.Struct, frozen=True):
    message: str


class RegisteredAccount(msgspec.Struct, frozen=True):
    message: str
    id: int
    username: str


_ADA = RegistrationBody("ada", PASSWORD, "ada@example.org")
_REFUSALS = (UsernameTaken, RegistrationClosed, InvitationNeeded, InvitationSpent)


@describes(
    "Register",
    access="anyone",
    body=RegistrationBody,
    example=_ADA,
    answer=Registered,
    status=201,
    refusals=_REFUSALS,
)
async def register(request: Request[State]) -> Response:
    await _registered(request)
    return json_response(Registered(REGISTERED), 201)


@describes(
    "Register, and be told the id",
    access="anyone",
    body=RegistrationBody,
    example=_ADA,
    answer=RegisteredAccount,
    status=201,
    refusals=_REFUSALS,
)
async def register_with_email(request: Request[State]) -> Response:
    account = await _registered(request)
    return json_response(RegisteredAccount(REGISTERED, account.id, account.username), 201)


async def _registered(request: Request[State]) -> Account:
    body = await read_json(request, RegistrationBody)
    registration = request.state["rules"].registration(username=body.username, password=body.password, email=body.email)
    admission = request.state["admission"](body.invitation)
    return await request.state["accounts"].register(registration, admission, place_of(request))
