"""Pages a second through the gateway: the first page, and a chat with 50 messages.

Measured: `GET /` and `GET /chat/{username}` with a real cookie, 32 kept-alive connections, each asks again once
answered. The gateway asks the services for what the page shows (saved chats, rooms, the profile; the messages), puts it
into HTML and compresses that. All processes share the cores with the load generator, as on a small machine.

Yardstick: `GET /api/messages/{username}` of the same 50 messages through the same gateway: what the data alone take.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from bench.http_load import load
from bench.people import NO_LIMITS, Person, sign_up_people
from bench.rounds import Compared, Effort, WrongResult, alternate
from bench.table import Figure, NoMoreThan, Report
from launcher.temporary_system import TemporarySystem

MESSAGES = 50
PAGE_KIB_MAX = 100
_LATER = re.compile(r'\bimport\("[^"]*"\)')  # what a page loads when it is wanted, if at all
_FILE = re.compile(r"[\w-]+\.[0-9a-f]{12}\.\w+")
TEXT = "Message {} of about the length that people write, now and then with https://example.org/an/address in it."


async def measure(effort: Effort, folder: Path) -> Report:
    async with TemporarySystem(folder / "data", environment=NO_LIMITS) as system:
        ada, grace = await sign_up_people(system.url, 2)
        await _talk(system.url, ada, grace)
        headers = {"Cookie": f"access_token={grace.key}", "Accept-Encoding": "gzip"}
        chat, data = f"/chat/{ada.username}", f"/api/messages/{ada.username}"
        sizes = {path: await _size(system.url, path, headers) for path in ("/", chat, data)}
        first = await _compared(system, effort, "/", data, headers)
        talk = await _compared(system, effort, chat, data, headers)
        whole_kib = sizes[chat][0] / 1024 + await _files_kib(system.url, chat, headers)
    return Report(
        title=f"Pages: 32 connections, a chat of {MESSAGES} messages",
        yardstick_name="the same messages as JSON",
        figures=[
            _rate("first page, a second", first),
            _rate("chat, pages a second", talk),
            Figure(
                what="chat, with styles and scripts, compressed",
                unit="KiB",
                parley=whole_kib,
                yardstick=sizes[data][0] / 1024,
                bar=NoMoreThan(PAGE_KIB_MAX, "KiB"),
            ),
        ],
        notes=[
            f"a second in each round: first page {first.every_round(float)}, chat {talk.every_round(float)}",
            "bytes compressed and plain: "
            + ", ".join(f"`{path}` {small:,} and {large:,}" for path, (small, large) in sizes.items()),
        ],
    )


async def _talk(url: str, ada: Person, grace: Person) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        for number in range(MESSAGES):
            speaker, listener = (ada, grace) if number % 3 else (grace, ada)
            headers = {"Authorization": f"Bearer {speaker.key}"}
            body = {"message": TEXT.format(number)}
            (await client.post(f"/api/messages/{listener.username}", json=body, headers=headers)).raise_for_status()


async def _compared(
    system: TemporarySystem, effort: Effort, page: str, data: str, headers: Mapping[str, str]
) -> Compared[float]:
    port = urlsplit(system.url).port or 0

    async def rate(path: str) -> float:
        result = await load(port, path=path, headers=headers, round_s=effort.round_s)
        if result.refused or result.lost:
            raise WrongResult(f"{path}: {result.refused} answers other than 200, {result.lost} connections lost")
        return result.requests_per_s

    return await alternate(effort.rounds, parley=lambda: rate(page), yardstick=lambda: rate(data))


async def _size(url: str, path: str, headers: Mapping[str, str]) -> tuple[int, int]:
    """Bytes on the wire, and unpacked."""
    async with (
        httpx.AsyncClient(base_url=url, timeout=60) as client,
        client.stream("GET", path, headers=headers) as one,
    ):
        small = sum([len(piece) async for piece in one.aiter_raw()])
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        return small, len((await client.get(path, headers=headers)).content)


async def _files_kib(url: str, path: str, headers: Mapping[str, str]) -> float:
    """What a browser loads beside the page: styles, icons, and scripts with all that they import."""
    seen, left, total = set[str](), [path], 0
    async with httpx.AsyncClient(base_url=url, timeout=60, headers=headers) as client:
        while left:
            text = _LATER.sub("", (await client.get(left.pop())).text)
            for name in set(_FILE.findall(text)) - seen:
                seen.add(name)
                total += (await _size(url, f"/static/{name}", headers))[0]
                left += [f"/static/{name}"] if name.endswith(".js") else []
    return total / 1024


def _rate(what: str, compared: Compared[float]) -> Figure:
    parley, yardstick = compared.medians(float)
    return Figure(what=what, unit="/s", parley=parley, yardstick=yardstick)
