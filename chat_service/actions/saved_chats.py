"""Saved chats: the people whom somebody keeps in their list."""

from collections.abc import Callable

import msgspec

from chat_service.actions.people import People
from chat_service.actions.presence import Presence
from chat_service.actions.submissions import Submissions
from chat_service.domain.people import SavedChat
from chat_service.domain.refusals import RecipientIsSelf
from chat_service.store.conversations import Conversations
from chat_service.store.people import PeopleStore
from servicekit.times import rfc3339


class SavedChats:
    def __init__(
        self,
        *,
        conversations: Conversations,
        contacts: PeopleStore,
        people: People,
        presence: Presence,
        submissions: Submissions,
        clock: Callable[[], float],
    ) -> None:
        self._conversations = conversations
        self._contacts = contacts
        self._people = people
        self._presence = presence
        self._submissions = submissions
        self._clock = clock

    async def list_of(self, username: str) -> list[SavedChat]:
        """By recent activity."""
        saved = await self._conversations.saved_chats(username)
        online = set(await self._presence.contacts_online(username))
        return [msgspec.structs.replace(chat, online=chat.chat_username in online) for chat in saved]

    async def save(self, username: str, other: str, nickname: str | None, pfp: str | None) -> None:
        """Save the chat, or change how it is shown. It counts like a message.

        Raises TooManyMessages, UnknownRecipient, RecipientIsSelf or TooManySavedChats.
        """
        self._submissions.count(username)
        person = await self._people.get(other)
        if person.username == username:
            raise RecipientIsSelf
        await self._contacts.save_chat(
            username,
            person.username,
            nickname=nickname or person.nickname,
            pfp=person.pfp if pfp is None else pfp,
            now=rfc3339(self._clock()),
        )
