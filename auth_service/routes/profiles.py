"""Finding people, and what everybody may know of them."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from auth_service.domain.account import Account, Profile
from auth_service.domain.refusals import TooOften, UnknownUser
from auth_service.domain.roles import Role
from auth_service.state import State
from servicekit.authentication import identify
from servicekit.bodies import read_form, read_query
from servicekit.contract import describes
from servicekit.problems import TookTooLong, TooManyAtOnce
from servicekit.responses import json_response, link


class NicknameForm(msgspec.Struct, frozen=True):
    nickname: str


class AvatarForm(msgspec.Struct, frozen=True):
    """An address of another, public host, or the path of a picture of the person's here; empty for none."""

    avatar_url: str


class StatusForm(msgspec.Struct, frozen=True):
    """Empty for none."""

    status: str


class ProfilesQuery(msgspec.Struct, frozen=True):
    """Separated by commas."""

    usernames: Annotated[str, msgspec.Meta(min_length=1, extra_json_schema={"pattern": r"[^\s,]"})]


class UsersQuery(msgspec.Struct, frozen=True):
    query: str
    limit: int | None = None
    after: str = ""


class ProfileChanged(msgspec.Struct, frozen=True):
    message: str
    username: str
    nickname: str
    pfp: str
    status: str


class PublicProfile(msgspec.Struct, frozen=True):
    username: str
    nickname: str
    pfp: str
    role: Role
    status: str


class OwnProfile(msgspec.Struct, frozen=True):
    id: int
    username: str
    email: str | None
    nickname: str
    pfp: str
    role: Role
    status: str


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
    return await _list(request, request.state["accounts"].find_by_prefix)


@describes(
    "Find people by a part of their username or nickname",
    query=UsersQuery,
    answer=list[PublicProfile],
    links=("next",),
    refusals=(TooManyAtOnce, TookTooLong),
)
async def find_people(request: Request[State]) -> Response:
    return await _list(request, request.state["accounts"].find_by_part)


@describes("Read the profiles of several people", query=ProfilesQuery, answer=list[PublicProfile])
async def read_profiles(request: Request[State]) -> Response:
    """By username, without those whom nobody knows."""
    await identify(request)
    usernames = request.state["rules"].usernames(read_query(request, ProfilesQuery).usernames)
    found = await request.state["accounts"].find_by_name(usernames)
    return json_response([_public(profile) for profile in found])


@describes("Read your own profile", answer=OwnProfile, refusals=(UnknownUser,))
async def own_profile(request: Request[State]) -> Response:
    bearer = await identify(request)
    account = await request.state["accounts"].get(bearer.username)
    return json_response(
        OwnProfile(
            account.id,
            account.username,
            account.email,
            account.nickname,
            account.pfp,
            account.role,
            account.status,
        )
    )


@describes(
    "Change your nickname",
    form=NicknameForm,
    example=NicknameForm("Ada L."),
    answer=ProfileChanged,
    refusals=(UnknownUser, TooOften),
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
    refusals=(UnknownUser, TooOften),
)
async def update_avatar(request: Request[State]) -> Response:
    bearer = await identify(request)
    form = await read_form(request, AvatarForm)
    url = request.state["rules"].avatar_url(form.avatar_url, own_host=_own_host(request))
    profile = await request.state["accounts"].set_avatar(bearer.username, url)
    return json_response(_changed("Avatar updated", profile))


@describes(
    "Change what you say of yourself",
    form=StatusForm,
    example=StatusForm("Writing Note G"),
    answer=ProfileChanged,
    refusals=(UnknownUser, TooOften),
)
async def update_status(request: Request[State]) -> Response:
    bearer = await identify(request)
    status = request.state["rules"].status((await read_form(request, StatusForm)).status)
    profile = await request.state["accounts"].set_status(bearer.username, status)
    return json_response(_changed("Status updated", profile))


async def _list(request: Request[State], find: Callable[..., Awaitable[list[Profile]]]) -> Response:
    """What `find` does, a page of it."""
    identity = await identify(request)
    query = read_query(request, UsersQuery)
    text = request.state["rules"].part_of_name(query.query)
    limit = request.state["rules"].users_wanted(query.limit)
    found = await find(identity.username, text, after=query.after, limit=limit + 1)
    page = found[:limit]
    path, has_more = request.url.path, len(found) > limit
    more = link(path, "next", query=text, limit=limit, after=page[-1].username) if has_more else {}
    return json_response([_public(profile) for profile in page], headers=more)


def _own_host(request: Request[State]) -> str:
    """By which people reach us: as the gateway says, where it asks for them, and else as they said themselves."""
    headers = request.headers
    return headers.get("x-forwarded-host") or headers.get("host", "")


def _public(person: Account | Profile) -> PublicProfile:
    return PublicProfile(person.username, person.nickname, person.pfp, person.role, person.status)


def _changed(message: str, person: Account | Profile) -> ProfileChanged:
    return ProfileChanged(message, person.username, person.nickname, person.pfp, person.status)
