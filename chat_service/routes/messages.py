"""Messages: reading them, sending, and changing what was sent."""

from typing import Annotated
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from chat_service.domain import commands, events
from chat_service.domain.commands import FileIds, Mark, Nonce
from chat_service.domain.conversations import Label
from chat_service.domain.events import MessageView
from chat_service.domain.history import Page
from chat_service.domain.intents import DeleteMessage, EditMessage, MarkRead, React, RemoveCards, SendMessage
from chat_service.domain.messages import StoredMessage
from chat_service.domain.refusals import (
    InvalidEmoji,
    InvalidMessage,
    MediaUnavailable,
    MessageEmpty,
    MessageTooLong,
    NotAccepted,
    NotAllowed,
    NotAMember,
    NotStored,
    NotTheAuthor,
    SlowMode,
    TimedOut,
    TooManyMessages,
    TooManyReactions,
    UnknownAttachment,
    UnknownMessage,
    UnknownRoom,
)
from chat_service.routes.conversations import conversation_of
from chat_service.routes.shared import HISTORY_PAGE, PERSON_REFUSALS, MessageId
from chat_service.state import State
from servicekit.authentication import identify
from servicekit.bodies import read_json, read_query
from servicekit.contract import Limits, describes
from servicekit.problems import FieldError, Invalid
from servicekit.responses import json_response, link
from servicekit.texts import SEEN_PATTERN


class NewMessage(msgspec.Struct, frozen=True):
    message: str = ""
    nonce: Nonce | None = None
    attachments: FileIds = ()
    reply_to: commands.MessageId | None = None


_HAS_FILES = {"required": ["attachments"], "properties": {"attachments": {"minItems": 1}}}
_HAS_TEXT = {"required": ["message"], "properties": {"message": {"pattern": SEEN_PATTERN}}}
_TEXT_OR_FILES = {"if": _HAS_FILES, "else": _HAS_TEXT}


class ReadMark(msgspec.Struct, frozen=True):
    seq: Mark


class NewText(msgspec.Struct, frozen=True):
    message: str


class PageQuery(msgspec.Struct, frozen=True):
    before: MessageId | None = None
    after: MessageId | None = None
    around: MessageId | None = None
    unread: bool = False
    limit: Annotated[int, msgspec.Meta(ge=1)] = HISTORY_PAGE


class RepliesQuery(msgspec.Struct, frozen=True):
    after: MessageId = 0
    limit: Annotated[int, msgspec.Meta(ge=1)] = HISTORY_PAGE


class MessageChanged(msgspec.Struct, frozen=True):
    message: str
    id: int


# Why they refuse.

PLACE_REFUSALS = (*PERSON_REFUSALS, UnknownRoom)
_CHANGE_REFUSALS = (*PLACE_REFUSALS, NotAMember, UnknownMessage, TooManyMessages, NotStored)
WRITE_REFUSALS = (*_CHANGE_REFUSALS, TimedOut, NotAccepted)
_TEXT_REFUSALS = (MessageEmpty, MessageTooLong, InvalidMessage)
_SEND_REFUSALS = (*WRITE_REFUSALS, *_TEXT_REFUSALS, SlowMode, UnknownAttachment, MediaUnavailable)


@describes(
    "Read what was said with a person",
    query=PageQuery,
    answer=list[MessageView],
    links=("prev", "next"),
    refusals=PLACE_REFUSALS,
)
async def messages(request: Request[State]) -> Response:
    """Oldest first; `Link` leads to the page before and after this one.

    `around`, a message id, stands alone, and so does `unread`: what comes after all that has been seen.
    """
    identity = await identify(request)
    label = await request.state["addressing"].label_of(request.path_params["other_username"])
    return await _history(request, identity.username, label)


@describes(
    "Send a message",
    body=NewMessage,
    rules=_TEXT_OR_FILES,
    example=NewMessage("Hello!", "a7f0"),
    answer=MessageView,
    status=201,
    refusals=_SEND_REFUSALS,
)
async def send_message(request: Request[State]) -> Response:
    """As over the socket; with a nonce used before, the message of then."""
    identity = await identify(request)
    body = await read_json(request, NewMessage, judged_later=commands.JUDGED_LATER)
    conversation = await conversation_of(request, identity.username)
    files = await request.state["attachments"].get(identity.username, body.attachments) if body.attachments else ()
    message = SendMessage(
        conversation=conversation, text=body.message, nonce=body.nonce, attachments=files, reply_to=body.reply_to
    )
    stored = await request.state["submissions"].submit_and_wait(identity.username, message)
    assert isinstance(stored, StoredMessage)
    return json_response(events.view(identity.username, stored, {}), status=201)


