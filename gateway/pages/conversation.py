"""The page of a conversation: a chat with a person, or a room, with the forms for whatever one may do there."""

import asyncio
import secrets
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.api_types import Attention, Room, SavedChat, SavedDraft
from gateway.domain.conversations import Conversation
from gateway.domain.message_view import Reading
from gateway.domain.notification_choices import LEVELS, MUTES
from gateway.domain.people import Person
from gateway.domain.room_powers import NO_POWERS, RoomPowers, powers_in
from gateway.domain.timeline import entries
from gateway.pages.history import (
    NO_HISTORY,
    Part,
    find_profile,
    load_answered,
    load_history,
    load_newest,
    load_part,
    load_people,
)
from gateway.pages.layout import Layout, load_layout
from gateway.pages.moderation_view import load_blocks, moderation_of_chat, moderation_of_room
from gateway.pages.page_request import PageRequest, signed_in
from gateway.pages.page_response import language_of
from gateway.pages.pins import load_pinned_ids
from gateway.pages.room_people import context_of_members, load_members, shown_members
from gateway.pages.saved_drafts import NO_DRAFT, load_draft
from gateway.pages.service_client import get
from gateway.state import State

REACTIONS = ("👍", "❤️", "😂", "🎉", "😮", "😢", "👀", "🙏")


