"""A conversation of 5,000 messages in a browser, and typing while many are said.

Measured, by Chromium's own tracing and Event Timing: somebody scrolls back from the newest message to the first, as
fast as pages of history come, for 45 s at most; the longest task of the main thread meanwhile, and the nodes that the
document has at the end. Then the same page anew, where 20 messages a second arrive while somebody types: from a key to
the frame that shows it, in steps of 8 ms, and 16 where it took less.

Yardstick: the page as it is opened, and the same typing while nobody writes.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import msgspec
from playwright.async_api import Browser, CDPSession, Page

from bench.browser import Trace, chromium, nodes, signed_in
from bench.chat_client import PATH, Connection, Event, connect
from bench.people import NO_LIMITS, Person, sign_up_people
from bench.rounds import QUICK, Effort
from bench.table import Figure, NoMoreThan, Report
from launcher.temporary_system import TemporarySystem

MESSAGES, MESSAGES_QUICK = 5_000, 500
WINDOW = 100
TEXT = "Message {} of about the length that people write, now and then with https://example.org/an/address in it."
LONGEST_TASK_MS_MAX = 100
NODES_MAX = 10_000  # a few hundred messages
INPUT_MS_MAX = 50
ARRIVING_PER_S = 20
KEYS_PER_S = 8
TYPING_S = 12
SCROLLING_S_MAX = 45
LIVE = '() => document.querySelector("#connection").dataset.state === "online"'
SCROLL_BACK = """
async ([first, limitMs]) => {
  const scroller = document.querySelector("#scroller");
  const until = performance.now() + limitMs;
  const isThere = () => document.querySelector("#log > article .text")?.textContent.startsWith(first);
  while (!isThere() && performance.now() < until) {
    scroller.scrollTop = -scroller.scrollHeight;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
"""
MESSAGES_ABOVE = "() => Number(document.querySelector('#log > article').dataset.seq) - 1"
OBSERVE = """
window.delays = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (entry.name === "keydown") delays.push(entry.duration);
}).observe({ type: "event", durationThreshold: 16 });
"""


async def measure(effort: Effort, folder: Path) -> Report:
    messages = MESSAGES_QUICK if effort is QUICK else MESSAGES
    async with TemporarySystem(folder / "data", environment=NO_LIMITS) as system, chromium() as browser:
        ada, grace = await sign_up_people(system.url, 2)
        writer = Writer(await connect(system.ws_url + PATH.format(key=grace.key)), ada)
        await writer.write(messages)
        scrolled = await _scrolled_back(browser, system.url, ada, grace)
        idle_ms = await _typed(browser, system.url, ada, grace, None)
        busy_ms = await _typed(browser, system.url, ada, grace, writer)
        writer.connection.transport.disconnect()
    return Report(
        title=f"A busy page: {messages:,} messages in a conversation, {ARRIVING_PER_S} a second while somebody types",
        yardstick_name="the page at rest",
        figures=[
            Figure(
                what="scrolled back: longest task",
                unit="ms",
                parley=scrolled.longest_ms,
                yardstick=scrolled.opening_ms,
                bar=NoMoreThan(LONGEST_TASK_MS_MAX, "ms"),
            ),
            Figure(
                what="scrolled back: nodes",
                unit="",
                parley=scrolled.nodes_at_end,
                yardstick=scrolled.nodes_at_first,
                bar=NoMoreThan(NODES_MAX, ""),
            ),
            Figure(
                what="from a key to the screen: p95",
                unit="ms",
                parley=busy_ms,
                yardstick=idle_ms,
                bar=NoMoreThan(INPUT_MS_MAX, "ms"),
            ),
        ],
        notes=[f"above the first that was reached within {SCROLLING_S_MAX} s: {scrolled.messages_above:,} messages"],
    )


@dataclass(frozen=True, kw_only=True)
class Scrolled:
    """The longest task as the page was opened, and as it was scrolled; nodes before and after."""

    opening_ms: float
    nodes_at_first: int
    longest_ms: float
    nodes_at_end: int
    messages_above: int


class Writer:
    """Writes to one person, at most so many messages at once that are not yet acknowledged."""

    def __init__(self, connection: Connection, reader: Person) -> None:
        self.connection = connection
        self._reader = reader
        self._count = 0
        self._free = asyncio.Semaphore(WINDOW)
        connection.on_event = self._hear

    async def write(self, messages: int, *, every_s: float = 0) -> None:
        for _ in range(messages):
            await self._free.acquire()
            text = TEXT.format(self._count)
            self._count += 1
            self.connection.send(msgspec.json.encode({"to": self._reader.username, "message": text}))
            await asyncio.sleep(every_s)
        for _ in range(WINDOW):
            await self._free.acquire()
        for _ in range(WINDOW):
            self._free.release()

    def _hear(self, event: Event) -> None:
        if event.type == "sent":
            self._free.release()


async def _scrolled_back(browser: Browser, url: str, reader: Person, writer: Person) -> Scrolled:
    async with signed_in(browser, url, reader) as page:
        session: CDPSession = await page.context.new_cdp_session(page)
        trace = Trace(browser, page)
        await trace.begin()
        await _open(page, url, writer)
        await trace.end()
        opening_ms, nodes_at_first = trace.longest_task_ms(), await nodes(session)
        await trace.begin()
        await page.evaluate(SCROLL_BACK, [TEXT.format(0)[:10], SCROLLING_S_MAX * 1000])
        await trace.end()
        return Scrolled(
            opening_ms=opening_ms,
            nodes_at_first=nodes_at_first,
            longest_ms=trace.longest_task_ms(),
            nodes_at_end=await nodes(session),
            messages_above=await page.evaluate(MESSAGES_ABOVE),
        )


async def _typed(browser: Browser, url: str, reader: Person, writer: Person, busy: Writer | None) -> float:
    """The 95th percentile of what each key took, in milliseconds."""
    async with signed_in(browser, url, reader) as page:
        await page.add_init_script(OBSERVE)
        await _open(page, url, writer)
        await page.locator("#message").focus()
        writing = busy.write(TYPING_S * ARRIVING_PER_S, every_s=1 / ARRIVING_PER_S) if busy else asyncio.sleep(0)
        keys = TYPING_S * KEYS_PER_S
        await asyncio.gather(writing, _type(page, keys))
        slow: list[float] = await page.evaluate("delays")
    times_ms = sorted([*slow, *[16.0] * (keys - len(slow))])
    return times_ms[keys * 95 // 100]


async def _type(page: Page, keys: int) -> None:
    for number in range(keys):
        await page.keyboard.press("abcdefgh"[number % 8])
        await asyncio.sleep(1 / KEYS_PER_S)


async def _open(page: Page, url: str, other: Person) -> None:
    await page.goto(f"{url}/chat/{other.username}?newest=1")  # not where the unread begins: that is the first
    await page.wait_for_function(LIVE)
