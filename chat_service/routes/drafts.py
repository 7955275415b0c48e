"""Drafts."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from chat_service.domain import commands
from chat_service.domain.commands import Nonce
from chat_service.domain.refusals import (
    DraftsTooFast,
    InvalidMessage,
    MessageTooLong,
    NotStored,
    TooManyDrafts,
    UnknownMessage,
)
from chat_service.domain.saved_drafts import SavedDraft
from chat_service.routes.conversations import PLACE_REFUSALS, conversation_of
from chat_service.state import State
from servicekit.authentication import identify
from servicekit.bodies import read_json
from servicekit.contract import Limits, describes
from servicekit.responses import json_response


class NewDraft(msgspec.Struct, frozen=True):
    """`nonce` comes back in the event `draft`, by which the device that put it knows its own."""

    message: str = ""
    reply_to: commands.MessageId | None = None
    nonce: Nonce | None = None


@describes("Read what you are about to write", answer=SavedDraft, refusals=PLACE_REFUSALS)
async def draft(request: Request[State]) -> Response:
    """On whichever device you wrote it; without text and answer where there is nothing."""
    identity = await identify(request)
    conversation = await conversation_of(request, identity.username)
    return json_response(await request.state["own_side"].drafts.get(identity.username, conversation))


@describes(
    "Keep what you are about to write",
    body=NewDraft,
    example=NewDraft("Dear all, "),
    answer=SavedDraft,
    refusals=(
        *PLACE_REFUSALS,
        UnknownMessage,
        MessageTooLong,
        InvalidMessage,
        DraftsTooFast,
        TooManyDrafts,
        NotStored,
    ),
)
async def put_draft(request: Request[State]) -> Response:
    """For all your devices. An empty one, that answers nothing either, removes it."""
    identity = await identify(request)
    body = await read_json(request, NewDraft, judged_later=commands.JUDGED_LATER)
    conversation = await conversation_of(request, identity.username)
    kept = await request.state["own_side"].drafts.put(
        identity.username, conversation, body.message, body.reply_to, body.nonce
    )
    return json_response(kept)


def limits(request: Request[State]) -> Limits:
    return {(NewDraft, "message"): {"maxLength": request.state["submissions"].message_length_max}}
