"""The HTTP interface: parses and authorises, leaves the rest to the actions, and says what they answered."""

from datetime import UTC, datetime
from typing import Annotated, TypeAlias

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from auth_service.actions import Ticket
from auth_service.domain.account import Account, Profile
from auth_service.domain.fair_queue import Place
from auth_service.domain.refusals import (
    UnknownSession,
    UnknownUser,
    UsernameTaken,
    WrongCredentials,
    WrongPassword,
)
from auth_service.domain.session import Device, Session
from auth_service.refusals import REFUSALS
from auth_service.state import State
from servicekit import contract, health
from servicekit.authentication import identify, token_of
from servicekit.bodies import read_form, read_json, read_query
from servicekit.contract import Limits, describes
from servicekit.problems import TookTooLong, TooManyAtOnce
from servicekit.responses import json_response, link
from servicekit.routing import route
from servicekit.tokens import Identity

REGISTERED = "User registered successfully"
USER_AGENT_LENGTH_MAX = 256
BROWSER_LENGTH_MAX = 64
PROFILES_PAGE_MAX = 500
VERSION_MAX = 2**62


# Requests. Fields that they do not name are ignored: forms and clients send more than we ask for.


class RegistrationBody(msgspec.Struct, frozen=True):
    username: str
    password: str
    email: str | None = None


class Credentials(msgspec.Struct, frozen=True):
    """Also the OAuth2 password form (RFC 6749 §4.3.2), whose other fields change nothing here."""

    username: str
    password: str


class PasswordChange(msgspec.Struct, frozen=True):
    current_password: str
    new_password: str


class Erasure(msgspec.Struct, frozen=True):
    password: str


class NicknameForm(msgspec.Struct, frozen=True):
    nickname: str


class AvatarForm(msgspec.Struct, frozen=True):
    avatar_url: str


class UsersQuery(msgspec.Struct, frozen=True):
    query: str
    limit: int | None = None
    after: str = ""


class DeviceQuery(msgspec.Struct, frozen=True):
    username: str
    address: str
    browser: Annotated[str, msgspec.Meta(max_length=BROWSER_LENGTH_MAX)] = ""


class ProfilesQuery(msgspec.Struct, frozen=True):
    after: Annotated[int, msgspec.Meta(ge=0, le=VERSION_MAX)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=PROFILES_PAGE_MAX)] = PROFILES_PAGE_MAX


# Answers.


class TokenAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    access_token: str
    expires_in: int
    token_type: str
    message: str | None = None


class Registered(msgspec.Struct, frozen=True):
    message: str


class RegisteredAccount(msgspec.Struct, frozen=True):
    message: str
    id: int
    username: str


class SignedOut(msgspec.Struct, frozen=True):
    message: str


class PasswordChanged(msgspec.Struct, frozen=True):
    message: str
    sessions_ended: int


class ProfileChanged(msgspec.Struct, frozen=True):
    message: str
    username: str
    nickname: str
    pfp: str


class PublicProfile(msgspec.Struct, frozen=True):
    username: str
    nickname: str
    pfp: str


class OwnProfile(msgspec.Struct, frozen=True):
    id: int
    username: str
    email: str | None
    nickname: str
    pfp: str


class DeviceAnswer(msgspec.Struct, frozen=True):
    sid: str
    created_at: datetime
    last_seen_at: datetime
    address: str
    user_agent: str
    current: bool


_PASSWORD = "correct horse battery"
_ADA = RegistrationBody("ada", _PASSWORD, "ada@example.org")
_CREDENTIALS = Credentials("ada", _PASSWORD)
KeySet: TypeAlias = dict[str, list[dict[str, str]]]  # RFC 7517 §5


@describes(
    "Register",
    access="anyone",
    body=RegistrationBody,
    example=_ADA,
    answer=Registered,
    status=201,
    refusals=(UsernameTaken,),
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
    refusals=(UsernameTaken,),
)
async def register_with_email(request: Request[State]) -> Response:
    account = await _registered(request)
    return json_response(RegisteredAccount(REGISTERED, account.id, account.username), 201)


@describes(
    "Sign in", access="anyone", body=Credentials, example=_CREDENTIALS, answer=TokenAnswer, refusals=(WrongCredentials,)
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
    refusals=(WrongCredentials,),
)
async def sign_in_by_form(request: Request[State]) -> Response:
    return _token(await _signed_in(request, await read_form(request, Credentials)))


@describes("Get a fresh token of the same session", answer=TokenAnswer)
async def refresh(request: Request[State]) -> Response:
    return _token(await request.state["sessions"].refresh(await identify(request)))


