"""Static files, which never change under their name: styles, scripts and icons."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway.state import State

CACHE_CONTROL = "public, max-age=31536000, immutable"


async def static_file(request: Request[State]) -> Response:
    found = request.state["static_files"].find(request.path_params["name"])
    if found is None:
        raise HTTPException(404, "There is no such file.")
    headers = {"ETag": found.etag, "Cache-Control": CACHE_CONTROL, "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") in {found.etag, f"W/{found.etag}", "*"}:
        return Response(status_code=304, headers=headers)
    content = found.content
    if found.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        content = found.compressed
    return Response(content, 200, {**headers, "Content-Type": found.content_type})
