"""A long session: an hour of two people who write to each other, played in minutes, on pages that stay open.

Each minute of it: one writes seven messages with Markdown, an address and a reply, edits one, reacts and takes another
reaction back, and now and then deletes one; the other answers on their page, scrolls back and returns, opens the
switcher, and loses the line once in a while. Measured for that page at the end of the hour, once what nobody holds is
gone: the heap of its scripts, the nodes of its document and the listeners on them.

Yardstick: the same page after half an hour, when it had dropped its first messages already.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from playwright.async_api import Browser, Page, expect

from bench.browser import chromium, signed_in
from bench.chat_client import PATH, Connection, Event, connect
from bench.people import NO_LIMITS, Person, sign_up_people
from bench.rounds import QUICK, Effort, WrongResult
from bench.table import Figure, RatioNoMoreThan, Report
from launcher.temporary_system import TemporarySystem

MINUTES, MINUTES_QUICK = 60, 6
LINE_BREAKS_EVERY = 15
GROWTH_MAX = 1.1
ANSWER_S_MAX = 10
TEXTS = (
    "Good morning, minute {}",
    "**bold**, `code` and ||hidden||",
    "see https://example.org/an/address of minute {}",
    "- one\n- two\n- three",
    "> quoted\n\nand answered in minute {}",
    "a word, and another one, as people write them when they have time to write",
)


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a page holds: bytes of its heap, nodes of its document, listeners on them."""

    heap_bytes: int
    nodes: int
    listeners: int


async def measure(effort: Effort, folder: Path) -> Report:
    minutes = MINUTES_QUICK if effort is QUICK else MINUTES
    async with TemporarySystem(folder / "data", environment=NO_LIMITS) as system, chromium() as browser:
        ada, grace = await sign_up_people(system.url, 2)
        talker = Talker(await connect(system.ws_url + PATH.format(key=grace.key)), ada)
        half, whole = await _hour(browser, system.url, ada, grace, talker, minutes)
        talker.connection.transport.disconnect()
    return Report(
        title=f"A long session: {minutes} minutes of two people, {talker.messages} messages, on a page that stays open",
        yardstick_name="the page after half of it",
        figures=[
            _figure("heap of its scripts", "MiB", whole.heap_bytes / 2**20, half.heap_bytes / 2**20),
            _figure("nodes", "", whole.nodes, half.nodes),
            _figure("listeners", "", whole.listeners, half.listeners),
        ],
    )


def _figure(what: str, unit: str, parley: float, yardstick: float) -> Figure:
    return Figure(what=what, unit=unit, parley=parley, yardstick=yardstick, bar=RatioNoMoreThan(GROWTH_MAX))


class Talker:
    """Says one thing after the other to one person, each when the one before is known to be on disk."""

    def __init__(self, connection: Connection, reader: Person) -> None:
        self.connection = connection
        self.messages = 0
        self._reader = reader
        self._waiting: tuple[str, asyncio.Future[int]] | None = None
        connection.on_event = self._hear

    async def say(self, text: str, **more: Any) -> int:
        """The id of the message."""
        self.messages += 1
        return await self.do("sent", to=self._reader.username, message=text, **more)

    async def do(self, answer: str, **command: Any) -> int:
        """The id of the message that the event of that type is about."""
        self._waiting = answer, asyncio.get_running_loop().create_future()
        self.connection.send(msgspec.json.encode(command))
        async with asyncio.timeout(ANSWER_S_MAX):
            return await self._waiting[1]

    def _hear(self, event: Event) -> None:
        if event.type == "error":
            raise WrongResult(f"the talker was refused: {event.code}")
        if self._waiting and event.type == self._waiting[0] and not self._waiting[1].done():
            self._waiting[1].set_result(event.id)


async def _hour(
    browser: Browser, url: str, reader: Person, writer: Person, talker: Talker, minutes: int
) -> tuple[Held, Held]:
    async with signed_in(browser, url, reader) as page:
        await page.goto(f"{url}/chat/{writer.username}")
        await _online(page)
        half = await _held(page)
        for minute in range(1, minutes + 1):
            await _talk(talker, minute)
            await _answer(page, minute)
            if minute % LINE_BREAKS_EVERY == 0:
                await _lose_the_line(page)
            if minute == minutes // 2:
                half = await _held(page)
        return half, await _held(page)


async def _talk(talker: Talker, minute: int) -> None:
    await talker.do("pong", type="ping")
    ids = [await talker.say(text.format(minute)) for text in TEXTS]
    ids.append(await talker.say("an answer", reply_to=ids[0]))
    await talker.do("edited", type="edit", id=ids[1], message=f"an **edit** in minute {minute}")
    for emoji in "👍🎉":
        await talker.do("reaction", type="react", id=ids[2], emoji=emoji)
    await talker.do("reaction", type="react", id=ids[2], emoji="👍", remove=True)
    if minute % 3 == 0:
        await talker.do("deleted", type="delete", id=ids[3])


async def _answer(page: Page, minute: int) -> None:
    text = f"answered in minute {minute}"
    await page.locator("#message").fill(text)
    await page.locator("#message").press("Enter")
    await expect(page.locator("#log > article .text", has_text=text).last).to_be_visible()
    for top in (-2_000, 0):
        await page.locator("#scroller").evaluate("(scroller, top) => scroller.scrollTo(0, top)", top)
        await page.evaluate("new Promise(requestAnimationFrame)")
    if minute % 5 == 0:
        await page.keyboard.press("Control+k")
        await expect(page.get_by_role("dialog")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)


async def _lose_the_line(page: Page) -> None:
    """And get it back."""
    await page.context.set_offline(True)
    await page.evaluate("dispatchEvent(new Event('offline'))")
    await expect(page.locator("#connection")).not_to_have_attribute("data-state", "online")
    await page.context.set_offline(False)
    await page.evaluate("dispatchEvent(new Event('online'))")
    await _online(page)


async def _online(page: Page) -> None:
    await expect(page.locator("#connection")).to_have_attribute("data-state", "online", timeout=30_000)


async def _held(page: Page) -> Held:
    session = await page.context.new_cdp_session(page)
    for _ in range(2):  # what the first makes free may free more
        await session.send("HeapProfiler.collectGarbage")
    usage = await session.send("Runtime.getHeapUsage")
    counters = await session.send("Memory.getDOMCounters")
    await session.detach()
    return Held(
        heap_bytes=int(usage["usedSize"]), nodes=int(counters["nodes"]), listeners=int(counters["jsEventListeners"])
    )
