"""What takes the password again: a new one, another e-mail address, and the end of the account."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from auth_service.domain.refusals import LastOwner, WrongPassword
from auth_service.routes.devices import place_of, without_cookie
from auth_service.routes.examples import PASSWORD
from auth_service.state import State
from servicekit.authentication import identify
from servicekit.bodies import read_json
from servicekit.contract import describes
from servicekit.responses import json_response


class PasswordChange(msgspec.Struct, frozen=True):
    current_password: str
    new_password: str


class EmailChange(msgspec.Struct, frozen=True):
    """An `email` such as ada@example.org; empty for none."""

    password: str
    email: str = ""


class EmailChanged(msgspec.Struct, frozen=True):
    message: str
    email: str | None


class Erasure(msgspec.Struct, frozen=True):
    password: str


class PasswordChanged(msgspec.Struct, frozen=True):
    message: str
    sessions_ended: int


@describes(
    "Change your password; all other sessions end",
    body=PasswordChange,
    example=PasswordChange(PASSWORD, "another horse"),
    answer=PasswordChanged,
    refusals=(WrongPassword,),
)
async def change_password(request: Request[State]) -> Response:
    bearer = await identify(request)
    body = await read_json(request, PasswordChange, judged_later={"current_password"})
    new = request.state["rules"].new_password(body.new_password, username=bearer.username)
    ended = await request.state["accounts"].change_password(
        bearer, place_of(request, is_known=True), current=body.current_password, new=new
    )
    return json_response(PasswordChanged("Password changed", ended))


@describes(
    "Change your e-mail address",
    body=EmailChange,
    example=EmailChange(PASSWORD, "ada@example.org"),
    answer=EmailChanged,
    refusals=(WrongPassword,),
)
async def change_email(request: Request[State]) -> Response:
    """An empty one takes it away. Nobody proves that it is theirs, and nothing is sent to it."""
    bearer = await identify(request)
    body = await read_json(request, EmailChange, judged_later={"password"})
    email = request.state["rules"].email(body.email)
    place = place_of(request, is_known=True)
    await request.state["accounts"].set_email(bearer, place, password=body.password, email=email)
    return json_response(EmailChanged("E-mail address changed", email))


@describes(
    "Erase your account in every service",
    body=Erasure,
    example=Erasure(PASSWORD),
    status=204,
    refusals=(WrongPassword, LastOwner),
)
async def erase_account(request: Request[State]) -> Response:
    bearer = await identify(request)
    body = await read_json(request, Erasure, judged_later={"password"})
    await request.state["accounts"].erase(bearer, place_of(request, is_known=True), password=body.password)
    return without_cookie(request, Response(status_code=204))
