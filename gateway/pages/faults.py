"""Faults: a page that says why there is no other, or a problem answer for who did not ask for a page."""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ExceptionHandler

from gateway.domain.items import Problem
from gateway.domain.paths import sign_in_path
from gateway.domain.refusals import REFUSALS
from gateway.pages.explanations import in_short
from gateway.pages.services import Refused
from gateway.pages.visits import SignInFirst, Visit, language_of, page
from gateway.state import State
from servicekit import problems
from servicekit.problems import Refusal, Unavailable, problem_type_of


def exception_handlers() -> dict[Any, ExceptionHandler]:
    """Those of every service, but with a page where a person looks at the answer."""
    plain: dict[Any, Any] = problems.exception_handlers(REFUSALS)

    async def on_refusal(request: Request[Any], error: Exception) -> Response:
        assert isinstance(error, Refusal)
        if isinstance(error, SignInFirst):
            return RedirectResponse(sign_in_path(error.path), 303)
        if not (isinstance(error, Refused | Unavailable) or _wants_page(request)):
            return problems.refuse(error, REFUSALS)
        if isinstance(error, Refused):
            return _page(request, error.status, in_short(error.problem, language_of(request).say), error.headers)
        answer = problem_type_of(error, REFUSALS)
        text = in_short(Problem(str(error), answer.code), language_of(request).say)
        return _page(request, answer.status, text, error.headers)

    async def on_http_exception(request: Request[Any], error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if not _wants_page(request):
            answer: Response = plain[HTTPException](request, error)
            return answer
        return _page(request, error.status_code, "", error.headers or {})

    async def on_fault(request: Request[Any], error: Exception) -> Response:
        answer: Response = plain[Exception](request, error)
        return _page(request, 500, "", {}) if _wants_page(request) else answer

    return {**plain, Refusal: on_refusal, HTTPException: on_http_exception, Exception: on_fault}


def _wants_page(request: Request[Any]) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _page(request: Request[State], status: int, detail: str, headers: Any) -> Response:
    response = page(request, "refused.html", status, visit=Visit(request, None, None), number=status, detail=detail)
    response.headers.update(headers)
    return response
