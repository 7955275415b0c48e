"""Pins: the messages of a conversation that everybody in it has at hand."""

from starlette.requests import Request
from starlette.responses import Response

from chat_service.domain.events import MessageView
from chat_service.domain.intents import Pin
from chat_service.domain.refusals import NotAllowed, TooManyPins
from chat_service.routes.conversations import PLACE_REFUSALS, conversation_of
from chat_service.routes.messages import WRITE_REFUSALS
from chat_service.state import State
from servicekit.authentication import identify
from servicekit.contract import describes
from servicekit.responses import json_response


@describes("Read what is pinned", answer=list[MessageView], refusals=PLACE_REFUSALS)
async def pins(request: Request[State]) -> Response:
    """The newest pin first."""
    identity = await identify(request)
    conversation = await conversation_of(request, identity.username)
    label = conversation.label_for(identity.username)
    return json_response(await request.state["history"].pins(identity.username, label))


@describes("Pin a message", status=204, refusals=(*WRITE_REFUSALS, NotAllowed, TooManyPins))
async def pin(request: Request[State]) -> Response:
    """In a room for its owner and for moderators, else for both."""
    return await _pin(request, removes=False)


@describes("Take a pin away", status=204, refusals=(*WRITE_REFUSALS, NotAllowed))
async def unpin(request: Request[State]) -> Response:
    return await _pin(request, removes=True)


async def _pin(request: Request[State], *, removes: bool) -> Response:
    identity = await identify(request)
    conversation = await conversation_of(request, identity.username)
    wanted = Pin(message_id=request.path_params["message_id"], removes=removes, conversation=conversation)
    await request.state["submissions"].submit_and_wait(identity.username, wanted)
    return Response(status_code=204)
