"""Typing notices: that somebody is typing, told to those who are connected now, and kept nowhere."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from chat_service.domain import events
from chat_service.domain.conversations import Conversation, Label
from chat_service.domain.envelopes import Envelope, RoomEnvelope, room_channel, to_person
from chat_service.domain.readers import Reader
from chat_service.domain.refusals import NotAccepted, NotAMember
from chat_service.feed import Feed
from servicekit.database import DatabaseError
from servicekit.tasks import Tasks
from servicekit.token_buckets import PEOPLE_REMEMBERED_MAX

INTERVAL_S = 1.0


class TypingNotices:
    def __init__(
        self,
        *,
        feed: Feed,
        monotonic: Callable[[], float],
        check_accepts: Callable[[str, str], Awaitable[None]],
        is_timed_out: Callable[[str, str], Awaitable[bool]],
    ) -> None:
        """`check_accepts(username, other)` raises NotAccepted; `is_timed_out(username, room)` is the same of rooms."""
        self._feed = feed
        self._monotonic = monotonic
        self._check_accepts = check_accepts
        self._is_timed_out = is_timed_out
        self._tasks = Tasks()
        self._told_at_s: dict[tuple[str, Conversation], float] = {}

    def tell(self, reader: Reader, conversation: Conversation) -> None:
        """Tell the others, at most once in INTERVAL_S. Raises NotAMember."""
        if conversation.is_room and Label(conversation.name) not in reader.positions:
            raise NotAMember(conversation.name)
        key, now_s = (reader.username, conversation), self._monotonic()
        if now_s - self._told_at_s.get(key, float("-inf")) < INTERVAL_S:
            return
        self._tasks.start(self._tell_others(reader.username, conversation))
        self._told_at_s.pop(key, None)  # so that the one who typed longest ago comes first
        self._told_at_s[key] = now_s
        if len(self._told_at_s) > PEOPLE_REMEMBERED_MAX:
            del self._told_at_s[next(iter(self._told_at_s))]

    async def _tell_others(self, username: str, conversation: Conversation) -> None:
        """Where they could also write: who may not is not heard in this way either."""
        with suppress(NotAccepted, DatabaseError):
            if conversation.is_room:
                if await self._is_timed_out(username, conversation.name):
                    return
            else:
                await self._check_accepts(username, conversation.other_than(username))
            self._feed.tell([_notice(username, conversation)])

    async def close(self) -> None:
        await self._tasks.close()


def _notice(username: str, conversation: Conversation) -> Envelope:
    if conversation.is_room:
        label = Label(conversation.name)
        event = events.typing(label, username)
        return RoomEnvelope(channel=room_channel(label), label=label, author=username, event=event)
    label = Label.of_person(username)
    return to_person(conversation.other_than(username), label, event=events.typing(label, username))
