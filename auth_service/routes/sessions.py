"""Signing in and out, and one's sessions."""

from datetime import UTC, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from auth_service.actions.sessions import Ticket
from auth_service.domain.refusals import Banned, UnknownSession, WrongCredentials
from auth_service.domain.session import Session
from auth_service.routes.devices import device_of, without_cookie
from auth_service.routes.examples import PASSWORD
from auth_service.state import State
from servicekit.authentication import identify, token_of
from servicekit.bodies import read_form, read_json
from servicekit.contract import describes
from servicekit.responses import json_response
from servicekit.tokens import Identity


class Credentials(msgspec.Struct, frozen=True):
    """Also the OAuth2 password form (RFC 6749 §4.3.2), whose other fields change nothing here."""

    username: str
    password: str


class TokenAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    access_token: str
    expires_in: int
    token_type: str
    message: str | None = None


class SignedOut(msgspec.Struct, frozen=True):
    message: str


class DeviceAnswer(msgspec.Struct, frozen=True):
    sid: str
    created_at: datetime
    last_seen_at: datetime
    address: str
    user_agent: str
    current: bool


_CREDENTIALS = Credentials("ada", PASSWORD)


@describes(
    "Sign in",
    access="anyone",
    body=Credentials,
    example=_CREDENTIALS,
    answer=TokenAnswer,
    refusals=(WrongCredentials, Banned),
)
async def sign_in(request: Request[State]) -> Response:
    ticket = await _signed_in(request, await read_json(request, Credentials))
    return _token(ticket, message="Correct password")


@describes(
    "Sign in by the OAuth2 password form",
    access="anyone",
    form=Credentials,
    example=_CREDENTIALS,
    answer=TokenAnswer,
    refusals=(WrongCredentials, Banned),
)
async def sign_in_by_form(request: Request[State]) -> Response:
    return _token(await _signed_in(request, await read_form(request, Credentials)))


@describes("Get a fresh token of the same session", answer=TokenAnswer)
async def refresh(request: Request[State]) -> Response:
    return _token(await request.state["sessions"].refresh(await identify(request)))


@describes("End this session", answer=SignedOut)
async def sign_out(request: Request[State]) -> Response:
    await request.state["sessions"].sign_out(await identify(request))
    return without_cookie(request, json_response(SignedOut("Signed out")))


@describes("List your sessions", answer=list[DeviceAnswer])
async def list_sessions(request: Request[State]) -> Response:
    bearer = await identify(request)
    sessions = await request.state["sessions"].list_active(bearer.username)
    return json_response([_device_answer(session, bearer) for session in sessions])


@describes("End one of your sessions", status=204, refusals=(UnknownSession,))
async def end_session(request: Request[State]) -> Response:
    bearer = await identify(request)
    await request.state["sessions"].end(bearer.username, request.path_params["sid"])
    return Response(status_code=204)


async def _signed_in(request: Request[State], credentials: Credentials) -> Ticket:
    replaced = token_of(request)
    sessions = request.state["sessions"]
    return await sessions.sign_in(credentials.username, credentials.password, device_of(request), replaced)


def _token(ticket: Ticket, message: str | None = None) -> Response:
    return json_response(TokenAnswer(ticket.access_token, ticket.expires_in, "bearer", message))


def _device_answer(session: Session, bearer: Identity) -> DeviceAnswer:
    return DeviceAnswer(
        sid=session.session_id,
        created_at=datetime.fromtimestamp(session.created_at, UTC),
        last_seen_at=datetime.fromtimestamp(session.last_seen_at, UTC),
        address=session.ip_address,
        user_agent=session.user_agent,
        current=session.session_id == bearer.session_id,
    )
