"""Live video: who is live now, and watching one; a camera of one's own needs scripts."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.api_types import Stream
from gateway.pages.layout import load_layout
from gateway.pages.page_request import signed_in
from gateway.pages.service_client import find
from gateway.state import State

EFFECTS = ("none", "grayscale", "edges", "blur", "faces", "privacy")


async def video(request: Request[State]) -> Response:
    page = await signed_in(request)
    layout, streams = await asyncio.gather(load_layout(page), find(page, "/api/video/streams", list[Stream], []))
    wanted = request.query_params.get("watch", "")
    watched = next((stream for stream in streams if stream.name == wanted), None)
    return page.render("video.html", layout=layout, streams=streams, watched=watched, wanted=wanted, effects=EFFECTS)
