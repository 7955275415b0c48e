"""Refusals as RFC 9457 problem answers: one shape for every service, made in one place."""

import errno
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ExceptionHandler

from servicekit.logs import get_logger

CONTENT_TYPE = "application/problem+json"
log = get_logger(__name__)


class FieldError(msgspec.Struct, frozen=True):
    field: str
    detail: str


class Refusal(Exception):
    """Base of the facts for which a service refuses; `str()` is the detail that the client reads."""

    errors: tuple[FieldError, ...] = ()  # what of the request is the reason, where that can be named
    retry_after_s: int | None = None  # in the body too, where the client is to show it

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers that belong to the answer."""
        return {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}


class Invalid(Refusal):
    """The request was understood, but fields are not acceptable."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__(
            "; ".join(f"{error.field}: {error.detail}" if error.field else error.detail for error in errors)
        )
        self.errors = errors


class Malformed(Refusal):
    """The body cannot be read at all."""


class BodyTooLarge(Refusal):
    """The request body is over its limit; it was not read to the end."""

    def __init__(self, size_bytes_max: int) -> None:
        super().__init__(f"The body is larger than {size_bytes_max} bytes.")


class TooSlow(Refusal):
    """The request did not come in time; the connection ends."""

    def __init__(self) -> None:
        super().__init__("The request took too long to arrive.")


class Unauthenticated(Refusal):
    """No token, or none that is valid now (RFC 6750 §3)."""

    @property
    def headers(self) -> Mapping[str, str]:
        return {"WWW-Authenticate": "Bearer"}


class Unavailable(Refusal):
    """Something this service needs does not answer now."""

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": "1"}


class NotStored(Unavailable):
    """The disk refused: it is full, say, or can only be read. Nothing has changed."""

    def __init__(self, detail: str = "It could not be stored, and nothing has changed.") -> None:
        super().__init__(detail)


class TooManyAtOnce(Refusal):
    """So many of one person's requests of this kind are under way already."""

    def __init__(self, at_once_max: int) -> None:
        super().__init__(f"{at_once_max} of your requests of this kind are under way already; wait for one to end.")

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "1"}


class TookTooLong(Refusal):
    """The database was stopped in the middle of the answer."""

    def __init__(self, time_s_max: float) -> None:
        super().__init__(f"The answer would take more than {time_s_max:g} s. Ask for something narrower.")

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "5"}


class ProblemType(msgspec.Struct, frozen=True):
    """How a kind of refusal is answered (RFC 9457 §3.1.1): an HTTP status and a stable code."""

    status: int
    code: str


RefusalTable = Mapping[type[Refusal], ProblemType]

COMMON: RefusalTable = {
    Invalid: ProblemType(422, "invalid"),
    Malformed: ProblemType(400, "malformed"),
    BodyTooLarge: ProblemType(413, "body_too_large"),
    TooSlow: ProblemType(408, "too_slow"),
    Unauthenticated: ProblemType(401, "unauthenticated"),
    Unavailable: ProblemType(503, "unavailable"),
    NotStored: ProblemType(503, "not_stored"),
    TooManyAtOnce: ProblemType(429, "too_many_requests"),
    TookTooLong: ProblemType(503, "took_too_long"),
}
_HTTP_CODES = {400: "malformed", 404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}
_OF_THE_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of a refusal: RFC 9457 §3.1, plus `code`, for validation `errors`, and when it may be tried again."""

    title: str
    status: int
    detail: str
    code: str
    type: str | None = "about:blank"
    errors: tuple[FieldError, ...] = ()
    retry_after_s: int | None = None

    def body(self) -> bytes:
        return msgspec.json.encode({"type": self.type, **msgspec.to_builtins(self)})


def problem(
    kind: ProblemType, detail: str, errors: tuple[FieldError, ...] = (), retry_after_s: int | None = None
) -> Problem:
    title = HTTPStatus(kind.status).phrase
    return Problem(
        title=title, status=kind.status, detail=detail, code=kind.code, errors=errors, retry_after_s=retry_after_s
    )


def response(
    kind: ProblemType,
    detail: str,
    *,
    errors: tuple[FieldError, ...] = (),
    headers: Mapping[str, str] | None = None,
    retry_after_s: int | None = None,
) -> Response:
    """The refusal as a Starlette response."""
    body = problem(kind, detail, errors, retry_after_s).body()
    return Response(body, kind.status, dict(headers or {}), CONTENT_TYPE)


def given(body: bytes) -> Response:
    """A problem that was made before, and kept."""
    return Response(body, msgspec.json.decode(body, type=Problem).status, {}, CONTENT_TYPE)


def problem_type_of(refusal: Refusal, table: RefusalTable) -> ProblemType:
    """The row for the refusal's nearest class; every class of a tree has one, or its base has."""
    for kind in type(refusal).__mro__:
        row = table.get(kind) or COMMON.get(kind)
        if row is not None:
            return row
    raise refusal


def refuse(refusal: Refusal, table: RefusalTable) -> Response:
    kind = problem_type_of(refusal, table)
    return response(
        kind, str(refusal), errors=refusal.errors, headers=refusal.headers, retry_after_s=refusal.retry_after_s
    )


def exception_handlers(table: RefusalTable) -> dict[Any, ExceptionHandler]:
    """Starlette's handlers, so that no endpoint needs a try/except for a refusal.

    All are coroutines: Starlette calls any other in a thread, which costs more than the answer.
    """

    async def on_refusal(_: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)
        return refuse(error, table)

    async def on_os_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, OSError)
        if error.errno not in _OF_THE_DISK:
            return await _on_fault(request, error)
        log.warning("the disk refuses", reason=error.strerror)
        return refuse(NotStored(f"Nothing was stored: {error.strerror}."), table)

    return {
        Refusal: on_refusal,
        HTTPException: _on_http_exception,
        ClientDisconnect: _on_disconnect,
        OSError: on_os_error,
        Exception: _on_fault,
    }


async def _on_http_exception(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _HTTP_CODES.get(error.status_code, "refused")
    return response(ProblemType(error.status_code, code), str(error.detail), headers=error.headers)


async def _on_disconnect(_: Request, __: Exception) -> Response:
    """The client left in the middle of its body: no fault of ours, and nobody reads this."""
    return response(ProblemType(400, "malformed"), "The body has no end.")


async def _on_fault(_: Request, error: Exception) -> Response:
    log.error("fault", exc_info=error)
    return internal_error()


def internal_error() -> Response:
    """Our own mistake, told without its details."""
    return response(ProblemType(500, "internal_error"), "The service failed; the log knows why.")
