"""Error pages: one that says why there is no other, or a problem answer for who did not ask for a page."""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ExceptionHandler

from gateway.domain.api_types import Problem
from gateway.domain.paths import sign_in_path
from gateway.domain.refusals import REFUSALS
from gateway.pages.error_messages import in_short
from gateway.pages.page_request import PageRequest, SignInFirst
from gateway.pages.service_client import Refused
from gateway.state import State
from servicekit import problems
from servicekit.problems import Refusal, Unavailable, problem_type_of


def exception_handlers() -> dict[Any, ExceptionHandler]:
    """Those of every service, but with a page where a person looks at the answer."""
    plain: dict[Any, Any] = problems.exception_handlers(REFUSALS)

    async def on_refusal(request: Request[Any], error: Exception) -> Response:
        assert isinstance(error, Refusal)
        return _answer_refusal(request, error)

    async def on_http_exception(request: Request[Any], error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if not _wants_page(request):
            answer: Response = await plain[HTTPException](request, error)
            return answer
        return _page(request, error.status_code, headers=error.headers)

    async def on_fault(request: Request[Any], error: Exception) -> Response:
        answer: Response = await plain[Exception](request, error)
        return _page(request, 500) if _wants_page(request) else answer

    return {**plain, Refusal: on_refusal, HTTPException: on_http_exception, Exception: on_fault}


def _answer_refusal(request: Request[State], refusal: Refusal) -> Response:
    if isinstance(refusal, SignInFirst):
        return RedirectResponse(sign_in_path(refusal.path), 303)
    if isinstance(refusal, Refused):
        return _page(request, refusal.status, refusal.problem, refusal.headers)
    is_for_page = isinstance(refusal, Unavailable) and not request.url.path.startswith("/api/")
    if not (is_for_page or _wants_page(request)):
        return problems.refuse(refusal, REFUSALS)
    problem_type = problem_type_of(refusal, REFUSALS)
    return _page(request, problem_type.status, Problem(str(refusal), problem_type.code), refusal.headers)


def _wants_page(request: Request[Any]) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _page(
    request: Request[State], status: int, problem: Problem | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    page = PageRequest(request)
    detail = "" if problem is None else in_short(problem, page.gettext)
    response = page.render("error.html", status, number=status, detail=detail)
    response.headers.update(headers or {})
    return response
