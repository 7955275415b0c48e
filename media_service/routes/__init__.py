"""The HTTP interface of the media service."""

from starlette.requests import Request
from starlette.routing import Route

from media_service.refusals import REFUSALS
from media_service.routes import files, internal, link_cards, resumable_uploads, uploads
from media_service.state import State
from servicekit import contract, health, status
from servicekit.contract import Limits
from servicekit.routing import route

ROUTES: list[Route] = [
    route("/api/user/upload-files", POST=uploads.upload),
    resumable_uploads.TusRoute(
        "/api/uploads", {"POST": resumable_uploads.begin, "OPTIONS": resumable_uploads.abilities}
    ),
    resumable_uploads.TusRoute(
        "/api/uploads/{upload_id}",
        {
            "HEAD": resumable_uploads.offset,
            "PATCH": resumable_uploads.append,
            "DELETE": resumable_uploads.remove,
            "GET": resumable_uploads.outcome,
            "OPTIONS": resumable_uploads.abilities,
        },
    ),
    route("/api/files", GET=files.list_files),
    route("/api/files/{file_id}", GET=files.file, DELETE=files.remove_file),
    route("/api/files/{file_id}/thumbnail", GET=files.thumbnail),
    route("/api/avatars/{username}", GET=files.avatar),
    route("/api/card-pictures/{picture_id}", GET=link_cards.picture),
    route("/internal/files", GET=internal.owned_files),
    route("/internal/link-card", GET=internal.link_card),
    route("/internal/removed-files", GET=internal.removed_files),
    route("/internal/stored-bytes", GET=internal.stored_bytes),
    *health.service_routes(),
    *status.routes(internal.count),
]


def _limits(request: Request[State]) -> Limits:
    length_max = request.state["limits"].upload_file_bytes_max
    return {(resumable_uploads.BeginHeaders, "Upload-Length"): {"maximum": length_max}}


ROUTES += contract.routes(ROUTES, REFUSALS, _limits)