@describes(
    "Edit a message of yours",
    body=NewText,
    example=NewText("Hello, all!"),
    answer=MessageChanged,
    refusals=(*WRITE_REFUSALS, *_TEXT_REFUSALS, NotTheAuthor),
)
async def edit_message(request: Request[State]) -> Response:
    identity = await identify(request)
    body = await read_json(request, NewText, judged_later=commands.JUDGED_LATER)
    message_id, conversation = request.path_params["message_id"], await conversation_of(request, identity.username)
    edit = EditMessage(message_id=message_id, text=body.message, conversation=conversation)
    await request.state["submissions"].submit_and_wait(identity.username, edit)
    return json_response(MessageChanged("Message edited", message_id))


@describes("Delete a message", answer=MessageChanged, refusals=(*_CHANGE_REFUSALS, NotTheAuthor, NotAllowed))
async def delete_message(request: Request[State]) -> Response:
    identity = await identify(request)
    message_id, conversation = request.path_params["message_id"], await conversation_of(request, identity.username)
    deletion = DeleteMessage(message_id=message_id, conversation=conversation)
    await request.state["submissions"].submit_and_wait(identity.username, deletion)
    return json_response(MessageChanged("Message deleted", message_id))


@describes("Remove the link cards of a message", status=204, refusals=(*_CHANGE_REFUSALS, NotTheAuthor))
async def remove_cards(request: Request[State]) -> Response:
    """They stay away until an edit changes its links."""
    identity = await identify(request)
    message_id, conversation = request.path_params["message_id"], await conversation_of(request, identity.username)
    removal = RemoveCards(message_id=message_id, conversation=conversation)
    await request.state["submissions"].submit_and_wait(identity.username, removal)
    return Response(status_code=204)


@describes("React to a message", status=204, refusals=(*WRITE_REFUSALS, InvalidEmoji, TooManyReactions))
async def add_reaction(request: Request[State]) -> Response:
    return await _react(request, removes=False)


@describes("Take a reaction back", status=204, refusals=(*WRITE_REFUSALS, InvalidEmoji))
async def remove_reaction(request: Request[State]) -> Response:
    return await _react(request, removes=True)


async def _react(request: Request[State], *, removes: bool) -> Response:
    identity = await identify(request)
    message_id, emoji = request.path_params["message_id"], request.path_params["emoji"]
    conversation = await conversation_of(request, identity.username)
    reaction = React(message_id=message_id, emoji=emoji, removes=removes, conversation=conversation)
    await request.state["submissions"].submit_and_wait(identity.username, reaction)
    return Response(status_code=204)


@describes("Move your read mark", body=ReadMark, example=ReadMark(41), status=204, refusals=_CHANGE_REFUSALS)
async def read(request: Request[State]) -> Response:
    """Everything up to `seq` has been seen."""
    identity = await identify(request)
    body = await read_json(request, ReadMark)
    conversation = await conversation_of(request, identity.username)
    await request.state["submissions"].submit_and_wait(
        identity.username, MarkRead(conversation=conversation, seq=body.seq)
    )
    return Response(status_code=204)


@describes(
    "Read what was said in a room",
    query=PageQuery,
    answer=list[MessageView],
    links=("prev", "next"),
    refusals=(UnknownRoom, NotAMember),
)
async def room_messages(request: Request[State]) -> Response:
    identity = await identify(request)
    name = await request.state["rooms"].get_name(identity.username, request.path_params["room"])
    return await _history(request, identity.username, Label.of_room(name))


@describes(
    "Read what answers a message",
    query=RepliesQuery,
    answer=list[MessageView],
    links=("next",),
    refusals=(UnknownMessage,),
)
async def replies(request: Request[State]) -> Response:
    """Oldest first, without what was deleted."""
    identity = await identify(request)
    query = read_query(request, RepliesQuery)
    limit = min(query.limit, request.state["history_page_max"])
    message_id = request.path_params["message_id"]
    found = await request.state["history"].replies(identity.username, message_id, after=query.after, limit=limit)
    more = link(request.url.path, "next", after=found[-1].id, limit=limit) if len(found) == limit else {}
    return json_response(found, headers=more)


async def _history(request: Request[State], username: str, label: Label) -> Response:
    query = read_query(request, PageQuery)
    if query.around is not None and (query.before is not None or query.after is not None):
        raise Invalid(FieldError("around", "Expected without `before` and `after`."))
    if query.unread and not query.before is query.after is query.around is None:
        raise Invalid(FieldError("unread", "Expected without `before`, `after` and `around`."))
    limit = min(query.limit, request.state["history_page_max"])
    page = Page(before=query.before, after=query.after, around=query.around, is_unread=query.unread, limit=limit)
    found = await request.state["history"].read(username, label, page)
    links = []
    if found:
        path = quote(request.url.path)
        links.append(f'<{path}?before={found[0].id}&limit={limit}>; rel="prev"')
        links.append(f'<{path}?after={found[-1].id}&limit={limit}>; rel="next"')
    return json_response(found, headers={"Link": ", ".join(links)} if links else {})


def limits(request: Request[State]) -> Limits:
    text = {"maxLength": request.state["submissions"].message_length_max}
    return {(NewMessage, "message"): text, (NewText, "message"): {"minLength": 1, "pattern": SEEN_PATTERN, **text}}
