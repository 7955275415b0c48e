"""Moderation in rooms: roles and timeouts."""

from collections.abc import Callable

from chat_service.actions.people import People
from chat_service.actions.rooms import Rooms
from chat_service.actions.submissions import Submissions
from chat_service.domain.conversations import Conversation
from chat_service.domain.intents import SetRole, TimeOut
from chat_service.domain.moderation import RoomRole
from servicekit.times import rfc3339


class Moderation:
    """Who may do it is decided where it is stored. Each counts like a message, and raises TooManyMessages."""

    def __init__(self, *, rooms: Rooms, people: People, submissions: Submissions, clock: Callable[[], float]) -> None:
        self._rooms = rooms
        self._people = people
        self._submissions = submissions
        self._clock = clock

    async def set_role(self, username: str, room: str, whom: str, role: RoomRole) -> None:
        """Raises UnknownRoom, UnknownRecipient, NotTheOwner, NotAllowed or NotAMember."""
        self._submissions.count(username)
        conversation, person = await self._find(username, room, whom)
        await self._submissions.store_and_wait(username, SetRole(conversation=conversation, username=person, role=role))

    async def time_out(self, username: str, room: str, whom: str, seconds: int) -> str | None:
        """Until when; with 0 seconds a timeout ends. Raises UnknownRoom, UnknownRecipient or NotAllowed."""
        self._submissions.count(username)
        conversation, person = await self._find(username, room, whom)
        until = rfc3339(self._clock() + seconds) if seconds else None
        await self._submissions.store_and_wait(
            username, TimeOut(conversation=conversation, username=person, until=until)
        )
        return until

    async def moderates(self, username: str) -> bool:
        """The whole community, as far as this service has copied it."""
        person = await self._people.get_known(username)
        return person.role in {"moderator", "owner"} and not person.banned

    async def _find(self, username: str, room: str, whom: str) -> tuple[Conversation, str]:
        found = await self._rooms.get(username, room)
        return Conversation.room(found.name), (await self._people.get(whom)).username
