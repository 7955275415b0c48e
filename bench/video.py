"""Live video: how many frames a second are processed, and how fresh they are.

Measured: frames of 640 x 480 go through the gateway and come back as JPEGs of quality 70, from one sender and from
four, as binary messages and as base64 in JSON. Each sender keeps two frames on the way. Then one sender publishes as
fast as it is answered to many watchers. Then one sends 60 frames of 1280 x 720 a second, while one watcher reads
two a second and another all; each frame carries the time at which it was sent, so that its age is known
where it arrives.

Yardstick: `bench/bare_video.py`, a loop that decodes and encodes the same frames in as many threads as the service
can use for so many senders: one for one, as many as there are cores for four. For watchers, the frames that the same
sender gets back without any. For ages, the sender's own, since its frames take the same way but for the last part.
"""

import asyncio
import base64
import secrets
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import msgspec
import numpy as np
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect
from websockets.asyncio.client import connect

from bench.bare_video import QUALITY
from bench.machine import memory_kib, processor_time_s, usable_cores
from bench.people import NO_LIMITS, Person, people_with_tokens
from bench.rounds import Compared, Effort, WrongResult, alternate, percentile_ms
from bench.table import Figure, NoMoreThan, RatioAtLeast, Report
from launcher.system import System

SIZE = (640, 480)
FRAMES_OF_THE_SCENE = 24
ON_THE_WAY = 2
PATH = "/api/ws/video"
SENDERS = 4
LAG_SIZE = (1280, 720)
LAG_FRAMES_PER_SECOND = 60
SLOW_INTERVAL_S = 0.5
AGE_MS_MAX = 300
BINARY_RATIO_MIN, JSON_RATIO_MIN = 0.7, 0.6

clock = time.perf_counter


