"""Saved chats."""

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from chat_service.domain.names import optional_name
from chat_service.domain.people import SavedChat
from chat_service.domain.refusals import TooManyMessages, TooManySavedChats
from chat_service.routes.shared import PERSON_REFUSALS, Done
from chat_service.state import State
from servicekit.authentication import identify
from servicekit.bodies import read_json
from servicekit.contract import describes
from servicekit.responses import json_response
from servicekit.texts import LINE_PATTERN


class SaveChat(msgspec.Struct, frozen=True):
    """`nickname` and `pfp` are shown instead of the person's own, until they change theirs."""

    username: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    nickname: Annotated[str, msgspec.Meta(max_length=64, extra_json_schema={"pattern": LINE_PATTERN})] | None = None
    pfp: Annotated[str, msgspec.Meta(max_length=2048, pattern=r"^(https?://\S+|/(?!/)\S*)?$(?!\n)")] | None = None


@describes("List your chats, the latest first", answer=list[SavedChat])
async def saved_chats(request: Request[State]) -> Response:
    identity = await identify(request)
    return json_response(await request.state["saved_chats"].list_of(identity.username))


@describes(
    "Save a chat, or change how it is shown",
    body=SaveChat,
    example=SaveChat("grace", "Amazing Grace"),
    answer=Done,
    refusals=(*PERSON_REFUSALS, TooManyMessages, TooManySavedChats),
)
async def save_chat(request: Request[State]) -> Response:
    identity = await identify(request)
    body = await read_json(request, SaveChat)
    nickname = optional_name("nickname", body.nickname or "")
    await request.state["saved_chats"].save(identity.username, body.username, nickname, body.pfp)
    return json_response(Done("Chat saved"))