@describes("End this session", answer=SignedOut)
async def sign_out(request: Request[State]) -> Response:
    await request.state["sessions"].sign_out(await identify(request))
    return _without_cookie(request, json_response(SignedOut("Signed out")))


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


@describes(
    "Change your password; all other sessions end",
    body=PasswordChange,
    example=PasswordChange(_PASSWORD, "another horse"),
    answer=PasswordChanged,
    refusals=(WrongPassword,),
)
async def change_password(request: Request[State]) -> Response:
    bearer = await identify(request)
    body = await read_json(request, PasswordChange, judged_later={"current_password"})
    new = request.state["rules"].new_password(body.new_password, username=bearer.username)
    ended = await request.state["accounts"].change_password(
        bearer, _place(request, is_known=True), current=body.current_password, new=new
    )
    return json_response(PasswordChanged("Password changed", ended))


@describes(
    "Erase your account in every service",
    body=Erasure,
    example=Erasure(_PASSWORD),
    status=204,
    refusals=(WrongPassword,),
)
async def erase_account(request: Request[State]) -> Response:
    bearer = await identify(request)
    body = await read_json(request, Erasure, judged_later={"password"})
    await request.state["accounts"].erase(bearer, _place(request, is_known=True), password=body.password)
    return _without_cookie(request, Response(status_code=204))


@describes("Find a person by username", access="anyone", answer=PublicProfile, refusals=(UnknownUser,))
async def search_user(request: Request[State]) -> Response:
    return json_response(_public(await request.state["accounts"].get(request.path_params["username"])))


@describes(
    "List people whose username or nickname begins so",
    query=UsersQuery,
    answer=list[PublicProfile],
    links=("next",),
    refusals=(TooManyAtOnce, TookTooLong),
)
async def list_users(request: Request[State]) -> Response:
    identity = await identify(request)
    query = read_query(request, UsersQuery)
    prefix = request.state["rules"].prefix(query.query)
    limit = request.state["rules"].users_wanted(query.limit)
    found = await request.state["accounts"].find_by_prefix(
        identity.username, prefix, after=query.after, limit=limit + 1
    )
    page = found[:limit]
    path, has_more = request.url.path, len(found) > limit
    more = link(path, "next", query=prefix, limit=limit, after=page[-1].username) if has_more else {}
    return json_response([_public(profile) for profile in page], headers=more)


@describes("Read your own profile", answer=OwnProfile, refusals=(UnknownUser,))
async def own_profile(request: Request[State]) -> Response:
    bearer = await identify(request)
    account = await request.state["accounts"].get(bearer.username)
    return json_response(OwnProfile(account.id, account.username, account.email, account.nickname, account.pfp))


@describes(
    "Change your nickname",
    form=NicknameForm,
    example=NicknameForm("Ada L."),
    answer=ProfileChanged,
    refusals=(UnknownUser,),
)
async def update_nickname(request: Request[State]) -> Response:
    bearer = await identify(request)
    nickname = request.state["rules"].nickname((await read_form(request, NicknameForm)).nickname)
    profile = await request.state["accounts"].set_nickname(bearer.username, nickname)
    return json_response(_changed("Nickname updated", profile))


@describes(
    "Change your picture",
    form=AvatarForm,
    example=AvatarForm("https://ada.example/face.png"),
    answer=ProfileChanged,
    refusals=(UnknownUser,),
)
async def update_avatar(request: Request[State]) -> Response:
    bearer = await identify(request)
    form = await read_form(request, AvatarForm)
    url = request.state["rules"].avatar_url(form.avatar_url, own_host=_own_host(request))
    profile = await request.state["accounts"].set_avatar(bearer.username, url)
    return json_response(_changed("Avatar updated", profile))


@describes("Read the public key that tokens are checked with", access="anyone", answer=KeySet)
async def key_set(request: Request[State]) -> Response:
    keys: KeySet = request.state["key_set"]
    return json_response(keys)


# For the other services; the gateway never routes them.


async def revocations(request: Request[State]) -> Response:
    return json_response({"revoked": await request.state["sessions"].list_revoked()})


async def known_device(request: Request[State]) -> Response:
    """Asked by the gateway, which counts the wrong passwords of known devices by themselves."""
    query = read_query(request, DeviceQuery)
    device = Device(query.address, "", query.browser)
    return json_response({"known_as": await request.state["sessions"].known_as(query.username, device)})