def scene(size: tuple[int, int], frames: int) -> list[bytes]:
    """A moving picture, as detailed as a camera's, as JPEGs of quality 80."""
    width, height = size
    chance = np.random.default_rng(1)
    rough = chance.integers(0, 256, (height // 24, width // 24, 3), dtype=np.uint8)
    ground = cv2.resize(rough, size, interpolation=cv2.INTER_CUBIC)
    noise = chance.integers(0, 12, (height, width, 3), dtype=np.uint8)
    return [_encode(_draw(cv2.add(ground, noise), number, frames)) for number in range(frames)]


def _draw(frame: "cv2.typing.MatLike", number: int, frames: int) -> "cv2.typing.MatLike":
    height, width = frame.shape[:2]
    middle = (width * (number + 1) // (frames + 1), height // 2)
    return cv2.circle(np.roll(frame, number * 3, axis=1), middle, height // 6, (40, 60, 220), -1)


def _encode(frame: "cv2.typing.MatLike") -> bytes:
    return cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()


@dataclass(frozen=True, kw_only=True)
class Round:
    """`share` is how much of one core each process needed, the client among them."""

    frames_per_second: float
    share: dict[str, float]


class Sender(WSListener):
    """Sends frames again and again: as many as it is asked for, or the next whenever one comes back."""

    transport: WSTransport

    def __init__(self, messages: Sequence[bytes], kind: WSMsgType) -> None:
        self.answered = 0
        self.is_pushing = False
        self.on_answer: Callable[[memoryview], None] = _ignore
        self._messages = messages
        self._kind = kind
        self._sent = 0

    def push(self) -> None:
        """Keep ON_THE_WAY frames on the way from now on."""
        self.is_pushing = True
        for _ in range(ON_THE_WAY):
            self.send_next()

    def send_next(self) -> None:
        self.transport.send(self._kind, self._messages[self._sent % len(self._messages)])
        self._sent += 1

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, _transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
            return
        payload = frame.get_payload_as_memoryview()
        if frame.msg_type == WSMsgType.TEXT and bytes(payload[:15]) == b'{"type":"error"':
            raise WrongResult(bytes(payload).decode())
        self.answered += 1
        self.on_answer(payload)
        if self.is_pushing:
            self.send_next()


def _ignore(_payload: memoryview) -> None: ...


@asynccontextmanager
async def connected(
    url: str, people: Sequence[Person], path: str, messages: Sequence[bytes], kind: WSMsgType
) -> AsyncIterator[list[Sender]]:
    async with AsyncExitStack() as stack:
        senders = []
        for person in people:
            address = f"{url}{PATH}{path}{'&' if '?' in path else '?'}token={person.key}"
            transport, sender = await ws_connect(lambda: Sender(messages, kind), address)
            stack.callback(transport.disconnect)
            assert isinstance(sender, Sender)
            senders.append(sender)
        yield senders


def as_json(jpeg: bytes) -> bytes:
    return msgspec.json.encode({"type": "frame", "image": f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"})


class Throughput:
    """Frames a second of so many senders in one form, and of as many threads of the yardstick."""

    def __init__(self, system: System, people: Sequence[Person], jpegs: Path, round_s: float) -> None:
        self._system = system
        self._people = people
        self._jpegs = jpegs
        self._round_s = round_s

    async def compare(self, rounds: int, senders: int, *, in_json: bool) -> Compared[Round]:
        threads = min(senders, len(usable_cores()))
        return await alternate(
            rounds,
            parley=lambda: self._parley(senders, in_json=in_json),
            yardstick=lambda: self._bare(threads),
        )

    async def _parley(self, count: int, *, in_json: bool) -> Round:
        jpegs = [path.read_bytes() for path in sorted(self._jpegs.glob("*.jpg"))]
        messages = [as_json(jpeg) for jpeg in jpegs] if in_json else jpegs
        kind = WSMsgType.TEXT if in_json else WSMsgType.BINARY
        path = f"?quality={QUALITY}"
        async with connected(self._system.ws_url, self._people[:count], path, messages, kind) as senders:
            for sender in senders:
                sender.push()
            await asyncio.sleep(self._round_s / 4)
            before, started, before_s = _answered(senders), clock(), self._times_s()
            await asyncio.sleep(self._round_s)
            elapsed_s, after_s = clock() - started, self._times_s()
            return Round(
                frames_per_second=(_answered(senders) - before) / elapsed_s,
                share={name: (after_s[name] - before_s[name]) / elapsed_s for name in after_s},
            )

    def _times_s(self) -> dict[str, float]:
        pids = self._system.pids
        servers = {name: processor_time_s(pids[name]) for name in ("gateway", "video")}
        return {**servers, "client": time.process_time()}

    async def _bare(self, threads: int) -> Round:
        command = ["-m", "bench.bare_video", str(self._jpegs), str(threads), str(self._round_s)]
        process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
        said, _ = await process.communicate()
        return Round(frames_per_second=float(said), share={})


def _answered(senders: Sequence[Sender]) -> int:
    return sum(sender.answered for sender in senders)


# Watchers


async def _delivered(
    system: System, people: Sequence[Person], jpegs: Sequence[bytes], count: int, time_s: float
) -> Round:
    """Frames a second to all watchers together, of one sender who sends the next when the last one is back."""
    async with (
        connected(system.ws_url, people[:1], "?stream=bench", jpegs, WSMsgType.BINARY) as (sender,),
        connected(system.ws_url, people[1 : count + 1], "/bench", [], WSMsgType.BINARY) as watchers,
    ):
        sender.push()
        await asyncio.sleep(time_s / 4)
        seen = watchers or [sender]
        before, started = _answered(seen), clock()
        await asyncio.sleep(time_s)
        return Round(frames_per_second=(_answered(seen) - before) / (clock() - started), share={})


# Lag


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


async def _lag(system: System, people: Sequence[Person], jpegs: Sequence[bytes], time_s: float) -> Ages:
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
    urls = [f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}" for jpeg in jpegs]
    started, sent = clock(), 0
    while clock() - started < time_s:
        frame = {"type": "frame", "image": urls[sent % len(urls)], "captured_at": clock()}
        sender.transport.send(WSMsgType.TEXT, msgspec.json.encode(frame))
        sent += 1
        await asyncio.sleep(max(0.0, started + sent / LAG_FRAMES_PER_SECOND - clock()))
    return sent


async def _read_seldom(url: str, ages_s: list[float]) -> None:
    """Read a picture, and the next half a second later; a client with hardly any buffer of its own."""
    async with connect(url, max_queue=1, max_size=None, proxy=None, compression=None) as slow:
        async for message in slow:
            if captured_at := _decode(message).captured_at:
                ages_s.append(clock() - captured_at)
                await asyncio.sleep(SLOW_INTERVAL_S)


# All of it


async def measure(effort: Effort, folder: Path) -> Report:
    secret, jpegs = secrets.token_hex(32), folder / "jpegs"
    jpegs.mkdir()
    for number, jpeg in enumerate(scene(SIZE, FRAMES_OF_THE_SCENE)):
        (jpegs / f"{number:02}.jpg").write_bytes(jpeg)
    people = people_with_tokens(secret, effort.watchers + 1)
    environment = {**NO_LIMITS, "SECRET_KEY": secret, "PARLEY_FRAMES_PER_SECOND": "0"}
    async with System(folder / "data", environment=environment) as system:
        throughput = Throughput(system, people, jpegs, effort.round_s)
        rates = {
            (senders, in_json): await throughput.compare(effort.rounds, senders, in_json=in_json)
            for senders in (1, SENDERS)
            for in_json in (False, True)
        }
        small = scene(SIZE, FRAMES_OF_THE_SCENE)
        watched = await alternate(
            effort.rounds,
            parley=lambda: _delivered(system, people, small, effort.watchers, effort.round_s),
            yardstick=lambda: _delivered(system, people, small, 0, effort.round_s),
        )
    async with System(folder / "lag", environment={**NO_LIMITS, "SECRET_KEY": secret}) as system:
        ages = await _lag(system, people, scene(LAG_SIZE, FRAMES_OF_THE_SCENE), effort.lag_s)
    return _report(effort, rates, watched, ages)


def _report(
    effort: Effort, rates: dict[tuple[int, bool], Compared[Round]], watched: Compared[Round], ages: Ages
) -> Report:
    delivered, alone = watched.medians(_frames_per_second)
    return Report(
        title=f"Video: {SIZE[0]} x {SIZE[1]} processed and sent back, and how fresh it is",
        yardstick_name="bare OpenCV loop",
        figures=[
            *(_rate(senders, compared, in_json=in_json) for (senders, in_json), compared in rates.items()),
            Figure(
                what=f"to {effort.watchers} watchers together, against its sender without any",
                unit="/s",
                parley=delivered,
                yardstick=alone,
            ),
            _age("age at the other watcher: p50, against the sender's", ages, 50),
            _age("age at the other watcher: p99, against the sender's", ages, 99, NoMoreThan(AGE_MS_MAX, "ms")),
        ],
        notes=[*_notes_on_rates(rates), *_notes_on_ages(effort, ages)],
    )


def _notes_on_rates(rates: dict[tuple[int, bool], Compared[Round]]) -> Iterator[str]:
    for (senders, in_json), compared in rates.items():
        rounds = compared.every_round(_frames_per_second)
        shares = ", ".join(f"{name} {share:.2f}" for name, share in compared.parley[-1].share.items())
        yield f"{_name(senders, in_json=in_json)}, a second in each round: {rounds}; share of one core: {shares}"


def _notes_on_ages(effort: Effort, ages: Ages) -> Iterator[str]:
    size, before, after = "{} x {}".format(*LAG_SIZE), *(kib / 1024 for kib in ages.memory_kib)
    got = [len(ages.sender_s), len(ages.watcher_s), len(ages.slow_s)]
    yield f"ages: {ages.sent} frames of {size} sent in {effort.lag_s:.0f} s; sender, watcher, slow watcher got {got}"
    oldest_ms = 1000 * max(ages.slow_s)
    yield f"age at the slow watcher: p50 {percentile_ms(ages.slow_s, 50):.0f} ms, the oldest {oldest_ms:.0f} ms"
    yield f"memory of the service after a quarter of that time {before:.0f} MiB, at its end {after:.0f} MiB"


def _rate(senders: int, compared: Compared[Round], *, in_json: bool) -> Figure:
    parley, yardstick = compared.medians(_frames_per_second)
    bar = RatioAtLeast(JSON_RATIO_MIN if in_json else BINARY_RATIO_MIN)
    return Figure(what=_name(senders, in_json=in_json), unit="/s", parley=parley, yardstick=yardstick, bar=bar)


def _age(what: str, ages: Ages, percentile: int, bar: NoMoreThan | None = None) -> Figure:
    watcher, sender = (percentile_ms(one, percentile) for one in (ages.watcher_s, ages.sender_s))
    return Figure(what=what, unit="ms", parley=watcher, yardstick=sender, bar=bar)


def _name(senders: int, *, in_json: bool) -> str:
    return f"{senders} sender{'s' if senders > 1 else ''}, {'base64 in JSON' if in_json else 'binary'}"


def _frames_per_second(one: Round) -> float:
    return one.frames_per_second
