"""Rooms."""

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from chat_service.actions.rooms import RoomName, RoomPosition, Section, Topic
from chat_service.domain.moderation import SLOW_MODE_S_MAX
from chat_service.domain.names import optional_name
from chat_service.domain.refusals import (
    DirectoryUnavailable,
    NotAccepted,
    NotAllowed,
    NotAMember,
    NotStored,
    NotTheOwner,
    OwnerStays,
    RoomFull,
    RoomTaken,
    TooManyInvitations,
    TooManyMessages,
    TooManyNamesTried,
    TooManyRooms,
    UnknownRecipient,
    UnknownRoom,
)
from chat_service.routes.shared import Done
from chat_service.state import State
from chat_service.store.rooms import Room
from servicekit.authentication import identify
from servicekit.bodies import convert, read_json
from servicekit.contract import describes
from servicekit.problems import TookTooLong, TooManyAtOnce
from servicekit.responses import json_response, link

ROOMS_PAGE = 100


class NewRoom(msgspec.Struct, frozen=True):
    name: RoomName
    topic: Topic = ""
    private: bool = False
    section: Section | None = None
    position: RoomPosition = 0


class RoomChange(msgspec.Struct, frozen=True):
    """`topic` and `private` are the owner's to change; the rest moderators of the room may change too.

    Without a `section` it stays where it is; null or empty takes it out of the one that it is in.
    """

    topic: Topic | None = None
    private: bool | None = None
    slow_mode_s: Annotated[int, msgspec.Meta(ge=0, le=SLOW_MODE_S_MAX)] | None = None
    section: Section | msgspec.UnsetType | None = msgspec.UNSET
    position: RoomPosition | None = None


class RoomsQuery(msgspec.Struct, frozen=True):
    """`after` is as in a `Link`: what it holds is the service's own affair."""

    query: Annotated[str, msgspec.Meta(max_length=200)] = ""
    shared_with: Annotated[str, msgspec.Meta(max_length=64)] = ""
    after: Annotated[str, msgspec.Meta(max_length=100)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=ROOMS_PAGE)] = ROOMS_PAGE


class RoomWithMembers(Room, frozen=True, kw_only=True):
    """`roles` are those of its owner and moderators. `timeouts` are told to moderators only: who, and until when."""

    members: list[str]
    roles: dict[str, str]
    timeouts: dict[str, str]


@describes(
    "List your own rooms, then the public ones",
    query=RoomsQuery,
    answer=list[Room],
    links=("next",),
    refusals=(TooManyAtOnce, TookTooLong),
)
async def rooms(request: Request[State]) -> Response:
    """Your own first, the last active of them first; the others by name. `Link` leads to the page after this one.

    With `shared_with`, a username as it is spelled, only those that both of you are in, by name.
    """
    identity = await identify(request)
    query = convert(dict(request.query_params), RoomsQuery)
    page = await request.state["rooms"].page_for(
        identity.username, query=query.query, shared_with=query.shared_with, after=query.after, limit=query.limit
    )
    if page.after is None:
        return json_response(page.rooms)
    given = {"query": query.query, "shared_with": query.shared_with}
    asked = {name: value for name, value in given.items() if value}
    return json_response(
        page.rooms, headers=link(request.url.path, "next", **asked, after=page.after, limit=query.limit)
    )


@describes(
    "Make a room",
    body=NewRoom,
    example=NewRoom("garden", "What grows"),
    answer=Room,
    status=201,
    refusals=(TooManyMessages, TooManyNamesTried, TooManyRooms, RoomTaken, UnknownRecipient, NotStored),
)
async def create_room(request: Request[State]) -> Response:
    identity = await identify(request)
    body = await read_json(request, NewRoom)
    topic = optional_name("topic", body.topic)
    made = await request.state["rooms"].create(
        identity.username,
        name=body.name,
        topic=topic,
        private=body.private,
        section=optional_name("section", body.section or "") or None,
        position=body.position,
    )
    return json_response(made, status=201)


@describes("Read about a room", answer=RoomWithMembers, refusals=(UnknownRoom,))
async def room(request: Request[State]) -> Response:
    """The room, with the names of its members."""
    identity = await identify(request)
    found = await request.state["rooms"].get(identity.username, request.path_params["room"])
    members = await request.state["rooms"].members(found)
    moderates = found.role in {"owner", "moderator"} or await request.state["moderation"].moderates(identity.username)
    return json_response(
        RoomWithMembers(
            **msgspec.structs.asdict(found),
            members=[one.username for one in members],
            roles={one.username: one.role for one in members if one.role != "member"},
            timeouts={one.username: one.timed_out_until for one in members if moderates and one.timed_out_until},
        )
    )


@describes(
    "Change a room",
    body=RoomChange,
    example=RoomChange("What grows, and what does not"),
    answer=Room,
    refusals=(TooManyMessages, UnknownRoom, NotAMember, NotTheOwner, NotAllowed, NotStored),
)
async def change_room(request: Request[State]) -> Response:
    identity = await identify(request)
    body = await read_json(request, RoomChange)
    topic = None if body.topic is None else optional_name("topic", body.topic)
    section = None if body.section is msgspec.UNSET else optional_name("section", body.section or "")
    changed = await request.state["rooms"].change(
        identity.username,
        request.path_params["room"],
        topic=topic,
        private=body.private,
        slow_mode_s=body.slow_mode_s,
        section=section,
        position=body.position,
    )
    return json_response(changed)


@describes("Close a room of yours", status=204, refusals=(TooManyMessages, UnknownRoom, NotTheOwner, NotStored))
async def close_room(request: Request[State]) -> Response:
    identity = await identify(request)
    await request.state["rooms"].close(identity.username, request.path_params["room"])
    return Response(status_code=204)


@describes(
    "Join a room, or invite",
    answer=Done,
    refusals=(
        TooManyMessages,
        TooManyInvitations,
        TooManyRooms,
        RoomFull,
        UnknownRoom,
        UnknownRecipient,
        NotAccepted,
        NotAMember,
        NotTheOwner,
        DirectoryUnavailable,
        NotStored,
    ),
)
async def add_member(request: Request[State]) -> Response:
    identity = await identify(request)
    name, whom = request.path_params["room"], request.path_params["username"]
    await request.state["rooms"].add(identity.username, name, whom)
    return json_response(Done("Member added"))


@describes(
    "Leave a room, or remove a member",
    status=204,
    refusals=(
        TooManyMessages,
        UnknownRoom,
        UnknownRecipient,
        NotTheOwner,
        NotAllowed,
        NotAMember,
        OwnerStays,
        DirectoryUnavailable,
        NotStored,
    ),
)
async def remove_member(request: Request[State]) -> Response:
    identity = await identify(request)
    name, whom = request.path_params["room"], request.path_params["username"]
    await request.state["rooms"].remove(identity.username, name, whom)
    return Response(status_code=204)
