"""Side views, which have a page of their own without scripts: what is pinned, and what answers a message."""

import asyncio
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.api_types import Message
from gateway.domain.conversations import Conversation
from gateway.pages.conversation import conversation_of
from gateway.pages.conversation_changes import Change, carry_out
from gateway.pages.history import HistoryQuery, load_people
from gateway.pages.layout import Layout, load_layout
from gateway.pages.lists import get_list
from gateway.pages.page_request import PageRequest, read_signed_in_form, signed_in
from gateway.pages.service_client import get
from gateway.state import State

_REPLIES_PAGE = 50


async def pins(request: Request[State]) -> Response:
    """The newest pin first."""
    page = await signed_in(request)
    conversation = conversation_of(request)
    layout, messages = await asyncio.gather(load_layout(page), get(page, conversation.pins_path, list[Message]))
    return await _show(page, conversation, layout, messages, about="pins")


async def replies(request: Request[State]) -> Response:
    """Oldest first."""
    page = await signed_in(request)
    path = f"/api/messages/{request.path_params['message_id']}/replies"
    query = {"after": request.query_params.get("after"), "limit": _REPLIES_PAGE}
    layout, (messages, next_query) = await asyncio.gather(
        load_layout(page), get_list(page, path, Message, query, ("after",))
    )
    return await _show(page, conversation_of(request), layout, messages, about="replies", next_query=next_query)


async def pin(request: Request[State]) -> Response:
    return await _pin(request, "PUT")


async def unpin(request: Request[State]) -> Response:
    return await _pin(request, "DELETE")


async def _pin(request: Request[State], method: str) -> Response:
    page, _ = await read_signed_in_form(request)
    conversation, message_id = conversation_of(request), request.path_params["message_id"]
    back = f"{conversation.path}{HistoryQuery.of(page).position}#message-{message_id}"
    change = Change(method=method, path=f"{conversation.pins_path}/{message_id}", next_path=back)
    return await carry_out(page, conversation, change)


async def _show(
    page: PageRequest,
    conversation: Conversation,
    layout: Layout,
    messages: Sequence[Message],
    *,
    about: str,
    next_query: str = "",
) -> Response:
    people = await load_people(page, layout, {message.sender_username for message in messages})
    return page.render(
        "side-view.html",
        layout=layout,
        conversation=conversation,
        messages=messages,
        people=people,
        about=about,
        next_query=next_query,
    )
