"""Conversations: a chat with a person, or a room; what was said, and saying something."""

import asyncio
import secrets
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.items import Message, Profile, Room
from gateway.domain.paths import chat_path, room_path
from gateway.domain.people import Person
from gateway.domain.timeline import entries
from gateway.message_forms import MessageForm
from gateway.pages.explanations import explain, in_short
from gateway.pages.frame import Frame, frame, person_in, person_of
from gateway.pages.services import NO_BODY, Refused, find, get, json_body, tell
from gateway.pages.uploads import upload
from gateway.pages.visits import Visit, changing, is_page_wanted, own_form, signed_in
from gateway.state import State
from servicekit.problems import Unavailable

HISTORY_PAGE = 50
_LOOKED_UP_MAX = 20  # people, and messages that were answered, beside those of the page
_NOBODY = Profile("")
REACTIONS = ("👍", "❤️", "😂", "🎉", "😮", "😢", "👀", "🙏")


class Place(msgspec.Struct, frozen=True):
    """One conversation: `label` as events name it, `path` its page, `api` where its messages are."""

    name: str
    is_room: bool

    @property
    def label(self) -> str:
        return ("#" if self.is_room else "@") + self.name

    @property
    def path(self) -> str:
        return room_path(self.name) if self.is_room else chat_path(self.name)

    @property
    def api(self) -> str:
        name = quote(self.name, safe="")
        return f"/api/rooms/{name}/messages" if self.is_room else f"/api/messages/{name}"


class Composing(msgspec.Struct, frozen=True):
    """What a form held that could not be carried out, and why."""

    status: int = 200
    error: str = ""
    text: str | None = None
    reply_to: int | None = None
    edit: int | None = None
    faults: dict[str, str] = {}
    typed: dict[str, str] = {}


def place_of(request: Request[State]) -> Place:
    params = request.path_params
    return Place(params["room"], is_room=True) if "room" in params else Place(params["username"], is_room=False)


async def conversation(request: Request[State]) -> Response:
    visit = await signed_in(request)
    return await shown(visit, place_of(request), Composing())


async def shown(visit: Visit, place: Place, composing: Composing) -> Response:
    """The page of a conversation, as far as the visitor may see it."""
    if place.is_room:
        return await _shown_room(visit, place, composing)
    return await _shown_chat(visit, place, composing)


async def _shown_chat(visit: Visit, place: Place, composing: Composing) -> Response:
    if place.name.lower() == visit.username.lower():
        return visit.back("/settings")
    framed, messages, profile = await asyncio.gather(
        frame(visit), _history(visit, place), _public_profile(visit, place.name)
    )
    saved = framed.chat(place.name)
    person = person_of(profile) if profile.username else person_in(saved) if saved else Person(place.name, place.name)
    people = {framed.me.username: framed.me, person.username: person}
    where = Place(person.username, is_room=False)
    unread = saved.unread if saved else 0
    return await _page(
        visit,
        framed,
        where,
        messages,
        people,
        composing,
        unread=unread,
        other_read_seq=saved.other_read_seq if saved else 0,
        person=person,
        saved=saved,
        room=None,
    )


async def _shown_room(visit: Visit, place: Place, composing: Composing) -> Response:
    framed, room = await asyncio.gather(frame(visit), get(visit, f"/api/rooms/{quote(place.name, safe='')}", Room))
    where = Place(room.name, is_room=True)
    messages = await _history(visit, where) if room.is_member else []
    people = await _people(visit, framed, {message.sender_username for message in messages} | {*room.members[:12]})
    return await _page(
        visit,
        framed.beside(room),
        where,
        messages,
        people,
        composing,
        unread=room.unread,
        other_read_seq=0,
        person=None,
        saved=None,
        room=room,
    )


async def _page(
    visit: Visit,
    framed: Frame,
    place: Place,
    messages: Sequence[Message],
    people: dict[str, Person],
    composing: Composing,
    *,
    unread: int,
    other_read_seq: int,
    **about: Any,
) -> Response:
    asked = visit.request.query_params
    is_newest = "before" not in asked and ("after" not in asked or len(messages) < HISTORY_PAGE)
    answered = await _answered(visit, place, messages, _number(asked.get("reply_to")) or composing.reply_to)
    response = visit.page(
        "conversation.html",
        composing.status,
        frame=framed,
        current=place.label,
        place=place,
        entries=entries(
            messages, reader=visit.username, unread=unread if is_newest else 0, other_read_seq=other_read_seq
        ),
        people=people,
        answered=answered,
        composing=composing,
        reply_to=composing.reply_to or _number(asked.get("reply_to")),
        editing=composing.edit or _number(asked.get("edit")),
        deleting=_number(asked.get("delete")),
        reacting=_number(asked.get("react")),
        page_query=_page_query(visit),
        reactions=REACTIONS,
        nonce=secrets.token_urlsafe(12),
        is_newest=is_newest,
        has_older=len(messages) >= HISTORY_PAGE,
        # As old as what is shown, and never newer: scripts ask for what came after it.
        last_seq=messages[-1].seq if messages else 0,
        other_read_seq=other_read_seq,
        faults=composing.faults,
        form=composing.typed,
        **about,
    )
    if unread and is_newest and messages and composing.status == 200:
        await _mark_read(visit, place, messages[-1].seq)
    return response