async def profiles(request: Request[State]) -> Response:
    query = read_query(request, ProfilesQuery)
    changed = await request.state["accounts"].changed_after(query.after, limit=query.limit)
    return json_response(
        {
            "profiles": changed,
            "version": changed[-1].version if changed else query.after,
            "store": request.state["database"].id,
            "last": await request.state["accounts"].latest_version(),
        }
    )


def _limits(request: Request[State]) -> Limits:
    """Of what people may choose; those of a password that is only compared are nobody's business."""
    rules = request.state["rules"]
    return {
        (RegistrationBody, "username"): rules.username_limits,
        (RegistrationBody, "password"): rules.password_limits,
        (RegistrationBody, "email"): {"maxLength": rules.email_length_max},
        (PasswordChange, "new_password"): rules.password_limits,
        (NicknameForm, "nickname"): {"minLength": 1, "maxLength": rules.nickname_length_max},
        (AvatarForm, "avatar_url"): {"maxLength": rules.avatar_url_length_max},
        (UsersQuery, "query"): {"minLength": 1, "maxLength": rules.prefix_length_max},
        (UsersQuery, "limit"): {"minimum": 1, "maximum": rules.users_found_max},
    }


async def _registered(request: Request[State]) -> Account:
    body = await read_json(request, RegistrationBody)
    registration = request.state["rules"].registration(username=body.username, password=body.password, email=body.email)
    return await request.state["accounts"].register(registration, _place(request))


async def _signed_in(request: Request[State], credentials: Credentials) -> Ticket:
    replaced = token_of(request)
    sessions = request.state["sessions"]
    return await sessions.sign_in(credentials.username, credentials.password, _device(request), replaced)


def _device(request: Request[State]) -> Device:
    agent = "".join(char for char in request.headers.get("user-agent", "") if char.isprintable())
    browser = request.headers.get("x-parley-browser", "")[:BROWSER_LENGTH_MAX]
    return Device(request.client.host if request.client else "", agent[:USER_AGENT_LENGTH_MAX], browser)


def _place(request: Request[State], *, is_known: bool = False) -> Place:
    """In the queue for argon2; who is signed in is known."""
    return _device(request).place(is_known=is_known)


def _own_host(request: Request[State]) -> str:
    """By which people reach us: as the gateway says, where it asks for them, and else as they said themselves."""
    headers = request.headers
    return headers.get("x-forwarded-host") or headers.get("host", "")


def _token(ticket: Ticket, message: str | None = None) -> Response:
    return json_response(TokenAnswer(ticket.access_token, ticket.expires_in, "bearer", message))


def _without_cookie(request: Request[State], response: Response) -> Response:
    """The session of the cookie has ended."""
    secure = request.url.scheme == "https"
    response.delete_cookie("access_token", httponly=True, samesite="lax", secure=secure)
    return response


def _public(person: Account | Profile) -> PublicProfile:
    return PublicProfile(person.username, person.nickname, person.pfp)


def _changed(message: str, person: Account | Profile) -> ProfileChanged:
    return ProfileChanged(message, person.username, person.nickname, person.pfp)


def _device_answer(session: Session, bearer: Identity) -> DeviceAnswer:
    return DeviceAnswer(
        sid=session.sid,
        created_at=datetime.fromtimestamp(session.created_at, UTC),
        last_seen_at=datetime.fromtimestamp(session.last_seen_at, UTC),
        address=session.address,
        user_agent=session.user_agent,
        current=session.sid == bearer.session_id,
    )


_PUBLIC: list[Route] = [
    route("/register", POST=register),
    route("/api/register", POST=register_with_email),
    route("/api/user/login", POST=sign_in),
    route("/api/login", POST=sign_in_by_form),
    route("/api/refresh", POST=refresh),
    route("/api/logout", POST=sign_out),
    route("/api/sessions", GET=list_sessions),
    route("/api/sessions/{sid}", DELETE=end_session),
    route("/api/change-password", POST=change_password),
    route("/api/account", DELETE=erase_account),
    route("/api/search-user/{username}", GET=search_user),
    route("/api/users", GET=list_users),
    route("/api/user-profile", GET=own_profile),
    route("/api/update-nickname", POST=update_nickname),
    route("/api/update-avatar", POST=update_avatar),
    route("/.well-known/jwks.json", GET=key_set),
]
ROUTES: list[Route] = [
    *_PUBLIC,
    route("/internal/revocations", GET=revocations),
    route("/internal/known-device", GET=known_device),
    route("/internal/profiles", GET=profiles),
    *contract.routes(_PUBLIC, REFUSALS, _limits),
    *health.service_routes(),
]
