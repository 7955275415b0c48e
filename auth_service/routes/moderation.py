"""What moderators and owners do: bans, roles, people and the audit."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeAlias

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from auth_service.domain.moderation import AuditEntry, Ban, PeopleFilter, Person
from auth_service.domain.moderation import State as PersonState
from auth_service.domain.refusals import LastOwner, NotAllowed, TooOften, UnknownUser
from auth_service.domain.roles import Role
from auth_service.routes.devices import actor_of
from auth_service.state import State
from servicekit.bodies import read_json, read_query
from servicekit.contract import describes
from servicekit.problems import TookTooLong, TooManyAtOnce
from servicekit.responses import json_response, link

PAGE_MAX = 100
NUMBER_MAX = 2**62
RoleName: TypeAlias = Literal["owner", "moderator", "member"]  # a parameter's schema stands alone
PageLimit = Annotated[int, msgspec.Meta(ge=1, le=PAGE_MAX)]


class BanBody(msgspec.Struct, frozen=True):
    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""
    erase_messages: bool = False


class BanAnswer(msgspec.Struct, frozen=True):
    message: str
    username: str
    sessions_ended: int


class RoleBody(msgspec.Struct, frozen=True):
    role: Role


class RoleAnswer(msgspec.Struct, frozen=True):
    message: str
    username: str
    role: Role


class PeopleQuery(msgspec.Struct, frozen=True):
    query: Annotated[str, msgspec.Meta(max_length=64)] = ""
    role: RoleName | None = None
    state: PersonState | None = None
    after: str = ""
    limit: PageLimit = PAGE_MAX


class PersonAnswer(msgspec.Struct, frozen=True):
    """`stored_bytes` is null while media, which knows it, is away."""

    username: str
    nickname: str
    role: Role
    state: PersonState
    created_at: datetime
    last_seen_at: datetime | None
    sessions: int
    stored_bytes: int | None = None


class AuditQuery(msgspec.Struct, frozen=True):
    before: Annotated[int, msgspec.Meta(ge=1, le=NUMBER_MAX)] = NUMBER_MAX
    limit: PageLimit = PAGE_MAX


class AuditAnswer(msgspec.Struct, frozen=True):
    """`actor` is null for whoever has the machine, `address` once it is 90 days old."""

    number: int
    at: datetime
    actor: str | None
    act: str
    target: str | None
    detail: str
    address: str | None


@describes(
    "Ban somebody",
    body=BanBody,
    needs_body=False,
    example=BanBody("spam", True),
    answer=BanAnswer,
    refusals=(NotAllowed, UnknownUser, LastOwner, TooOften),
)
async def ban(request: Request[State]) -> Response:
    """For moderators, and not of peers or above. The person's sessions, invitations and uploads end; `erase_messages`
    takes away all that they have said until now, and may be asked for later, too.
    """
    actor = await actor_of(request)
    body = await read_json(request, BanBody) if await request.body() else BanBody()
    order = Ban(body.reason.strip(), body.erase_messages)
    outcome = await request.state["moderation"].ban(actor, request.path_params["username"], order)
    return json_response(BanAnswer("Banned", outcome.username, len(outcome.sessions_ended)))


@describes("End a ban", status=204, refusals=(NotAllowed, UnknownUser))
async def end_ban(request: Request[State]) -> Response:
    """What the ban has ended or erased stays so."""
    actor = await actor_of(request)
    await request.state["moderation"].end_ban(actor, request.path_params["username"])
    return Response(status_code=204)


@describes(
    "Change somebody's role",
    body=RoleBody,
    example=RoleBody(Role.MODERATOR),
    answer=RoleAnswer,
    refusals=(NotAllowed, UnknownUser, LastOwner),
)
async def set_role(request: Request[State]) -> Response:
    """For owners; there has to be one."""
    actor = await actor_of(request)
    role = (await read_json(request, RoleBody)).role
    standing = await request.state["moderation"].set_role(actor, request.path_params["username"], role)
    return json_response(RoleAnswer("Role changed", standing.username, standing.role))


@describes(
    "List people",
    query=PeopleQuery,
    answer=list[PersonAnswer],
    links=("next",),
    refusals=(NotAllowed, TooManyAtOnce, TookTooLong),
)
async def list_people(request: Request[State]) -> Response:
    """For moderators. `query` is part of a username or nickname."""
    actor = await actor_of(request)
    query = read_query(request, PeopleQuery)
    wanted = PeopleFilter(query.query.strip(), Role(query.role) if query.role else None, query.state)
    found = await request.state["moderation"].list_people(actor, wanted, after=query.after, limit=query.limit + 1)
    page = found[: query.limit]
    more = {}
    if len(found) > query.limit:
        asked = {"query": query.query, "role": query.role, "state": query.state}
        given = {name: str(value) for name, value in asked.items() if value}
        more = link(request.url.path, "next", **given, limit=query.limit, after=page[-1].username)
    return json_response(await _people(request, page), headers=more)


@describes("See one person", answer=PersonAnswer, refusals=(NotAllowed, UnknownUser))
async def read_person(request: Request[State]) -> Response:
    """For moderators; as in the list."""
    actor = await actor_of(request)
    person = await request.state["moderation"].get_person(actor, request.path_params["username"])
    (answer,) = await _people(request, [person])
    return json_response(answer)


@describes(
    "Read who did what to whom, when and from where",
    query=AuditQuery,
    answer=list[AuditAnswer],
    links=("next",),
    refusals=(NotAllowed,),
)
async def read_audit(request: Request[State]) -> Response:
    """For moderators; the newest first, kept for two years."""
    actor = await actor_of(request)
    query = read_query(request, AuditQuery)
    found = await request.state["moderation"].list_audit(actor, before=query.before, limit=query.limit + 1)
    page = found[: query.limit]
    has_more = len(found) > query.limit
    more = link(request.url.path, "next", before=page[-1].number, limit=query.limit) if has_more else {}
    return json_response([_audit_answer(one) for one in page], headers=more)


async def _people(request: Request[State], people: Sequence[Person]) -> list[PersonAnswer]:
    stored = await request.state["media"].find_stored_bytes([one.username for one in people])
    return [_person(one, None if stored is None else stored.get(one.username, 0)) for one in people]


def _person(person: Person, stored_bytes: int | None) -> PersonAnswer:
    return PersonAnswer(
        username=person.username,
        nickname=person.nickname,
        role=person.role,
        state=person.state,
        created_at=_time(person.created_at),
        last_seen_at=None if person.last_seen_at is None else _time(person.last_seen_at),
        sessions=person.sessions,
        stored_bytes=stored_bytes,
    )


def _audit_answer(entry: AuditEntry) -> AuditAnswer:
    return AuditAnswer(
        number=entry.number,
        at=_time(entry.at),
        actor=entry.actor or None,
        act=entry.act,
        target=entry.target or None,
        detail=entry.detail,
        address=entry.address or None,
    )


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
