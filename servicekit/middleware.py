"""What wraps every request to a service, as plain ASGI: request id, body limit, counters, the log of refusals."""

import re
import secrets
from itertools import count
from time import monotonic, perf_counter
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit import logs, metrics
from servicekit.authentication import Authentication, bearer_token
from servicekit.problems import BodyTooLarge
from servicekit.redaction import masked
from servicekit.throttling import LogThrottle

REQUEST_ID = b"x-request-id"
_ACCEPTABLE_ID = re.compile(rb"[A-Za-z0-9_.-]{1,64}")
log = logs.get_logger(__name__)
_pace = LogThrottle()

_process = secrets.token_hex(4)
_requests = count()


def new_request_id() -> str:
    """Different for each request of each process, and no secret."""
    return f"{_process}{next(_requests)}"


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first header of that lower-case name, or None."""
    for key, value in scope["headers"]:
        if key == name:
            found: bytes = value
            return found
    return None


class RequestContext:
    """Carries `X-Request-ID` from the gateway into the logs and back into the answer; counts and logs answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = self._request_id(scope)
        logs.bind_request_id(request_id)
        started_s = perf_counter()

        async def send_with_context(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message.get("headers", ()),
                    (REQUEST_ID, request_id.encode()),
                    (b"x-content-type-options", b"nosniff"),
                ]
                record(scope, message["status"], perf_counter() - started_s)
            await send(message)

        await self._app(scope, receive, send_with_context)

    @staticmethod
    def _request_id(scope: Scope) -> str:
        given = header(scope, REQUEST_ID)
        if given is not None and _ACCEPTABLE_ID.fullmatch(given):
            return given.decode()
        return new_request_id()


def record(scope: Scope, status: int, duration_s: float, token: str | None = None) -> None:
    """Count one answer, and log it when it is a refusal or an error; `token` is that of who asked, if it is known."""
    metrics.count_request(status, duration_s)
    if status >= 400 and scope["path"] != "/readyz":  # asked every second; what is away speaks for itself
        said = token or bearer_token((header(scope, b"authorization") or b"").decode("latin-1"))
        log_refused(
            status,
            address=scope["client"][0] if scope["client"] else "",
            person=_person(scope, said),
            method=scope["method"],
            path=masked(scope["path"]),
        )


def _person(scope: Scope, token: str | None) -> str:
    authentication: Authentication | None = scope.get("state", {}).get("authentication")
    return "" if authentication is None else authentication.name_of(token)


def log_refused(status: int, *, address: str, person: str = "", event: str = "refused", **more: Any) -> None:
    """The line of a refusal or an error. Of one status for one person, or one address, there is one a second.

    `status` is HTTP's, or the code with which a WebSocket was closed.
    """
    if (left_out := _pace.left_out((person or address, status), monotonic())) is None:
        return
    who: dict[str, Any] = {"person": person} if person else {}
    write = log.error if 500 <= status < 600 else log.info
    write(event, **more, status=status, **who, address=address, **({"left_out": left_out} if left_out else {}))


class BodyLimit:
    """Raises BodyTooLarge where the endpoint reads more than `bytes_max` of its request's body."""

    def __init__(self, app: ASGIApp, *, bytes_max: int) -> None:
        self._app = app
        self._bytes_max = bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        received_bytes = 0

        async def receive_bounded() -> Message:
            nonlocal received_bytes
            message: dict[str, Any] = dict(await receive())
            received_bytes += len(message.get("body", b""))
            if received_bytes > self._bytes_max:
                raise BodyTooLarge(self._bytes_max)
            return message

        await self._app(scope, receive_bounded, send)
