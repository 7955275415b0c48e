"""The parts of the contract: asked of the services, joined, and remembered for a moment."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence

import httpx
import msgspec

from gateway.domain.contract import GATEWAY, joined
from gateway.domain.contract_page import Page, page_of
from gateway.domain.route_table import Service
from servicekit.contract import PATH, Contract

FRESH_S = 5
ANSWER_TIMEOUT_S = 3.0  # a busy machine is no reason to leave a service out
_NO_CONTRACT = Contract({}, {})


class Document(msgspec.Struct, frozen=True):
    """The whole contract: for programs the bytes of its JSON, with their ETag, and for people the page."""

    body: bytes
    etag: str
    page: Page


class ContractParts:
    """Asks all services at once, and for all who want to know meanwhile; at most every FRESH_S."""

    def __init__(
        self,
        *,
        http: httpx.AsyncClient,
        urls: Mapping[Service, str],
        clock: Callable[[], float],
        own: Contract = _NO_CONTRACT,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        """`own` is what the gateway itself answers."""
        self._http = http
        self._urls = urls
        self._clock = clock
        self._answer_timeout_s = answer_timeout_s
        self._asking = asyncio.Lock()
        self._own = msgspec.json.decode(msgspec.json.encode(own), type=Contract)  # as those of others come
        self._parts: list[Contract | None] = []
        self._document = _document([], [], self._own)
        self._asked_at = float("-inf")

    async def document(self) -> Document:
        """Made anew only when a service says anything else, has gone or has come."""
        async with self._asking:
            if not 0 <= self._clock() - self._asked_at < FRESH_S:
                parts = await asyncio.gather(*(self._part(url) for url in self._urls.values()))
                self._asked_at = self._clock()
                if parts != self._parts:
                    self._parts = parts
                    self._document = _document(list(self._urls), parts, self._own)
            return self._document

    async def _part(self, url: str) -> Contract | None:
        """None: it is away, or what it says is no contract. A service may also have nothing to tell."""
        try:
            async with asyncio.timeout(self._answer_timeout_s):
                answer = await self._http.get(url + PATH)
            if answer.status_code == 404:
                return _NO_CONTRACT
            return msgspec.json.decode(answer.raise_for_status().content, type=Contract)
        except (httpx.HTTPError, TimeoutError, msgspec.MsgspecError, UnicodeDecodeError):
            return None


def _document(services: Sequence[Service], parts: list[Contract | None], own: Contract) -> Document:
    by_service = {service.value: part for service, part in zip(services, parts, strict=True)}
    told = {**by_service, GATEWAY: own}
    found = {name: part for name, part in told.items() if part is not None and part != _NO_CONTRACT}
    content = joined(found, [name for name, part in by_service.items() if part is None])
    body = msgspec.json.encode(content)
    return Document(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"', page_of(content))