class FormState(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed into a form of the page that could not be carried out, and why; else as it is here.

    `text` is that of a new message, of the message `edit`, or what is said of the message `report`; `fields` and
    `field_errors` are of the other forms, where `act` stands for what has no field; `candidates` are those who
    may be meant by a name that was typed.
    """

    status: int = 200
    error: str = ""
    text: str | None = None
    reply_to: int | None = None
    edit: int | None = None
    report: int | None = None
    fields: dict[str, str] = {}
    field_errors: dict[str, str] = {}
    candidates: tuple[Person, ...] = ()

    @property
    def about(self) -> int | None:
        """The message whose form it is; None for that of a new one."""
        return self.edit or self.report


NOTHING_TYPED = FormState()


class _Content(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows; of a chat `person`, perhaps `saved`, of a room `room`.

    `blocked` are those whom the reader has blocked, `moderation` is for the template alone.
    """

    conversation: Conversation
    layout: Layout
    history: Part
    people: dict[str, Person]
    blocked: frozenset[str]
    moderation: dict[str, Any]
    powers: RoomPowers = NO_POWERS
    draft: SavedDraft = NO_DRAFT
    pinned: frozenset[int] = frozenset()
    attention: Attention
    other_read_seq: int = 0
    person: Person | None = None
    saved: SavedChat | None = None
    room: Room | None = None

    @property
    def last_seq(self) -> int:
        """Of the conversation, as it was before its messages were asked for; but where those are the newest, theirs."""
        messages = self.history.messages
        if self.history.is_newest:
            return messages[-1].seq if messages else 0
        shown = self.room or self.saved
        return shown.last_seq if shown else 0

    @property
    def seen_seq(self) -> int:
        """How far the reader has seen it."""
        first = self.history.first_unread
        return first.seq - 1 if first is not None else self.last_seq


def conversation_of(request: Request[State]) -> Conversation:
    """By the path."""
    params = request.path_params
    return Conversation.in_room(params["room"]) if "room" in params else Conversation.with_person(params["username"])


async def show(request: Request[State]) -> Response:
    page = await signed_in(request)
    return await show_conversation(page, conversation_of(request))


async def show_message(request: Request[State]) -> Response:
    """A message's own address: where it stands, with what was said around it."""
    page = await signed_in(request)
    message_id = request.path_params["message_id"]
    return page.redirect(f"{conversation_of(request).path}?around={message_id}#message-{message_id}")


async def show_conversation(
    page: PageRequest, conversation: Conversation, form_state: FormState = NOTHING_TYPED
) -> Response:
    """As far as the reader may see it. Raises Refused, Unavailable."""
    if conversation.is_room:
        content = await _load_room(page, conversation)
    elif conversation.name.lower() == page.username.lower():
        return page.redirect("/settings")
    else:
        content = await _load_chat(page, conversation)
    return await _render(page, content, form_state)


async def _load_chat(page: PageRequest, conversation: Conversation) -> _Content:
    username = conversation.name
    layout, messages, profile, blocks, draft, pinned = await asyncio.gather(
        load_layout(page),
        load_newest(page, conversation),
        find_profile(page, username),
        load_blocks(page),
        load_draft(page, conversation),
        load_pinned_ids(page, conversation),
    )
    saved = layout.find_chat(username)
    if messages is None:  # after the layout, which says from where on the page is to be told of changes
        messages = await load_history(page, conversation)
    history = await load_part(page, conversation, messages, saved.unread if saved else 0)
    person = profile.person if profile.username else saved.person if saved else Person(username, username)
    blocked = frozenset(block.username for block in blocks)
    return _Content(
        conversation=person.conversation,
        layout=layout,
        history=history,
        people={layout.me.username: layout.me, person.username: person},
        blocked=blocked,
        moderation=moderation_of_chat(person, blocked),
        draft=draft,
        pinned=pinned,
        attention=saved or Attention(level="all"),
        other_read_seq=saved.other_read_seq if saved else 0,
        person=person,
        saved=saved,
    )


async def _load_room(page: PageRequest, conversation: Conversation) -> _Content:
    layout, room, blocks, loaded = await asyncio.gather(
        load_layout(page),
        get(page, conversation.room_path, Room),
        load_blocks(page),
        load_members(page, conversation),
    )
    inside = await _load_inside(page, room) if room.is_member else (NO_HISTORY, NO_DRAFT, frozenset[int]())
    history, draft, pinned = inside
    members = shown_members(page, room, loaded)
    listed = {one.username: one.person for one in members.members}
    senders = {message.sender_username for message in history.messages}
    people = await load_people(page, layout, senders | {*listed}, listed)
    powers, blocked = powers_in(room, layout.profile.role), frozenset(block.username for block in blocks)
    return _Content(
        conversation=room.conversation,
        layout=layout.with_room(room),
        history=history,
        people=people,
        blocked=blocked,
        moderation=moderation_of_room(page, room, powers, blocked) | context_of_members(page, members, people),
        powers=powers,
        draft=draft,
        pinned=pinned,
        attention=room,
        room=room,
    )


async def _load_inside(page: PageRequest, room: Room) -> tuple[Part, SavedDraft, frozenset[int]]:
    conversation = room.conversation
    messages, draft, pinned = await asyncio.gather(
        load_history(page, conversation), load_draft(page, conversation), load_pinned_ids(page, conversation)
    )
    return await load_part(page, conversation, messages, room.unread), draft, pinned


async def _render(page: PageRequest, content: _Content, form_state: FormState) -> Response:
    query = content.history.query
    asked = (form_state.reply_to, query.reply_to, content.draft.reply_to)
    reply_to = next((one for one in asked if one is not None), None) or None  # 0 is for none
    reading = Reading(
        reader=page.username,
        powers=content.powers,
        collapsed=content.blocked if content.room else frozenset(),
        path=content.conversation.path,
        history_query=query.position,
        people=content.people,
        answered=await load_answered(page, content.conversation, content.history.messages, reply_to),
        may_pin=content.room is None or content.powers.moderates,
        pinned=content.pinned,
        tools=query.tools | {"edit": form_state.edit or query.edit, "report": form_state.report or query.report},
    )
    return page.render(
        "conversation.html",
        form_state.status,
        **_context_of_history(page, content, reading, form_state),
        layout=content.layout,
        current=content.conversation,
        conversation=content.conversation,
        person=content.person,
        saved=content.saved,
        room=content.room,
        people=content.people,
        pinned=sorted(content.pinned),
        is_owner=content.room is not None and content.room.owner == page.username,
        **content.moderation,
        attention=content.attention,
        levels=LEVELS,
        mutes=MUTES,
        draft=content.draft,
        is_answering=bool(query.reply_to),
        reply_to=reply_to,
        reply_quote=reading.quote(reply_to),
        nonce=secrets.token_urlsafe(12),
        form_state=form_state,
        form=form_state.fields,
        field_errors=form_state.field_errors,
    )


def _context_of_history(
    page: PageRequest, content: _Content, reading: Reading, form_state: FormState
) -> dict[str, Any]:
    history, position = content.history, content.history.query.position
    shown = entries(
        history.messages,
        reader=page.username,
        first_unread=history.first_unread,
        other_read_seq=content.other_read_seq,
    )
    renderer, language = page.state["renderer"], language_of(page.request).code
    return {
        "entries": shown,
        "articles": [renderer.message(language, reading.view(entry), form_state, REACTIONS) for entry in shown],
        "empty_article": renderer.empty_message(language, position),
        "empty_files": renderer.empty_files(language),
        "is_newest": history.is_newest,
        "has_older": history.has_older,
        "history_query": position,
        # As old as what is shown, and never newer: scripts ask for what came after it.
        "last_seq": content.last_seq,
        "seen_seq": content.seen_seq,
        "seen_to_seq": history.seen_to_seq if form_state.status == 200 else None,
        "other_read_seq": content.other_read_seq,
    }
