"""Blocks."""

from starlette.requests import Request
from starlette.responses import Response

from chat_service.domain.refusals import NotStored, TooManyBlocks, TooManyMessages
from chat_service.routes.shared import PERSON_REFUSALS
from chat_service.state import State
from chat_service.store.blocks import Block
from servicekit.authentication import identify
from servicekit.contract import describes
from servicekit.responses import json_response


@describes("List whom you have blocked", answer=list[Block])
async def blocks(request: Request[State]) -> Response:
    """The newest first."""
    identity = await identify(request)
    return json_response(await request.state["blocks"].list_of(identity.username))


@describes("Block a person", status=204, refusals=(*PERSON_REFUSALS, TooManyBlocks, TooManyMessages, NotStored))
async def block(request: Request[State]) -> Response:
    """They can neither write to you nor call you or invite you, see you offline, and are told nothing."""
    identity = await identify(request)
    await request.state["blocks"].block(identity.username, request.path_params["username"])
    return Response(status_code=204)


@describes("Block a person no longer", status=204, refusals=(*PERSON_REFUSALS, TooManyMessages, NotStored))
async def unblock(request: Request[State]) -> Response:
    identity = await identify(request)
    await request.state["blocks"].unblock(identity.username, request.path_params["username"])
    return Response(status_code=204)
