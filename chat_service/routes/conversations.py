"""Which conversation a path is about: of a room, with a person, or by its label, `@grace` or `#garden`."""

from collections.abc import Mapping

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
    """The one in the path: by its label, by a room's name or by a username. Raises what reading it does."""
    label = _label_in(request.path_params)
    if label.is_room:
        return Conversation.room(await request.state["rooms"].get_name(username, label.name))
    return await request.state["addressing"].find_conversation(username, label.name)


def _label_in(path: Mapping[str, str]) -> Label:
    if "conversation" in path:
        return Label(path["conversation"])
    return Label.of_room(path["room"]) if "room" in path else Label.of_person(path["other_username"])
