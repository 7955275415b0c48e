"""The HTTP interface of video."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from servicekit import contract, health
from servicekit.authentication import bearer_token
from servicekit.contract import describes
from servicekit.routing import route
from servicekit.tokens import Identity
from video_service.domain.refusals import NoPictureYet, TooManyConnections, TooManyWatchers, UnknownStream
from video_service.domain.streams import StreamView
from video_service.mjpeg import MJPEG, MjpegResponse
from video_service.refusals import REFUSALS
from video_service.state import State

_NOT_KEPT = {"Cache-Control": "no-store"}


@describes("List the live streams that are shown to you, by name", answer=list[StreamView])
async def streams(request: Request[State]) -> Response:
    identity = await _identify(request)
    live = await request.state["streams"].list_live(identity.username)
    return Response(msgspec.json.encode(live), media_type="application/json", headers=_NOT_KEPT)


@describes(
    "See the last picture of a stream",
    content_type="image/jpeg",
    refusals=(UnknownStream, NoPictureYet, TooManyWatchers),
)
async def snapshot(request: Request[State]) -> Response:
    identity = await _identify(request)
    picture = await request.state["screens"].snapshot(request.path_params["stream"], identity.username)
    return Response(picture.jpeg, media_type="image/jpeg", headers=_NOT_KEPT)


@describes(
    "Watch a stream as a picture that changes",
    content_type="multipart/x-mixed-replace",
    refusals=(UnknownStream, TooManyWatchers, TooManyConnections),
)
async def mjpeg(request: Request[State]) -> Response:
    """The stream as a picture that changes, until it or the session ends."""
    token = bearer_token(request.headers.get("authorization"))
    identity = await request.state["authentication"].authenticate(token)
    if request.method == "HEAD":
        await request.state["screens"].find(request.path_params["stream"], identity.username)
        return Response(media_type=MJPEG, headers=_NOT_KEPT)
    request.state["attendance"].check(identity.username)
    response = MjpegResponse(identity, request.state, headers=_NOT_KEPT)
    await response.enter(request.path_params["stream"], token or "")
    return response


async def _identify(request: Request[State]) -> Identity:
    token = bearer_token(request.headers.get("authorization"))
    return await request.state["authentication"].authenticate(token)


_STREAM = "/api/video/streams/{stream}"
ROUTES = [
    route("/api/video/streams", GET=streams),
    route(_STREAM + "/snapshot", GET=snapshot),
    route(_STREAM + "/mjpeg", GET=mjpeg),
    *health.service_routes(),
]
ROUTES += contract.routes(ROUTES, REFUSALS)
