"""Pins: the messages of a conversation that everybody in it has at hand, and marking one as such."""

import msgspec

from gateway.domain.conversations import Conversation
from gateway.pages.page_request import PageRequest
from gateway.pages.service_client import find


class _Pinned(msgspec.Struct):
    id: int


async def load_pinned_ids(page: PageRequest, conversation: Conversation) -> frozenset[int]:
    """Of the pinned messages; of none where that cannot be known now."""
    found = await find(page, conversation.pins_path, list[_Pinned], [])
    return frozenset(one.id for one in found)
