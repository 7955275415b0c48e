"""Which path is which page."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from gateway.domain.paths import is_page_with_files
from gateway.domain.refusals import UpgradeRequired
from gateway.pages import (
    conversation,
    conversation_details,
    home,
    messages,
    rooms,
    search,
    settings,
    sign_in,
    video,
)
from gateway.pages.readiness import checks
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
        route(path + "/{message_id:id}/edit", POST=messages.edit_message),
        route(path + "/{message_id:id}/delete", POST=messages.delete_message),
        route(path + "/{message_id:id}/react", POST=messages.react),
    ]


PAGES = [
    route("/", GET=home.home),
    route("/sign-in", GET=sign_in.sign_in_form, POST=sign_in.sign_in),
    route("/sign-up", GET=sign_in.sign_up_form, POST=sign_in.sign_up),
    route("/logout", GET=sign_in.logout),
    *_conversation("/chat/{username}"),
    route("/chat/{username}/save", POST=conversation_details.save_chat),
    route("/rooms", GET=rooms.rooms, POST=rooms.make_room),
    *_conversation("/rooms/{room}"),
    route("/rooms/{room}/join", POST=conversation_details.join),
    route("/rooms/{room}/leave", POST=conversation_details.leave),
    route("/rooms/{room}/change", POST=conversation_details.change_room),
    route("/rooms/{room}/close", POST=conversation_details.close_room),
    route("/rooms/{room}/members", POST=conversation_details.add_member),
    route("/rooms/{room}/members/{username}/remove", POST=conversation_details.remove_member),
    route("/settings", GET=settings.settings, POST=settings.change_settings),
    route("/settings/devices/{sid}/end", POST=settings.end_device),
    route("/theme", POST=settings.choose_theme),
    route("/language", POST=settings.choose_language),
    route("/search", GET=search.search),
    route("/video", GET=video.video),
    route("/static/{name}", GET=static_file),
    route("/ws", GET=upgrade_required),
    route("/ws/{token}", GET=upgrade_required),
    route("/api/ws/{rest:path}", GET=upgrade_required),
    *health.routes(checks),
]
