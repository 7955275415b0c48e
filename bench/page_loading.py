"""Pages in a browser that has nothing of them yet, on a slow line: when one can read, and when one can write.

Measured: a room with 50 messages, opened in a Chromium with an empty cache, on a line as its network emulation makes it
(`bench/browser.py`). The first message counts from the frame that shows it; the composer lives when the scripts have
run. Requests and bytes are those that the browser counts, heads and all, until the page is at rest.

Yardstick: the same messages as JSON, opened as a page: what the line alone takes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from playwright.async_api import Browser, CDPSession

from bench.browser import SLOW_LINE, Trace, chromium, signed_in, slow_down
from bench.people import NO_LIMITS, Person, sign_up_people
from bench.rounds import Effort
from bench.table import Figure, NoMoreThan, Report
from launcher.temporary_system import TemporarySystem

MESSAGES = 50
FIRST_MESSAGE_S_MAX = 0.7
COMPOSER_S_MAX = 1.5
KIB_MAX = 100
LOADS_MIN = 3
WAIT_MS_MAX = 30_000
TEXT = "Message {} of about the length that people write, now and then with https://example.org/an/address in it."
ROOM, HISTORY, HOME = "/rooms/slow", "/api/rooms/slow/messages", "/"
# What is there when a frame begins is what the frame shows.
WATCH = """
window.seen = {};
(function look() {
  if (document.querySelector("#log > article, body > pre")) seen.message ??= performance.now();
  if (document.documentElement?.dataset.scripts === "live") seen.live ??= performance.now();
  requestAnimationFrame(look);
})();
"""


@dataclass(frozen=True, kw_only=True)
class Load:
    message_s: float
    live_s: float
    requests: int
    kib: float
    layout_shift: float


class Received:
    """What the browser has received; icons within style sheets are none of it."""

    def __init__(self, session: CDPSession) -> None:
        self.requests = 0
        self.size_bytes = 0
        self._within = set[str]()
        session.on("Network.requestWillBeSent", self._begin)
        session.on("Network.loadingFinished", self._add)

    def _begin(self, sent: dict[str, Any]) -> None:
        if sent["request"]["url"].startswith("data:"):
            self._within.add(sent["requestId"])

    def _add(self, finished: dict[str, Any]) -> None:
        if finished["requestId"] not in self._within:
            self.requests += 1
            self.size_bytes += int(finished["encodedDataLength"])


async def measure(effort: Effort, folder: Path) -> Report:
    loads: dict[str, list[Load]] = {ROOM: [], HISTORY: [], HOME: []}
    async with TemporarySystem(folder / "data", environment=NO_LIMITS) as system:
        ada, grace = await sign_up_people(system.url, 2)
        await _talk(system.url, ada, grace)
        async with chromium() as browser:
            for _ in range(max(effort.rounds, LOADS_MIN)):
                for path, done in loads.items():
                    done.append(await _load(browser, system.url, path, ada))
    return _report(loads[ROOM], loads[HISTORY], loads[HOME])


async def _load(browser: Browser, url: str, path: str, person: Person) -> Load:
    async with signed_in(browser, url, person) as page:
        await page.add_init_script(WATCH)
        session = await page.context.new_cdp_session(page)
        received = Received(session)
        await slow_down(session)
        trace = Trace(browser, page)
        await trace.begin()
        await page.goto(url + path)
        if path == ROOM:
            await page.wait_for_function("() => seen.message && seen.live", timeout=WAIT_MS_MAX)
        await page.wait_for_load_state("networkidle")
        await trace.end()
        seen = await page.evaluate("seen")
    return Load(
        message_s=seen.get("message", 0) / 1000,
        live_s=seen.get("live", 0) / 1000,
        requests=received.requests,
        kib=received.size_bytes / 1024,
        layout_shift=trace.layout_shift(),
    )


async def _talk(url: str, ada: Person, grace: Person) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        owner, member = ({"Authorization": f"Bearer {person.key}"} for person in (ada, grace))
        room = {"name": "slow", "topic": "", "private": False}
        (await client.post("/api/rooms", json=room, headers=owner)).raise_for_status()
        (await client.put(f"/api/rooms/slow/members/{grace.username}", headers=member)).raise_for_status()
        for number in range(MESSAGES):
            body = {"message": TEXT.format(number)}
            headers = owner if number % 3 else member
            (await client.post("/api/rooms/slow/messages", json=body, headers=headers)).raise_for_status()


def _report(room: Sequence[Load], history: Sequence[Load], home: Sequence[Load]) -> Report:
    def middle(loads: Sequence[Load], name: str) -> float:
        return float(median(getattr(load, name) for load in loads))

    def figure(what: str, unit: str, loads: Sequence[Load], name: str, bar: float) -> Figure:
        yardstick = middle(history, "message_s" if name == "live_s" else name)
        return Figure(what=what, unit=unit, parley=middle(loads, name), yardstick=yardstick, bar=NoMoreThan(bar, unit))

    return Report(
        title=f"A cold page on a slow line: a room with {MESSAGES} messages",
        yardstick_name="the same messages as JSON",
        figures=[
            figure("first message visible", "s", room, "message_s", FIRST_MESSAGE_S_MAX),
            figure("composer live", "s", room, "live_s", COMPOSER_S_MAX),
            figure("room: all received, compressed", "KiB", room, "kib", KIB_MAX),
            figure("home: all received, compressed", "KiB", home, "kib", KIB_MAX),
        ],
        notes=[
            f"the line: {SLOW_LINE}",
            f"requests: {room[0].requests} for the room, {home[0].requests} for home",
            f"layout shift: {max(load.layout_shift for load in (*room, *home)):.4f} at most",
            "first message and composer in each round, s: "
            + " · ".join(f"{load.message_s:.2f} and {load.live_s:.2f}" for load in room),
        ],
    )
