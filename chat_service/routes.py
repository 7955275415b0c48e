"""The HTTP interface of chat."""

from typing import Annotated, Any
from urllib.parse import quote, urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chat_service.actions.chat import Page
from chat_service.actions.rooms import RoomName, Topic, Waiting
from chat_service.domain import commands, events
from chat_service.domain.commands import Delete, Edit, FileIds, Lasting, Mark, Nonce, React, Read, SendMessage
from chat_service.domain.conversations import ROOM_MARK, is_room, label_for, room_label
from chat_service.domain.events import MessageView
from chat_service.domain.messages import StoredMessage
from chat_service.domain.names import optional_name
from chat_service.domain.people import SavedChat
from chat_service.domain.refusals import (
    DirectoryUnavailable,
    InvalidEmoji,
    InvalidMessage,
    MediaUnavailable,
    MessageEmpty,
    MessageTooLong,
    NotAMember,
    NotStored,
    NotTheAuthor,
    NotTheOwner,
    OwnerStays,
    QueryEmpty,
    RecipientIsSelf,
    RoomFull,
    RoomTaken,
    TooManyInvitations,
    TooManyMessages,
    TooManyNamesTried,
    TooManyReactions,
    TooManyRooms,
    TooManySavedChats,
    UnknownAttachment,
    UnknownMessage,
    UnknownRecipient,
    UnknownRoom,
)
from chat_service.refusals import REFUSALS
from chat_service.state import State
from chat_service.store.rooms import Room
from servicekit import contract, health
from servicekit.authentication import bearer_token
from servicekit.bodies import convert, read_json
from servicekit.contract import Limits, describes
from servicekit.numbered_lists import PAGE_MAX, store_and_last
from servicekit.problems import TookTooLong, TooManyAtOnce
from servicekit.routing import route
from servicekit.tokens import Identity

HISTORY_PAGE = 50
ROOMS_PAGE = 100
MessageId = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class SaveChat(msgspec.Struct, frozen=True):
    """`nickname` and `pfp` are shown instead of the person's own, until they change theirs."""

    username: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    nickname: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    pfp: Annotated[str, msgspec.Meta(max_length=2048, pattern=r"^(https?://\S+|/(?!/)\S*)?$(?!\n)")] | None = None


class NewMessage(msgspec.Struct, frozen=True):
    message: str = ""
    nonce: Nonce | None = None
    attachments: FileIds = ()
    reply_to: commands.MessageId | None = None


class ReadMark(msgspec.Struct, frozen=True):
    seq: Mark


class NewText(msgspec.Struct, frozen=True):
    message: str


class NewRoom(msgspec.Struct, frozen=True):
    name: RoomName
    topic: Topic = ""
    private: bool = False


class RoomChange(msgspec.Struct, frozen=True):
    topic: Topic | None = None
    private: bool | None = None


class PageQuery(msgspec.Struct, frozen=True):
    before: MessageId | None = None
    after: MessageId | None = None
    limit: Annotated[int, msgspec.Meta(ge=1)] = HISTORY_PAGE


class ListQuery(msgspec.Struct, frozen=True):
    after: MessageId = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=PAGE_MAX)] = PAGE_MAX


class RoomsQuery(msgspec.Struct, frozen=True):
    """`after` is as in a `Link`: what it holds is the service's own affair."""

    query: Annotated[str, msgspec.Meta(max_length=200)] = ""
    after: Annotated[str, msgspec.Meta(max_length=100)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=ROOMS_PAGE)] = ROOMS_PAGE


class SearchQuery(msgspec.Struct, frozen=True):
    # Without it the answer is `query_empty`, so it is told as required, though it has a default.
    query: Annotated[str, msgspec.Meta(max_length=200, extra_json_schema={"minLength": 1, "required": True})] = ""
    before: MessageId | None = None
    limit: Annotated[int, msgspec.Meta(ge=1)] = HISTORY_PAGE


# Answers.


class Done(msgspec.Struct, frozen=True):
    message: str


class MessageChanged(msgspec.Struct, frozen=True):
    message: str
    id: int


class RoomWithMembers(Room, frozen=True, kw_only=True):
    members: list[str]


# Why they refuse.

_PERSON_REFUSALS = (UnknownRecipient, RecipientIsSelf, DirectoryUnavailable)
_PLACE_REFUSALS = (*_PERSON_REFUSALS, UnknownRoom)
_CHANGE_REFUSALS = (*_PLACE_REFUSALS, NotAMember, UnknownMessage, TooManyMessages, NotStored)
_TEXT_REFUSALS = (MessageEmpty, MessageTooLong, InvalidMessage)
_SEND_REFUSALS = (*_CHANGE_REFUSALS, *_TEXT_REFUSALS, UnknownAttachment, MediaUnavailable)