async def _mark_read(visit: Visit, place: Place, seq: int) -> None:
    """Everything that is shown has been seen.

    A GET that changes something: only how far the visitor has read, which they see no other way without scripts. It
    is harmless twice and nobody gains by a forged one. What a browser fetches ahead, or as a picture (somebody's avatar
    may have this address), has not been seen.
    """
    request = visit.request
    if "prefetch" in request.headers.get("sec-purpose", "") or request.method == "HEAD" or not is_page_wanted(request):
        return
    try:
        await tell(visit, "PUT", f"{place.api}/read", body=json_body({"seq": seq}))
    except (Refused, Unavailable):  # the page is there; the mark comes with the next one
        return


async def _history(visit: Visit, place: Place) -> list[Message]:
    asked = visit.request.query_params
    before, after = _number(asked.get("before")), _number(asked.get("after"))
    return await get(visit, place.api, list[Message], {"before": before, "after": after, "limit": HISTORY_PAGE})


async def _public_profile(visit: Visit, username: str) -> Profile:
    """Of nobody, where that cannot be known now: the chat service says whether there is such a person."""
    path = f"/api/search-user/{quote(username, safe='')}"
    return await find(visit, path, Profile, _NOBODY)


async def _people(visit: Visit, framed: Frame, usernames: set[str]) -> dict[str, Person]:
    """Who they are: those of the saved chats, and a few others that are looked up."""
    known = {chat.chat_username: person_in(chat) for chat in framed.chats} | {framed.me.username: framed.me}
    missing = sorted(usernames - known.keys())[:_LOOKED_UP_MAX]
    profiles = await asyncio.gather(*(_public_profile(visit, username) for username in missing))
    found = {profile.username: person_of(profile) for profile in profiles if profile.username}
    return {name: known.get(name) or found.get(name) or Person(name, name) for name in usernames | {visit.username}}


async def _answered(
    visit: Visit, place: Place, messages: Sequence[Message], replying_to: int | None
) -> dict[int, Message]:
    """The messages that those of the page answer, by their id; a few may stand further up."""
    known = {message.id: message for message in messages}
    wanted = {message.reply_to for message in messages} | {replying_to}
    missing = sorted(one for one in wanted - known.keys() if one is not None)[-_LOOKED_UP_MAX:]
    pages = await asyncio.gather(
        *(find(visit, place.api, list[Message], [], {"before": one + 1, "limit": 1}) for one in missing)
    )
    known |= {message.id: message for page in pages for message in page}
    return {one: known[one] for one in wanted if one is not None and one in known}


def _number(text: str | None) -> int | None:
    """A message id, if it is one."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 19 else None


def _page_query(visit: Visit) -> str:
    """Which part of the history is shown, so that a form leads back to it."""
    asked = visit.request.query_params
    kept = {name: asked[name] for name in ("before", "after") if _number(asked.get(name)) is not None}
    return "?" + urlencode(kept) if kept else ""


# Saying something


async def say(request: Request[State]) -> Response:
    """A new message: text, pictures, or both. The pictures go to the media service while they come."""
    visit = await changing(request)
    place = place_of(request)
    fields: dict[str, str] = {}
    try:
        attachments, fields = await _sent(visit)
        message = {
            "message": _lines(fields.get("message", "")),
            "attachments": attachments,
            "nonce": fields.get("nonce") or None,
            "reply_to": _number(fields.get("reply_to")),
        }
        kept = await tell(visit, "POST", place.api, body=json_body(message))
    except Refused as refused:
        typed = refused.fields or fields
        return await _told(
            visit, place, refused, text=typed.get("message", ""), reply_to=_number(typed.get("reply_to"))
        )
    return visit.back(f"{place.path}#message-{kept.json()['id']}")


async def _sent(visit: Visit) -> tuple[list[str], dict[str, str]]:
    """The ids of the pictures that were sent, which are kept by now, and the fields beside them."""
    request = visit.request
    if not request.headers.get("content-type", "").startswith("multipart/"):
        return [], await own_form(request)
    form = MessageForm(
        request.headers["content-type"],
        request.stream(),
        fields_bytes_max=request.state["json_body_bytes_max"],
    )
    await form.read_fields()
    if not form.has_files:
        return [], form.fields
    return [file.id for file in await upload(visit, form)], form.fields


async def _told(visit: Visit, place: Place, refused: Refused, **composing: Any) -> Response:
    """The conversation again, with what could not be done; or nothing but that, where it cannot be shown."""
    if refused.status == 404 and refused.problem.code in {"unknown_recipient", "unknown_room"}:
        raise refused
    error = in_short(refused.problem, visit.say)
    return await shown(visit, place, Composing(status=refused.status, error=error, **composing))


# Changing what was said


async def edit(request: Request[State]) -> Response:
    form = await own_form(request)
    message_id, text = request.path_params["message_id"], _lines(form.get("message", ""))
    return await _change(request, "PATCH", "", json={"message": text}, text=text, edit=message_id)


async def delete(request: Request[State]) -> Response:
    await own_form(request)
    return await _change(request, "DELETE", "")


async def react(request: Request[State]) -> Response:
    """`emoji` adds a reaction of one's own, `remove` takes it back."""
    form = await own_form(request)
    method, emoji = ("DELETE", form["remove"]) if "remove" in form else ("PUT", form.get("emoji", ""))
    return await _change(request, method, f"/reactions/{quote(emoji or '-', safe='')}")


