"""Which path is which page."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from gateway.domain.paths import is_page_with_files
from gateway.domain.refusals import UpgradeRequired
from gateway.pages import (
    account,
    attention,
    blocked_people,
    claim,
    conversation,
    conversation_details,
    home,
    mentions,
    messages,
    moderation,
    password_reset,
    profile,
    quiet_hours,
    reporting,
    rooms,
    search,
    settings,
    side_views,
    sign_in,
    sign_up,
    video,
    you,
)
from gateway.pages.admin import audit, instance, invitations, overview, people, reports, status
from gateway.pages.readiness import READINESS_LASTS_S, checks
from gateway.pages.static_files import static_file
from gateway.state import State
from servicekit import health
from servicekit.middleware import header
from servicekit.routing import route


def streams_body(scope: Scope) -> bool:
    """Whether the page takes files, reads the body as it comes, and bounds by itself what it keeps of it."""
    is_multipart = (header(scope, b"content-type") or b"").startswith(b"multipart/")
    return is_multipart and scope["method"] == "POST" and is_page_with_files(scope["path"])


async def upgrade_required(_: Request[State]) -> Response:
    raise UpgradeRequired


def _conversation(path: str) -> list[Route]:
    """A conversation and what is said in it."""
    return [
        route(path, GET=conversation.show, POST=messages.send_message),
        route(path + "/m/{message_id:id}", GET=conversation.show_message),
        route(path + "/m/{message_id:id}/replies", GET=side_views.replies),
        route(path + "/pins", GET=side_views.pins),
        route(path + "/{message_id:id}/pin", POST=side_views.pin),
        route(path + "/{message_id:id}/unpin", POST=side_views.unpin),
        route(path + "/seen", GET=messages.mark_seen),
        route(path + "/{message_id:id}/edit", POST=messages.edit_message),
        route(path + "/{message_id:id}/delete", POST=messages.delete_message),
        route(path + "/{message_id:id}/react", POST=messages.react),
        route(path + "/{message_id:id}/remove-cards", POST=messages.remove_cards),
        route(path + "/{message_id:id}/unread", POST=attention.mark_unread),
        route(path + "/notifications", POST=attention.choose_notifications),
        route(path + "/read", POST=attention.mark_read),
        route(path + "/{message_id:id}/report", POST=reporting.report_message),
    ]


def _moderation() -> list[Route]:
    """For who keeps order in a room, and for everybody with a person."""
    chat, member = "/chat/{username}", "/rooms/{room}/members/{username}"
    return [
        route(chat + "/block", POST=moderation.block),
        route(chat + "/unblock", POST=moderation.unblock),
        route(chat + "/report", POST=reporting.report_person),
        route("/rooms/{room}/slow-mode", POST=moderation.set_slow_mode),
        route(member + "/role", POST=moderation.set_role),
        route(member + "/timeout", POST=moderation.time_out),
        route(member + "/end-timeout", POST=moderation.end_timeout),
        route("/settings/quiet-hours", POST=quiet_hours.choose_quiet_hours),
        route("/settings/block", POST=blocked_people.block),
        route("/settings/unblock", POST=blocked_people.unblock),
    ]


def _admin() -> list[Route]:
    """For who runs the instance; invitations also for members who may make them."""
    person = "/admin/people/{username}"
    return [
        route("/admin", GET=overview.overview),
        route("/admin/welcome", GET=instance.first_steps, POST=instance.take_first_steps),
        route("/admin/instance", GET=instance.instance, POST=instance.change_instance),
        route("/admin/people", GET=people.people),
        route(person, GET=people.person),
        route(person + "/ban", POST=people.ban),
        route(person + "/end-ban", POST=people.end_ban),
        route(person + "/role", POST=people.set_role),
        route(person + "/reset-link", POST=people.make_reset_link),
        route("/admin/reports", GET=reports.reports, POST=reports.handle_report),
        route("/admin/audit", GET=audit.audit),
        route("/admin/invitations", GET=invitations.invitations, POST=invitations.invite),
        route("/admin/invitations/end", POST=invitations.end_invitation),
        route("/invitations", GET=invitations.invitations, POST=invitations.invite),
        route("/invitations/end", POST=invitations.end_invitation),
    ]


PAGES = [
    route("/", GET=home.home),
    route("/sign-in", GET=sign_in.sign_in_form, POST=sign_in.sign_in),
    route("/sign-up", GET=sign_up.sign_up_form, POST=sign_up.sign_up),
    route("/claim/{code}", GET=claim.claim_form, POST=claim.claim),
    route("/invite/{code}", GET=sign_up.invitation_form, POST=sign_up.accept_invitation),
    route("/reset/{code}", GET=password_reset.reset_form, POST=password_reset.reset),
    route("/logout", GET=sign_in.logout),
    *_conversation("/chat/{username}"),
    route("/chat/{username}/save", POST=conversation_details.save_chat),
    route("/rooms", GET=rooms.rooms, POST=rooms.make_room),
    *_conversation("/rooms/{room}"),
    route("/rooms/{room}/join", POST=conversation_details.join),
    route("/rooms/{room}/leave", POST=conversation_details.leave),
    route("/rooms/{room}/change", POST=conversation_details.change_room),
    route("/rooms/{room}/place", POST=conversation_details.place_room),
    route("/rooms/{room}/close", POST=conversation_details.close_room),
    route("/rooms/{room}/members", POST=conversation_details.add_member),
    route("/rooms/{room}/members/{username}/remove", POST=conversation_details.remove_member),
    *_moderation(),
    route("/people/{username}", GET=profile.show),
    route("/settings", GET=settings.settings, POST=settings.change_settings),
    route("/settings/email", POST=account.change_email),
    route("/settings/erase", POST=account.erase),
    route("/settings/devices/{sid}/end", POST=settings.end_device),
    *_admin(),
    route("/you", GET=you.you),
    route("/read-all", POST=attention.mark_all_read),
    route("/theme", POST=settings.choose_theme),
    route("/language", POST=settings.choose_language),
    route("/mentions", GET=mentions.mentions),
    route("/search", GET=search.search),
    route("/video", GET=video.video),
    route("/static/{name}", GET=static_file),
    route("/ws", GET=upgrade_required),
    route("/ws/{token}", GET=upgrade_required),
    route("/api/ws/{rest:path}", GET=upgrade_required),
    route("/api/admin/status", GET=status.read_status),
    *health.routes(checks, lasts_s=READINESS_LASTS_S),
]
