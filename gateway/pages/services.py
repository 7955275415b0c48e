"""Services: what pages ask of them, on behalf of a visitor."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeVar

import httpx
import msgspec

from gateway.domain.items import Problem
from gateway.domain.route_table import Service
from gateway.pages.visits import SignInFirst, Visit
from servicekit.problems import Refusal, Unavailable

T = TypeVar("T")
# To clean twenty large pictures, after the last byte has come.
_UPLOAD_TIMEOUT = httpx.Timeout(10.0, read=120.0)


class Refused(Refusal):
    """A service refused, and said why. `fields` are those of the form that asked, where they are known."""

    def __init__(self, status: int, problem: Problem, headers: Mapping[str, str]) -> None:
        super().__init__(problem.detail)
        self.status = status
        self.problem = problem
        self.fields: dict[str, str] = {}
        self._retry_after = headers.get("retry-after")

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": self._retry_after} if self._retry_after else {}


class ServiceFailed(Unavailable):
    """A service answered what cannot be shown."""


async def ask(
    visit: Visit,
    service: Service,
    method: str,
    path: str,
    *,
    content: AsyncIterator[bytes] | None = None,
    headers: Mapping[str, str] | None = None,
    **body: Any,
) -> httpx.Response:
    """The answer of a service for this visitor, whatever it is. Raises Unavailable."""
    request, state = visit.request, visit.state
    sent = {
        "X-Request-ID": request.scope["parley.request_id"],
        "X-Forwarded-For": request.client.host if request.client else "",
        "User-Agent": request.headers.get("user-agent", ""),
        **(headers or {}),
    }
    if visit.token is not None:
        sent["Authorization"] = f"Bearer {visit.token}"
    if content is not None:
        body |= {"content": content, "timeout": _UPLOAD_TIMEOUT}
    try:
        # As the browser's own came, they may hold any byte (RFC 9110 §5.5).
        as_they_came = httpx.Headers(sent, encoding="latin-1")
        return await state["http"].request(method, state["urls"][service] + path, headers=as_they_came, **body)
    except httpx.HTTPError:
        raise Unavailable(f"The {service.value} service does not answer.") from None


async def tell(visit: Visit, service: Service, method: str, path: str, **body: Any) -> httpx.Response:
    """The answer of a service that did as it was asked. Raises Refused, SignInFirst, Unavailable."""
    answer = await ask(visit, service, method, path, **body)
    if answer.is_success:
        return answer
    if answer.status_code == 401:  # revoked since it was checked at the door
        raise SignInFirst(visit.path)
    problem = problem_of(answer)
    if answer.status_code >= 500 and not problem.code:
        raise ServiceFailed(f"The {service.value} service failed.")
    raise Refused(answer.status_code, problem, answer.headers)


async def get(visit: Visit, service: Service, path: str, kind: type[T], **query: Any) -> T:
    """What a service has there, as `kind`. Raises Refused, SignInFirst, Unavailable."""
    wanted = {name: value for name, value in query.items() if value is not None}
    answer = await tell(visit, service, "GET", path, params=wanted)
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except msgspec.DecodeError:
        raise ServiceFailed(f"The {service.value} service answered what nobody understands.") from None


async def find(visit: Visit, service: Service, path: str, kind: type[T], default: T, **query: Any) -> T:
    """The same for what a page can do without: `default` where it is refused or cannot be had."""
    try:
        return await get(visit, service, path, kind, **query)
    except (Refused, Unavailable):
        return default


def problem_of(answer: httpx.Response) -> Problem:
    try:
        return msgspec.json.decode(answer.content, type=Problem)
    except msgspec.DecodeError:
        return Problem("")
