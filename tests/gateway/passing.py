"""Asking for something that takes a token, until one passes."""

import httpx

from tests.gateway.gateways import System
from tests.waiting import eventually


async def ask(whole: System, headers: dict[str, str], method: str = "GET") -> httpx.Response:
    as_bytes = httpx.Headers(headers, encoding="latin-1")
    return await whole.http.request(method, "/api/sessions", headers=as_bytes)


async def passes(whole: System, *, within_s: float) -> None:
    async def is_let_in() -> bool:
        return (await ask(whole, whole.bearer())).status_code == 200

    await eventually(is_let_in, within_s)
