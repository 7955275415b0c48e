"""What somebody keeps of a conversation for themselves: the paths name it from their side, `@grace` or `#garden`."""

from starlette.convertors import StringConvertor, register_url_convertor
from starlette.requests import Request

from chat_service.domain.conversations import Conversation, Label
from chat_service.domain.refusals import NotAMember, UnknownRoom
from chat_service.routes.shared import PERSON_REFUSALS
from chat_service.state import State

PLACE_REFUSALS = (*PERSON_REFUSALS, UnknownRoom, NotAMember)


class LabelConvertor(StringConvertor):
    """`{name:label}`: what is no label is no path."""

    regex = "[@#][^/]+"


register_url_convertor("label", LabelConvertor())


async def conversation_of(request: Request[State], username: str) -> Conversation:
    """The one in the path. Raises what reading it does."""
    label = Label(request.path_params["conversation"])
    if label.is_room:
        return Conversation.room((await request.state["rooms"].get(username, label.name)).name)
    return await request.state["addressing"].find_conversation(username, label.name)
