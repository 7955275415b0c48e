"""Large files through the gateway, while the media service dies again and again."""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.system.parleys import Parley
from tests.system.people import Person

MIB = 1024 * 1024
TUS = {"Tus-Resumable": "1.0.0"}
STREAM = "application/offset+octet-stream"
DEATHS = 5
WAIT_S_MAX = 60.0


@asynccontextmanager
async def dying(parley: Parley) -> AsyncIterator[asyncio.Task[None]]:
    """The media service is killed DEATHS times, at moments that nothing in it chooses."""

    async def die() -> None:
        for _ in range(DEATHS):
            await asyncio.sleep(random.uniform(0.05, 0.5))
            await parley.system.kill("media")
            await parley.system.start("media")
            await parley.system.ready()

    deaths = asyncio.create_task(die())
    try:
        yield deaths
    finally:
        await deaths


async def asked(person: Person, method: str, path: str, **more: Any) -> httpx.Response | None:
    """The answer, unless the service died over it."""
    try:
        answer = await person.ask(method, path, **more)
    except httpx.TransportError:
        return None
    return None if answer.status_code in {502, 503, 504} else answer


async def test_what_is_sent_in_parts_goes_on_after_every_death_and_is_one_file(fragile: Parley) -> None:
    ada = await fragile.person("ada")
    data = os.urandom(24 * MIB)
    begun = await ada.ask("POST", "/api/uploads", headers={**TUS, "Upload-Length": str(len(data))})
    path = begun.headers["location"]
    async with asyncio.timeout(WAIT_S_MAX), dying(fragile) as deaths:
        acknowledged = 0
        while acknowledged < len(data):
            head = await asked(ada, "HEAD", path, headers=TUS)
            if head is None:
                await asyncio.sleep(0.02)
                continue
            offset = int(head.headers["upload-offset"])
            assert offset >= acknowledged  # what was acknowledged is on disk
            end = offset + (MIB if not deaths.done() else len(data))
            headers = {**TUS, "Upload-Offset": str(offset), "Content-Type": STREAM}
            answer = await asked(ada, "PATCH", path, content=data[offset:end], headers=headers)
            if answer is not None and answer.status_code == 204:
                acknowledged = int(answer.headers["upload-offset"])
        while (answer := await asked(ada, "GET", path)) is None or answer.status_code == 202:
            await asyncio.sleep(0.02)
    assert answer.status_code == 200, answer.text
    assert (await ada.ask("GET", answer.json()["url"])).content == data
    listed = (await ada.get("/api/files"))["files"]
    assert [file["id"] for file in listed] == [answer.json()["id"]]


async def test_a_file_is_there_whole_or_not_at_all(fragile: Parley) -> None:
    ada = await fragile.person("ada")
    sent: list[bytes] = []
    kept: dict[str, bytes] = {}
    async with asyncio.timeout(WAIT_S_MAX), dying(fragile) as deaths:
        while not deaths.done():
            sent.append(os.urandom(3 * MIB))
            answer = await asked(ada, "POST", "/api/user/upload-files", files={"files": ("a.bin", sent[-1])})
            if answer is not None and answer.status_code == 200:
                kept[answer.json()["files"][0]["url"]] = sent[-1]
    listed = [file["url"] for file in (await ada.get("/api/files?limit=200"))["files"]]
    assert kept.keys() <= set(listed)
    for url in listed:
        content = (await ada.ask("GET", url)).content
        assert content in sent
        assert kept.get(url, content) == content