# Chats


@describes("List your chats, the latest first", answer=list[SavedChat])
async def saved_chats(request: Request[State]) -> Response:
    identity = await _identify(request)
    return _json(await request.state["chat"].saved_chats(identity.username))


@describes(
    "Save a chat, or change how it is shown",
    body=SaveChat,
    example=SaveChat("grace", "Amazing Grace"),
    answer=Done,
    refusals=(*_PERSON_REFUSALS, TooManySavedChats),
)
async def save_chat(request: Request[State]) -> Response:
    identity = await _identify(request)
    body = await read_json(request, SaveChat)
    nickname = optional_name("nickname", body.nickname or "")
    await request.state["chat"].save_chat(identity.username, body.username, nickname, body.pfp)
    return _json(Done("Chat saved"))


@describes(
    "Read what was said with a person",
    query=PageQuery,
    answer=list[MessageView],
    links=("prev", "next"),
    refusals=_PLACE_REFUSALS,
)
async def messages(request: Request[State]) -> Response:
    """Oldest first; `Link` leads to the page before and after this one."""
    identity = await _identify(request)
    label = await request.state["chat"].label_of(request.path_params["other_username"])
    return await _history(request, identity.username, label)


@describes(
    "Send a message",
    body=NewMessage,
    example=NewMessage("Hello!", "a7f0"),
    answer=MessageView,
    status=201,
    refusals=_SEND_REFUSALS,
)
async def send_message(request: Request[State]) -> Response:
    """As over the socket; with a nonce used before, the message of then."""
    identity = await _identify(request)
    body = await read_json(request, NewMessage, judged_later=commands.JUDGED_LATER)
    conversation = await _conversation(request, identity.username)
    files = await request.state["attachments"].get(identity.username, body.attachments) if body.attachments else ()
    command = SendMessage(
        to=request.path_params.get("other_username"),
        room=conversation[1:] if is_room(conversation) else None,
        message=body.message,
        nonce=body.nonce,
        attachments=body.attachments,
        reply_to=body.reply_to,
    )
    waiting = Waiting()
    request.state["chat"].submit(identity.username, waiting, command, conversation, files)
    stored = await waiting.outcome
    assert isinstance(stored, StoredMessage)
    return _json(events.view(identity.username, stored, {}), status=201)


@describes(
    "Edit a message of yours",
    body=NewText,
    example=NewText("Hello, all!"),
    answer=MessageChanged,
    refusals=(*_CHANGE_REFUSALS, *_TEXT_REFUSALS, NotTheAuthor),
)
async def edit_message(request: Request[State]) -> Response:
    identity = await _identify(request)
    body = await read_json(request, NewText, judged_later=commands.JUDGED_LATER)
    message_id = request.path_params["message_id"]
    await _carry_out(request, identity.username, Edit(type="edit", id=message_id, message=body.message))
    return _json(MessageChanged("Message edited", message_id))


@describes("Delete a message", answer=MessageChanged, refusals=(*_CHANGE_REFUSALS, NotTheAuthor))
async def delete_message(request: Request[State]) -> Response:
    identity = await _identify(request)
    message_id = request.path_params["message_id"]
    await _carry_out(request, identity.username, Delete(type="delete", id=message_id))
    return _json(MessageChanged("Message deleted", message_id))


@describes("React to a message", status=204, refusals=(*_CHANGE_REFUSALS, InvalidEmoji, TooManyReactions))
async def add_reaction(request: Request[State]) -> Response:
    return await _react(request, removes=False)


@describes("Take a reaction back", status=204, refusals=(*_CHANGE_REFUSALS, InvalidEmoji))
async def remove_reaction(request: Request[State]) -> Response:
    return await _react(request, removes=True)


async def _react(request: Request[State], *, removes: bool) -> Response:
    identity = await _identify(request)
    message_id, emoji = request.path_params["message_id"], request.path_params["emoji"]
    await _carry_out(request, identity.username, React(type="react", id=message_id, emoji=emoji, remove=removes))
    return Response(status_code=204)


@describes("Move your read mark", body=ReadMark, example=ReadMark(41), status=204, refusals=_CHANGE_REFUSALS)
async def read(request: Request[State]) -> Response:
    """Everything up to `seq` has been seen."""
    identity = await _identify(request)
    body = await read_json(request, ReadMark)
    conversation = await _conversation(request, identity.username)
    command = Read(type="read", to=conversation, seq=body.seq)  # the conversation itself is given beside it
    await _carry_out(request, identity.username, command)
    return Response(status_code=204)


