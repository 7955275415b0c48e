"""What services tell of themselves, and the document that is made of it."""

import json
from typing import Any

import msgspec

import auth_service.refusals
import auth_service.routes
import chat_service.refusals
import chat_service.routes
from gateway.domain.contract import joined
from gateway.domain.refusals import REFUSALS
from gateway.pages.routes import PAGES
from servicekit.contract import Contract, contract_of
from tests.gateway.gateways import System
from tests.gateway.stand_ins import Exchange, Handler

AUTH = contract_of(auth_service.routes.ROUTES, auth_service.refusals.REFUSALS)
CHAT = contract_of(chat_service.routes.ROUTES, chat_service.refusals.REFUSALS)
PARTS = {"auth": AUTH, "chat": CHAT}
OWN = contract_of(PAGES, REFUSALS)


class Clock:
    """Seconds since the epoch; stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def telling(part: Contract) -> Handler:
    async def answer(exchange: Exchange) -> None:
        await exchange.reply(200, msgspec.json.encode(part), Content_Type="application/json")

    return answer


async def none(exchange: Exchange) -> None:
    await exchange.reply_json({"code": "not_found"}, 404)


def part(path: str, **operation: Any) -> Contract:
    """One operation, and what every one has."""
    every = {"operationId": "an_operation", "summary": "Do", "security": [], "responses": {}}
    return Contract({path: {"get": {**every, **operation}}}, {})


def whole_of(*args: Any) -> Any:
    return json.loads(msgspec.json.encode(joined(*args)))


async def document(whole: System) -> dict[str, Any]:
    answer = await whole.http.get("/openapi.json")
    assert answer.status_code == 200
    content: dict[str, Any] = answer.json()
    return content
