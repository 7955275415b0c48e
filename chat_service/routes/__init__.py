"""The HTTP interface of chat."""

from starlette.requests import Request
from starlette.routing import Route

from chat_service.refusals import REFUSALS
from chat_service.routes import (
    attention,
    blocks,
    chats,
    drafts,
    internal,
    mentions,
    messages,
    moderation,
    pins,
    reports,
    room_members,
    rooms,
    search,
)
from chat_service.state import State
from servicekit import contract, health, status
from servicekit.contract import Limits
from servicekit.routing import route

_ROOM, _PERSON = "/api/rooms/{room}", "/api/messages/{other_username}"
_CONVERSATION = "/api/conversations/{conversation:label}"
ROUTES: list[Route] = [
    route("/api/saved-chats", GET=chats.saved_chats),
    route("/api/save-chat", POST=chats.save_chat),
    route("/api/search-messages", GET=search.search_messages),
    route(_PERSON, GET=messages.messages, POST=messages.send_message),
    *(
        one
        for path in (_PERSON, _ROOM)
        for one in (
            route(path + "/pins", GET=pins.pins),
            route(path + "/pins/{message_id:id}", PUT=pins.pin, DELETE=pins.unpin),
        )
    ),
    route("/api/messages/{message_id:id}/replies", GET=messages.replies),
    route("/api/rooms", GET=rooms.rooms, POST=rooms.create_room),
    route(_ROOM, GET=rooms.room, PATCH=rooms.change_room, DELETE=rooms.close_room),
    route(_ROOM + "/members", GET=room_members.members),
    route(_ROOM + "/members/{username}", PUT=rooms.add_member, DELETE=rooms.remove_member),
    route(_ROOM + "/members/{username}/role", PUT=moderation.set_role),
    route(_ROOM + "/timeouts/{username}", PUT=moderation.time_out, DELETE=moderation.end_timeout),
    route(_ROOM + "/messages", GET=messages.room_messages, POST=messages.send_message),
    *(
        one
        for path in (_PERSON, _ROOM + "/messages")
        for one in (
            route(path + "/read", PUT=messages.read),
            route(path + "/{message_id:id}", PATCH=messages.edit_message, DELETE=messages.delete_message),
            route(path + "/{message_id:id}/cards", DELETE=messages.remove_cards),
            route(
                path + "/{message_id:id}/reactions/{emoji}", PUT=messages.add_reaction, DELETE=messages.remove_reaction
            ),
        )
    ),
    route(_CONVERSATION + "/draft", GET=drafts.draft, PUT=drafts.put_draft),
    route(_CONVERSATION + "/notifications", GET=attention.notifications, PUT=attention.choose_notifications),
    route(_CONVERSATION + "/unread", PUT=attention.mark_unread),
    route("/api/quiet-hours", GET=attention.quiet_hours, PUT=attention.choose_quiet_hours),
    route("/api/mentions", GET=mentions.mentions),
    route("/api/blocks", GET=blocks.blocks),
    route("/api/blocks/{username}", PUT=blocks.block, DELETE=blocks.unblock),
    route("/api/reports", POST=reports.report),
    route("/api/admin/reports", GET=reports.reports, PATCH=reports.handle_report),
    route("/internal/acts", GET=internal.acts),
    route("/internal/attachments/{file_id}", GET=internal.attachment),
    route("/internal/audience", GET=internal.audience),
    route("/internal/inviting", GET=internal.inviting),
    route("/internal/members", GET=internal.members),
    route("/internal/released-files", GET=internal.orphaned_files),
    *health.service_routes(),
    *status.routes(internal.count),
]


def limits(request: Request[State]) -> Limits:
    return {**messages.limits(request), **drafts.limits(request)}


ROUTES += contract.routes(ROUTES, REFUSALS, limits)
