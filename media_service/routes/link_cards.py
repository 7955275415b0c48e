"""Link cards: the pictures of them, for whoever is signed in."""

from starlette.requests import Request
from starlette.responses import Response

from media_service.domain.refusals import AnotherVersion, RangeNotSatisfiable, UnknownCardPicture
from media_service.serving import answer_if_known, serve_webp
from media_service.state import State
from servicekit.authentication import identify
from servicekit.contract import describes

_SERVED = {206: "The part that `Range` asks for.", 304: "What `If-None-Match` names is still the same."}


@describes(
    "Read the picture of a link card",
    content_type="image/webp",
    also=_SERVED,
    refusals=(UnknownCardPicture, AnotherVersion, RangeNotSatisfiable),
)
async def picture(request: Request[State]) -> Response:
    """A small one, as `cards` of a message name it."""
    await identify(request)
    picture_id = request.path_params["picture_id"]
    data = await request.state["link_cards"].picture(picture_id)
    etag = f'"{picture_id}"'
    if (known := answer_if_known(request, etag)) is not None:
        return known
    return await serve_webp(request, data, etag, f"{picture_id}.webp")