# Rooms


@describes(
    "List your own rooms, then the public ones",
    query=RoomsQuery,
    answer=list[Room],
    links=("next",),
    refusals=(TooManyAtOnce, TookTooLong),
)
async def rooms(request: Request[State]) -> Response:
    """Your own first, the last active of them first; the others by name. `Link` leads to the page after this one."""
    identity = await _identify(request)
    query = convert(dict(request.query_params), RoomsQuery)
    page = await request.state["rooms"].page_for(
        identity.username, query=query.query, after=query.after, limit=query.limit
    )
    if page.after is None:
        return _json(page.rooms)
    given = {"query": query.query} if query.query else {}
    again = urlencode({**given, "after": page.after, "limit": query.limit})
    return _json(page.rooms, headers={"Link": f'<{request.url.path}?{again}>; rel="next"'})


@describes(
    "Make a room",
    body=NewRoom,
    example=NewRoom("garden", "What grows"),
    answer=Room,
    status=201,
    refusals=(TooManyMessages, TooManyNamesTried, TooManyRooms, RoomTaken, UnknownRecipient, NotStored),
)
async def create_room(request: Request[State]) -> Response:
    identity = await _identify(request)
    body = await read_json(request, NewRoom)
    topic = optional_name("topic", body.topic)
    made = await request.state["rooms"].create(identity.username, name=body.name, topic=topic, private=body.private)
    return _json(made, status=201)


@describes("Read about a room", answer=RoomWithMembers, refusals=(UnknownRoom,))
async def room(request: Request[State]) -> Response:
    """The room, with the names of its members."""
    identity = await _identify(request)
    found = await request.state["rooms"].get(identity.username, request.path_params["room"])
    members = await request.state["rooms"].members(found)
    return _json(RoomWithMembers(**msgspec.structs.asdict(found), members=members))


@describes(
    "Change a room of yours",
    body=RoomChange,
    example=RoomChange("What grows, and what does not"),
    answer=Room,
    refusals=(TooManyMessages, UnknownRoom, NotTheOwner),
)
async def change_room(request: Request[State]) -> Response:
    identity = await _identify(request)
    body = await read_json(request, RoomChange)
    topic = None if body.topic is None else optional_name("topic", body.topic)
    changed = await request.state["rooms"].change(
        identity.username, request.path_params["room"], topic=topic, private=body.private
    )
    return _json(changed)


@describes("Close a room of yours", status=204, refusals=(TooManyMessages, UnknownRoom, NotTheOwner, NotStored))
async def close_room(request: Request[State]) -> Response:
    identity = await _identify(request)
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
        NotAMember,
        NotTheOwner,
        DirectoryUnavailable,
        NotStored,
    ),
)
async def add_member(request: Request[State]) -> Response:
    identity = await _identify(request)
    name, whom = request.path_params["room"], request.path_params["username"]
    await request.state["rooms"].add(identity.username, name, whom)
    return _json(Done("Member added"))


@describes(
    "Leave a room, or remove a member",
    status=204,
    refusals=(
        TooManyMessages,
        UnknownRoom,
        UnknownRecipient,
        NotTheOwner,
        NotAMember,
        OwnerStays,
        DirectoryUnavailable,
        NotStored,
    ),
)
async def remove_member(request: Request[State]) -> Response:
    identity = await _identify(request)
    name, whom = request.path_params["room"], request.path_params["username"]
    await request.state["rooms"].remove(identity.username, name, whom)
    return Response(status_code=204)


@describes(
    "Read what was said in a room",
    query=PageQuery,
    answer=list[MessageView],
    links=("prev", "next"),
    refusals=(UnknownRoom, NotAMember),
)
async def room_messages(request: Request[State]) -> Response:
    identity = await _identify(request)
    found = await request.state["rooms"].get(identity.username, request.path_params["room"])
    return await _history(request, identity.username, room_label(found.name))


@describes(
    "Search your conversations",
    query=SearchQuery,
    answer=list[MessageView],
    links=("next",),
    refusals=(QueryEmpty, TooManyAtOnce, TookTooLong),
)
async def search_messages(request: Request[State]) -> Response:
    """Newest first; `Link` leads to the page after this one."""
    identity = await _identify(request)
    query = convert(dict(request.query_params), SearchQuery)
    limit = min(query.limit, request.state["history_page_max"])
    found = await request.state["searching"].find(identity.username, query.query, before=query.before, limit=limit)
    again = urlencode({"query": query.query, "before": found[-1].id, "limit": limit}) if found else ""
    return _json(found, headers={"Link": f'<{request.url.path}?{again}>; rel="next"'} if again else {})


