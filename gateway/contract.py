"""The contract of the whole system: `/openapi.json` for programs, `/docs` for people, open to anyone."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.contract_parts import FRESH_S
from gateway.pages.page_request import identify
from gateway.pages.page_response import language_of
from gateway.state import State
from servicekit.etags import is_known
from servicekit.routing import route

_CACHE_CONTROL = f"public, max-age={FRESH_S}"


async def openapi(request: Request[State]) -> Response:
    document = await request.state["contract_parts"].document()
    headers = {"ETag": document.etag, "Cache-Control": _CACHE_CONTROL}
    if is_known(request.headers.get("if-none-match", ""), document.etag):
        return Response(status_code=304, headers=headers)
    return Response(document.body, headers=headers, media_type="application/json")


async def docs(request: Request[State]) -> Response:
    document = await request.state["contract_parts"].document()
    shown = request.state["renderer"].contract(language_of(request).code, document.etag, document.page)
    return (await identify(request)).render("contract.html", contract=shown)


async def redoc(_: Request[State]) -> Response:
    """Where other servers have such a page."""
    return RedirectResponse("/docs", 308)


CONTRACT: list[Route] = [route("/openapi.json", GET=openapi), route("/docs", GET=docs), route("/redoc", GET=redoc)]