async def _change(request: Request[State], method: str, below: str, *, json: Any = None, **composing: Any) -> Response:
    visit = await signed_in(request)
    place, message_id = place_of(request), request.path_params["message_id"]
    try:
        await tell(visit, method, f"{place.api}/{message_id}{below}", body=json_body(json) if json else NO_BODY)
    except Refused as refused:
        may_try_again = refused.status not in {403, 404}
        return await _told(visit, place, refused, **(composing if may_try_again else {}))
    return visit.back(f"{place.path}{_page_query(visit)}#message-{message_id}")


def _lines(text: str) -> str:
    """With the line breaks of a message: forms send CR LF (HTML Standard, 4.10.21.5)."""
    return text.replace("\r\n", "\n").rstrip()


# The chat and the room themselves


async def save_chat(request: Request[State]) -> Response:
    """Keep the person among one's chats, by a name of one's own if that is given."""
    form = await own_form(request)
    visit = await signed_in(request)
    place = place_of(request)
    wanted = {"username": place.name, "nickname": form.get("nickname", "").strip() or None}
    return await _done(visit, place, "POST", "/api/save-chat", "chat-saved", json=wanted, typed=form)


async def join(request: Request[State]) -> Response:
    await own_form(request)
    visit = await signed_in(request)
    return await _membership(visit, place_of(request), "PUT", visit.username)


async def leave(request: Request[State]) -> Response:
    await own_form(request)
    visit = await signed_in(request)
    return await _membership(visit, place_of(request), "DELETE", visit.username, notice="room-left", path="/")


async def add_member(request: Request[State]) -> Response:
    form = await own_form(request)
    visit = await signed_in(request)
    whom = form.get("username", "").strip() or "-"
    return await _membership(visit, place_of(request), "PUT", whom, notice="member-added", field="username", typed=form)


async def remove_member(request: Request[State]) -> Response:
    await own_form(request)
    visit = await signed_in(request)
    return await _membership(
        visit, place_of(request), "DELETE", request.path_params["username"], notice="member-removed"
    )


async def change_room(request: Request[State]) -> Response:
    form = await own_form(request)
    visit = await signed_in(request)
    place = place_of(request)
    wanted = {"topic": form.get("topic", "").strip(), "private": "private" in form}
    path = f"/api/rooms/{quote(place.name, safe='')}"
    return await _done(visit, place, "PATCH", path, "saved", json=wanted, typed=form)


async def close_room(request: Request[State]) -> Response:
    await own_form(request)
    visit = await signed_in(request)
    place = place_of(request)
    return await _done(visit, place, "DELETE", f"/api/rooms/{quote(place.name, safe='')}", "room-closed", path="/")


async def _membership(visit: Visit, place: Place, method: str, username: str, **done: Any) -> Response:
    api = f"/api/rooms/{quote(place.name, safe='')}/members/{quote(username, safe='')}"
    return await _done(visit, place, method, api, **done)


async def _done(
    visit: Visit,
    place: Place,
    method: str,
    api: str,
    notice: str = "",
    *,
    path: str | None = None,
    field: str = "",
    typed: dict[str, str] | None = None,
    json: Any = None,
) -> Response:
    """Ask, and go back to the conversation or to `path`; else the conversation with what was wrong, at `field`."""
    try:
        await tell(visit, method, api, body=json_body(json) if json else NO_BODY)
    except Refused as refused:
        if refused.status == 404 and refused.problem.code == "unknown_room":
            raise
        error, faults = explain(refused.problem, visit.say)
        if field:
            error, faults = "", {field: in_short(refused.problem, visit.say)}
        again = Composing(status=refused.status, error=error, faults=faults, typed=typed or {})
        return await shown(visit, place, again)
    return visit.back(path or place.path, notice)
