"""Invitations."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from auth_service import qr_codes
from auth_service.domain.invitations import Invitation, NewInvitation
from auth_service.domain.refusals import NotAllowed, TooOften, UnknownLink, UnknownRoom
from auth_service.routes.devices import actor_of
from auth_service.state import State
from servicekit.bodies import read_json, read_query
from servicekit.contract import describes
from servicekit.responses import NOT_KEPT, json_response, link

EXPIRES_IN_S_MAX = 365 * 24 * 3600
USES_MAX_MAX = 10_000
PAGE_MAX = 100
NUMBER_MAX = 2**62


class InvitationBody(msgspec.Struct, frozen=True):
    expires_in_s: Annotated[int, msgspec.Meta(ge=60, le=EXPIRES_IN_S_MAX)] = 7 * 24 * 3600
    uses_max: Annotated[int, msgspec.Meta(ge=1, le=USES_MAX_MAX)] = 1
    room: Annotated[str, msgspec.Meta(pattern=r"^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,64}$(?!\n)")] | None = None


class InvitationsQuery(msgspec.Struct, frozen=True):
    before: Annotated[int, msgspec.Meta(ge=1, le=NUMBER_MAX)] = NUMBER_MAX
    limit: Annotated[int, msgspec.Meta(ge=1, le=PAGE_MAX)] = PAGE_MAX


class InvitationAnswer(msgspec.Struct, frozen=True):
    code: str
    url: str
    username: str | None
    created_at: datetime
    expires_at: datetime
    uses: int
    uses_max: int
    room: str | None
    good: bool


class InvitationNotice(msgspec.Struct, frozen=True):
    """What whoever has the link may know; `username` is who invites, null where it was made on the machine."""

    good: bool
    username: str | None
    room: str | None
    expires_at: datetime


@describes(
    "Invite somebody",
    body=InvitationBody,
    example=InvitationBody(uses_max=5, room="lobby"),
    answer=InvitationAnswer,
    status=201,
    refusals=(NotAllowed, TooOften, UnknownRoom),
)
async def invite(request: Request[State]) -> Response:
    """For moderators, and for members where `members_may_invite`; into a room, for who may invite there. Chat judges
    that once more when somebody comes.
    """
    actor = await actor_of(request)
    body = await read_json(request, InvitationBody)
    if body.room is not None:
        await request.state["chat"].check_may_invite(actor.username, body.room)
    new = NewInvitation(expires_in_s=body.expires_in_s, uses_max=body.uses_max, room=body.room)
    invitation = await request.state["community"].invite(actor, new)
    return json_response(_answer(request, invitation), 201)


@describes("List invitations", query=InvitationsQuery, answer=list[InvitationAnswer], links=("next",))
async def list_invitations(request: Request[State]) -> Response:
    """Your own, and everybody's for moderators; the newest first."""
    actor = await actor_of(request)
    query = read_query(request, InvitationsQuery)
    found = await request.state["community"].list_invitations(actor, before=query.before, limit=query.limit + 1)
    page = found[: query.limit]
    has_more = len(found) > query.limit
    more = link(request.url.path, "next", before=page[-1].number, limit=query.limit) if has_more else {}
    return json_response([_answer(request, one) for one in page], headers=more)


@describes("Ask whether an invitation is good", access="anyone", answer=InvitationNotice, refusals=(UnknownLink,))
async def read_invitation(request: Request[State]) -> Response:
    """Uses nothing up."""
    invitation, is_good = await request.state["community"].get_invitation(request.path_params["code"])
    return json_response(
        InvitationNotice(is_good, invitation.username or None, invitation.room, _time(invitation.expires_at))
    )


@describes("End an invitation", status=204, refusals=(UnknownLink,))
async def end_invitation(request: Request[State]) -> Response:
    """One of yours; any, for moderators."""
    actor = await actor_of(request)
    await request.state["community"].end_invitation(actor, request.path_params["code"])
    return Response(status_code=204)


@describes("Draw an invitation as a QR code", access="anyone", content_type="image/svg+xml", refusals=(UnknownLink,))
async def draw_invitation(request: Request[State]) -> Response:
    """It says no more than the link, which whoever asks for it has."""
    invitation, _ = await request.state["community"].get_invitation(request.path_params["code"])
    url = request.state["links"].invitation_url(invitation.code)
    return Response(qr_codes.as_svg(url), headers=NOT_KEPT, media_type="image/svg+xml")


def _answer(request: Request[State], invitation: Invitation) -> InvitationAnswer:
    return InvitationAnswer(
        code=invitation.code,
        url=request.state["links"].invitation_url(invitation.code),
        username=invitation.username or None,
        created_at=_time(invitation.created_at),
        expires_at=_time(invitation.expires_at),
        uses=invitation.uses,
        uses_max=invitation.uses_max,
        room=invitation.room,
        good=request.state["community"].is_good(invitation),
    )


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
