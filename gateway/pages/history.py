"""The history that a conversation's page shows: the messages, those that they answer, and who said them."""

import asyncio
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from urllib.parse import quote, urlencode

import msgspec

from gateway.domain.api_types import Message, Profile
from gateway.domain.conversations import Conversation
from gateway.domain.numbers import whole_number
from gateway.domain.people import Person, named_person
from gateway.domain.timeline import first_of_others, first_unread
from gateway.pages.layout import Layout
from gateway.pages.page_request import PageRequest
from gateway.pages.service_client import find, get

HISTORY_PAGE = 50
_LOOKED_UP_MAX = 20  # messages that were answered, beside those of the page
_PROFILES_PAGE = 100  # of auth
_NOBODY = Profile("")
NOBODY_ELSE: Mapping[str, Person] = MappingProxyType({})


class HistoryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of the history is asked for, and what is to be done with which of its messages; all are their ids."""

    before: int | None = None
    after: int | None = None
    around: int | None = None
    newest: int | None = None
    reply_to: int | None = None
    edit: int | None = None
    delete: int | None = None
    react: int | None = None
    report: int | None = None
    unread: int | None = None
    more: int | None = None

    @classmethod
    def of(cls, page: PageRequest) -> "HistoryQuery":
        given = page.request.query_params
        return cls(**{name: whole_number(given.get(name)) for name in cls.__struct_fields__})

    @property
    def position(self) -> str:
        """The query that leads back to this part, empty for the newest."""
        parts = {"before": self.before, "after": self.after, "around": self.around, "newest": self.newest}
        kept = {name: value for name, value in parts.items() if value is not None}
        return "?" + urlencode(kept) if kept else ""

    @property
    def is_part(self) -> bool:
        """Whether it asks for another part than the one that everybody begins with."""
        return not (self.before is self.after is self.around is None)

    @property
    def tools(self) -> dict[str, int | None]:
        """Which message has which tool open."""
        return {
            "edit": self.edit,
            "delete": self.delete,
            "react": self.react,
            "unread": self.unread,
            "more": self.more,
        }

    def is_newest(self, messages: Sequence[Message]) -> bool:
        """Whether nothing comes behind `messages`, which are the answer."""
        if self.around is not None:
            return sum(message.id >= self.around for message in messages) < HISTORY_PAGE - HISTORY_PAGE // 2
        return self.before is None and (self.after is None or len(messages) < HISTORY_PAGE)

    def has_older(self, messages: Sequence[Message]) -> bool:
        """Whether something may come before `messages`, which are the answer."""
        if self.around is not None:
            return sum(message.id < self.around for message in messages) >= HISTORY_PAGE // 2
        return len(messages) >= HISTORY_PAGE


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a history that a page shows.

    `first_unread` is the first message that the reader has not seen, which may stand elsewhere; None where they have
    seen all. `opens_unread`: the page was asked for without a part, and is the one where that begins.
    """

    query: HistoryQuery
    messages: Sequence[Message]
    first_unread: Message | None = None
    opens_unread: bool = False

    @property
    def is_newest(self) -> bool:
        return self.query.is_newest(self.messages)

    @property
    def has_older(self) -> bool:
        return self.query.has_older(self.messages)

    @property
    def seen_to_seq(self) -> int | None:
        """What a reader without scripts has seen once they have seen this page; None for no more than before."""
        shows_news = self.first_unread is not None and (self.is_newest or self.opens_unread)
        return self.messages[-1].seq if shows_news else None


NO_HISTORY = Part(query=HistoryQuery(), messages=())


async def load_history(page: PageRequest, conversation: Conversation) -> list[Message]:
    asked = HistoryQuery.of(page)
    return await _load(page, conversation, {"before": asked.before, "after": asked.after, "around": asked.around})


async def _load(page: PageRequest, conversation: Conversation, place: dict[str, str | int | None]) -> list[Message]:
    return await get(page, conversation.messages_path, list[Message], {**place, "limit": HISTORY_PAGE})


async def load_newest(page: PageRequest, conversation: Conversation) -> list[Message] | None:
    """None where the page asks for another part."""
    return None if HistoryQuery.of(page).is_part else await load_history(page, conversation)


async def load_part(page: PageRequest, conversation: Conversation, messages: list[Message], unread: int) -> Part:
    """With `messages`, which the query asked for; but that where the unread begins, if nothing else was asked for."""
    asked = HistoryQuery.of(page)
    is_newest = not asked.is_part
    first = first_unread(messages, reader=page.username, unread=unread) if is_newest else None
    if first is None and unread:
        unseen = await _load(page, conversation, {"unread": "true"})
        first = first_of_others(unseen, reader=page.username)
        if first is not None and is_newest and asked.newest is None:
            messages = await _load(page, conversation, {"around": first.id})
            around = msgspec.structs.replace(asked, around=first.id)
            return Part(query=around, messages=messages, first_unread=first, opens_unread=True)
    return Part(query=asked, messages=messages, first_unread=first)


async def load_answered(
    page: PageRequest, conversation: Conversation, messages: Sequence[Message], reply_to: int | None
) -> dict[int, Message]:
    """The messages that those of the page and the form answer, by their id; a few may stand further up."""
    known = {message.id: message for message in messages}
    wanted = {message.reply_to for message in messages} | {reply_to}
    missing = sorted(one for one in wanted - known.keys() if one is not None)[-_LOOKED_UP_MAX:]
    path = conversation.messages_path
    pages = await asyncio.gather(
        *(find(page, path, list[Message], [], {"before": one + 1, "limit": 1}) for one in missing)
    )
    known |= {message.id: message for found in pages for message in found}
    return {one: known[one] for one in wanted if one is not None and one in known}


async def find_profile(page: PageRequest, username: str) -> Profile:
    """Of nobody, where that cannot be known now: the chat service says whether there is such a person."""
    return await find(page, f"/api/search-user/{quote(username, safe='')}", Profile, _NOBODY)


async def load_people(
    page: PageRequest, layout: Layout, usernames: set[str], otherwise: Mapping[str, Person] = NOBODY_ELSE
) -> dict[str, Person]:
    """Who they are, those of the saved chats by the names that the reader gave them; of others `otherwise`."""
    named = {chat.chat_username: chat.person for chat in layout.chats}
    found = {profile.username: profile.person for profile in await _find_profiles(page, sorted(usernames))}
    people = {name: named_person(found.get(name), named.get(name)) for name in usernames}
    known = {name: person or otherwise.get(name) or Person(name, name) for name, person in people.items()}
    return known | {layout.me.username: layout.me}


async def _find_profiles(page: PageRequest, usernames: Sequence[str]) -> list[Profile]:
    """Those that can be had."""
    pages = await asyncio.gather(
        *(
            find(page, "/api/profiles", list[Profile], [], {"usernames": ",".join(some)})
            for some in (usernames[at : at + _PROFILES_PAGE] for at in range(0, len(usernames), _PROFILES_PAGE))
        )
    )
    return [profile for found in pages for profile in found]
