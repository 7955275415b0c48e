"""Live video: who is live now, and watching one; a camera of one's own needs scripts."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.items import Stream
from gateway.pages.frame import frame
from gateway.pages.services import find
from gateway.pages.visits import signed_in
from gateway.state import State

EFFECTS = ("none", "grayscale", "edges", "blur", "faces", "privacy")


async def video(request: Request[State]) -> Response:
    visit = await signed_in(request)
    framed, streams = await asyncio.gather(frame(visit), find(visit, "/api/video/streams", list[Stream], []))
    watched = next((one for one in streams if one.name == request.query_params.get("watch")), None)
    return visit.page(
        "video.html",
        frame=framed,
        streams=streams,
        watched=watched,
        wanted=request.query_params.get("watch", ""),
        effects=EFFECTS,
    )
