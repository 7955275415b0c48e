"""Saved drafts: what the reader is about to write, kept by chat. Scripts change it, and every page shows it."""

from gateway.domain.api_types import SavedDraft
from gateway.domain.conversations import Conversation
from gateway.pages.page_request import PageRequest
from gateway.pages.service_client import ANSWER_S_MAX, Refused, find, json_body, tell
from servicekit.problems import Unavailable

NO_DRAFT = SavedDraft()


async def load_draft(page: PageRequest, conversation: Conversation) -> SavedDraft:
    """An empty one where it cannot be had. It is worth waiting for: what is typed into that takes its place."""
    return await find(page, f"{conversation.own_path}/draft", SavedDraft, NO_DRAFT, within_s=ANSWER_S_MAX)


async def forget_draft(page: PageRequest, conversation: Conversation) -> None:
    """It has been sent. Whoever cannot forget it now will find it in the composer."""
    try:
        await tell(page, "PUT", f"{conversation.own_path}/draft", body=json_body(NO_DRAFT))
    except (Refused, Unavailable):
        return