# For the media and the video service; the gateway never routes them.


async def attachment(request: Request[State]) -> Response:
    """204 where `reader` is in a conversation that shows the file, else 404."""
    reader = request.query_params.get("reader", "")
    may_see = await request.state["attachments"].may_see(reader, request.path_params["file_id"])
    return Response(status_code=204 if may_see else 404)


async def released_files(request: Request[State]) -> Response:
    query = convert(dict(request.query_params), ListQuery)
    released = await request.state["attachments"].releases_after(query.after, query.limit)
    return _json({"released": released, **await store_and_last(request.state["database"], "releases")})


async def audience(request: Request[State]) -> Response:
    """How the conversation is really called that `username` calls `label`; refused where they may not write there."""
    username, label = request.query_params.get("username", ""), request.query_params.get("label", "")
    if is_room(label):
        found = await request.state["rooms"].get(username, label.removeprefix(ROOM_MARK))
        if not found.is_member:
            raise NotAMember(found.name)
        return _json({"label": room_label(found.name)})
    conversation = await request.state["chat"].find_conversation(username, label.removeprefix("@"))
    return _json({"label": label_for(username, conversation)})


async def members(request: Request[State]) -> Response:
    """Those of each `username` who are in the `room`."""
    query = request.query_params
    found = await request.state["rooms"].members_among(query.get("room", ""), query.getlist("username"))
    return _json({"usernames": found})


# What they share


async def _identify(request: Request[State]) -> Identity:
    request.state["profiles"].check()
    token = bearer_token(request.headers.get("authorization"))
    return await request.state["authentication"].authenticate(token)


async def _carry_out(request: Request[State], username: str, command: Lasting) -> None:
    """The same action as over the socket, in the conversation of the path, waited for."""
    waiting = Waiting()
    request.state["chat"].submit(username, waiting, command, await _conversation(request, username))
    await waiting.outcome


async def _conversation(request: Request[State], username: str) -> str:
    """The stored name of the one in the path."""
    if (room_name := request.path_params.get("room")) is not None:
        return room_label((await request.state["rooms"].get(username, room_name)).name)
    return await request.state["chat"].find_conversation(username, request.path_params["other_username"])


async def _history(request: Request[State], username: str, label: str) -> Response:
    query = convert(dict(request.query_params), PageQuery)
    limit = min(query.limit, request.state["history_page_max"])
    page = Page(before=query.before, after=query.after, limit=limit)
    found = await request.state["chat"].history(username, label, page)
    links = []
    if found:
        path = quote(request.url.path)
        links.append(f'<{path}?before={found[0].id}&limit={limit}>; rel="prev"')
        links.append(f'<{path}?after={found[-1].id}&limit={limit}>; rel="next"')
    return _json(found, headers={"Link": ", ".join(links)} if links else {})


def _json(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(body), status, headers, "application/json")


def _limits(request: Request[State]) -> Limits:
    text = {"maxLength": request.state["chat"].message_length_max}
    return {(NewMessage, "message"): text, (NewText, "message"): {"minLength": 1, **text}}


_ROOM, _PERSON = "/api/rooms/{room}", "/api/messages/{other_username}"
ROUTES: list[Route] = [
    route("/api/saved-chats", GET=saved_chats),
    route("/api/save-chat", POST=save_chat),
    route("/api/search-messages", GET=search_messages),
    route(_PERSON, GET=messages, POST=send_message),
    route("/api/rooms", GET=rooms, POST=create_room),
    route(_ROOM, GET=room, PATCH=change_room, DELETE=close_room),
    route(_ROOM + "/members/{username}", PUT=add_member, DELETE=remove_member),
    route(_ROOM + "/messages", GET=room_messages, POST=send_message),
    *(
        one
        for path in (_PERSON, _ROOM + "/messages")
        for one in (
            route(path + "/read", PUT=read),
            route(path + "/{message_id:id}", PATCH=edit_message, DELETE=delete_message),
            route(path + "/{message_id:id}/reactions/{emoji}", PUT=add_reaction, DELETE=remove_reaction),
        )
    ),
    route("/internal/attachments/{file_id}", GET=attachment),
    route("/internal/audience", GET=audience),
    route("/internal/members", GET=members),
    route("/internal/released-files", GET=released_files),
    *health.service_routes(),
]
ROUTES += contract.routes(ROUTES, REFUSALS, _limits)
