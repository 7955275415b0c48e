"""The HTTP interface of video."""

from starlette.requests import Request
from starlette.responses import Response

from servicekit import contract, health, status
from servicekit.authentication import identify, token_of
from servicekit.contract import describes
from servicekit.responses import NOT_KEPT, json_response
from servicekit.routing import route
from video_service.domain.refusals import NoPictureYet, TooManyConnections, TooManyWatchers, UnknownStream
from video_service.domain.streams import StreamView
from video_service.mjpeg import MJPEG, MjpegResponse
from video_service.refusals import REFUSALS
from video_service.state import State


@describes("List the live streams that are shown to you, by name", answer=list[StreamView])
async def streams(request: Request[State]) -> Response:
    identity = await identify(request)
    live = await request.state["published_streams"].list_live(identity.username)
    return json_response(live)


@describes(
    "See the last picture of a stream",
    content_type="image/jpeg",
    refusals=(UnknownStream, NoPictureYet, TooManyWatchers),
)
async def snapshot(request: Request[State]) -> Response:
    identity = await identify(request)
    picture = await request.state["watched_streams"].snapshot(request.path_params["stream"], identity.username)
    return Response(picture.jpeg, media_type="image/jpeg", headers=NOT_KEPT)


@describes(
    "Watch a stream as a picture that changes",
    content_type="multipart/x-mixed-replace",
    refusals=(UnknownStream, TooManyWatchers, TooManyConnections),
)
async def mjpeg(request: Request[State]) -> Response:
    """The stream as a picture that changes, until it or the session ends."""
    identity = await identify(request)
    if request.method == "HEAD":
        await request.state["watched_streams"].find(request.path_params["stream"], identity.username)
        return Response(media_type=MJPEG, headers=NOT_KEPT)
    response = MjpegResponse(identity, request.state, headers=NOT_KEPT)
    await response.enter(request.path_params["stream"], token_of(request) or "")
    return response


async def count(state: State) -> status.Counts:
    return await state["stream_log"].count()


_STREAM = "/api/video/streams/{stream}"
ROUTES = [
    route("/api/video/streams", GET=streams),
    route(_STREAM + "/snapshot", GET=snapshot),
    route(_STREAM + "/mjpeg", GET=mjpeg),
    *health.service_routes(),
    *status.routes(count),
]
ROUTES += contract.routes(ROUTES, REFUSALS)
