"""How old the pictures of live video are where they arrive: each frame carries the time at which it was sent."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from picows import WSMsgType
from websockets.asyncio.client import connect

from bench.machine import memory_kib
from bench.people import Person
from bench.video_client import PATH, Sender, connected, data_url
from launcher.temporary_system import TemporarySystem

FRAMES_PER_SECOND = 60
SLOW_INTERVAL_S = 0.5

clock = time.perf_counter


@dataclass(frozen=True, kw_only=True)
class Ages:
    """How old pictures were when they came, and how much memory the service had at the begin and at the end."""

    sender_s: Sequence[float]
    watcher_s: Sequence[float]
    slow_s: Sequence[float]
    sent: int
    memory_kib: tuple[int, int]


class Captured(msgspec.Struct, gc=False):
    """`captured_at` is when a frame was sent, by the clock of this process; events of other types have none."""

    captured_at: float = 0.0


_decode = msgspec.json.Decoder(Captured).decode


class Witness:
    """Notes how old the pictures are that come to a connection."""

    def __init__(self, connection: Sender) -> None:
        self.ages_s: list[float] = []
        connection.on_answer = self._note

    def _note(self, payload: memoryview) -> None:
        if captured_at := _decode(payload).captured_at:
            self.ages_s.append(clock() - captured_at)


async def measure_ages(
    system: TemporarySystem, people: Sequence[Person], jpegs: Sequence[bytes], time_s: float
) -> Ages:
    pid, slow_s = system.pids["video"], list[float]()
    async with (
        connected(system.ws_url, people[:1], "?stream=lag", [], WSMsgType.TEXT) as (sender,),
        connected(system.ws_url, people[1:2], "/lag?format=json", [], WSMsgType.TEXT) as (watcher,),
    ):
        mine, theirs = Witness(sender), Witness(watcher)
        url = f"{system.ws_url}{PATH}/lag?format=json&token={people[2].key}"
        reading = asyncio.create_task(_read_seldom(url, slow_s))
        sent = await _send_evenly(sender, jpegs, time_s / 4)
        begun_kib = memory_kib(pid)
        sent += await _send_evenly(sender, jpegs, time_s * 3 / 4)
        ended_kib = memory_kib(pid)
        reading.cancel()
        return Ages(
            sender_s=mine.ages_s,
            watcher_s=theirs.ages_s,
            slow_s=slow_s,
            sent=sent,
            memory_kib=(begun_kib, ended_kib),
        )


async def _send_evenly(sender: Sender, jpegs: Sequence[bytes], time_s: float) -> int:
    """Frames at their rate, each with the time at which it was sent; how many."""
    urls = [data_url(jpeg) for jpeg in jpegs]
    started, sent = clock(), 0
    while clock() - started < time_s:
        frame = {"type": "frame", "image": urls[sent % len(urls)], "captured_at": clock()}
        sender.transport.send(WSMsgType.TEXT, msgspec.json.encode(frame))
        sent += 1
        await asyncio.sleep(max(0.0, started + sent / FRAMES_PER_SECOND - clock()))
    return sent


async def _read_seldom(url: str, ages_s: list[float]) -> None:
    """Read a picture, and the next half a second later; a client with hardly any buffer of its own."""
    async with connect(url, max_queue=1, max_size=None, proxy=None, compression=None) as slow:
        async for message in slow:
            if captured_at := _decode(message).captured_at:
                ages_s.append(clock() - captured_at)
                await asyncio.sleep(SLOW_INTERVAL_S)
