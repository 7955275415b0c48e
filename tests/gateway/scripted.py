"""Stand-ins that answer each path with what a test wrote down for it."""

import json
from typing import Any

import httpx
import msgspec

from tests.gateway.gateways import System
from tests.gateway.stand_ins import Exchange, Received, Service

BROWSER = {"Accept": "text/html,application/xhtml+xml"}
LATER = "2027-01-02T03:04:05Z"
STRANGE_ORIGINS = [
    {"Origin": "http://evil.test"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


class Told(msgspec.Struct):
    content: object
    status: int = 200
    link: str = ""


class Script:
    """`{"GET /api/x": content}`, or a `Told`, by method and path without its query; all else is answered with []."""

    def __init__(self, whole: System, answers: dict[str, object]) -> None:
        self.whole = whole
        self.answers = answers
        for service in (whole.auth, whole.chat):
            service.handler = self._answer

    async def _answer(self, exchange: Exchange) -> None:
        await exchange.read_body()
        request = exchange.request
        found = self.answers.get(f"{request.method} {request.path}", [])
        told = found if isinstance(found, Told) else Told(found)
        headers = {"Content_Type": "application/json", **({"Link": told.link} if told.link else {})}
        await exchange.reply(told.status, json.dumps(told.content).encode(), **headers)

    def asked(self, start: str, *, of: Service | None = None) -> list[Received]:
        """The requests whose method and path these are."""
        services = (self.whole.auth, self.whole.chat) if of is None else (of,)
        return [one for service in services for one in service.requests if f"{one.method} {one.path}" == start]

    def sent(self, start: str) -> Any:
        """The body of the only such request."""
        (request,) = self.asked(start)
        return json.loads(request.body)

    @property
    def changes(self) -> list[str]:
        """What was asked for, but for reading."""
        requests = [*self.whole.auth.requests, *self.whole.chat.requests]
        return [f"{one.method} {one.path}" for one in requests if one.method != "GET"]


def refusal(status: int, code: str, detail: str = "No.", **more: object) -> Told:
    return Told({"detail": detail, "code": code, **more}, status)


def invalid(field: str, detail: str) -> Told:
    return refusal(422, "invalid", "No.", errors=[{"field": field, "detail": detail}])


def assert_led_to(answer: httpx.Response, path: str) -> None:
    assert (answer.status_code, answer.headers.get("location")) == (303, path), answer.text
