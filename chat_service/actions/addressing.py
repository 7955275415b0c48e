"""Addressing: which conversation somebody means who names a person or a room."""

from chat_service.actions.people import People
from chat_service.domain.conversations import Conversation, Label
from chat_service.domain.refusals import RecipientIsSelf


class Addressing:
    def __init__(self, people: People) -> None:
        self._people = people

    def conversation_of(self, username: str, to: str | None, room: str | None) -> Conversation | None:
        """The one with the person `to`, or of the `room`, if no I/O is needed to tell. Raises RecipientIsSelf."""
        if room is not None:
            return Conversation.room(room)
        person = self._people.remembered(to or "")
        return None if person is None else _direct(username, person.username)

    async def find_conversation(self, username: str, to: str) -> Conversation:
        """Raises UnknownRecipient, DirectoryUnavailable or RecipientIsSelf."""
        return _direct(username, (await self._people.get_known(to)).username)

    async def label_of(self, other: str) -> Label:
        """What the conversation with `other` is called. Raises UnknownRecipient or DirectoryUnavailable."""
        return Label.of_person((await self._people.get_known(other)).username)


def _direct(username: str, other: str) -> Conversation:
    if username == other:
        raise RecipientIsSelf
    return Conversation.direct(username, other)
