"""Live video: how many frames a second are processed, and how fresh they are.

Measured: frames of 640 x 480 go through the gateway and come back as JPEGs of quality 70, from one sender and from
four, as binary messages and as base64 in JSON. Each sender keeps two frames on the way. Then one sender publishes as
fast as it is answered to many watchers. Then one sends 60 frames of 1280 x 720 a second, while one watcher reads
two a second and another all; each frame carries the time at which it was sent, so that its age is known
where it arrives.

Yardstick: `bench/baseline_video.py`, a loop that decodes and encodes the same frames in as many threads as the service
can use for so many senders: one for one, as many as there are cores for four. For watchers, the frames that the same
sender gets back without any. For ages, the sender's own, since its frames take the same way but for the last part.
"""

import asyncio
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from picows import WSMsgType

from bench.baseline_video import QUALITY
from bench.machine import processor_time_s, usable_cores
from bench.people import NO_LIMITS, Person, people_with_tokens
from bench.rounds import Compared, Effort, alternate, percentile_ms
from bench.table import Figure, NoMoreThan, RatioAtLeast, Report
from bench.video_ages import Ages, measure_ages
from bench.video_client import Sender, as_json, connected, scene
from launcher.temporary_system import TemporarySystem

SIZE = (640, 480)
FRAMES_OF_THE_SCENE = 24
SENDERS = 4
LAG_SIZE = (1280, 720)
AGE_MS_MAX = 300
BINARY_RATIO_MIN, JSON_RATIO_MIN = 0.7, 0.6

clock = time.perf_counter


@dataclass(frozen=True, kw_only=True)
class Round:
    """`share` is how much of one core each process needed, the client among them."""

    frames_per_second: float
    share: dict[str, float]


class Throughput:
    """Frames a second of so many senders in one form, and of as many threads of the yardstick."""

    def __init__(self, system: TemporarySystem, people: Sequence[Person], jpegs: Path, round_s: float) -> None:
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
        command = ["-m", "bench.baseline_video", str(self._jpegs), str(threads), str(self._round_s)]
        process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
        said, _ = await process.communicate()
        return Round(frames_per_second=float(said), share={})


def _answered(senders: Sequence[Sender]) -> int:
    return sum(sender.answered for sender in senders)


async def _delivered(
    system: TemporarySystem, people: Sequence[Person], jpegs: Sequence[bytes], count: int, time_s: float
) -> Round:
    """Frames a second to all watchers together, of one sender who sends the next when the last one is back."""
    stream = f"bench-{secrets.token_hex(4)}"  # the one of the round before may not be free yet
    async with (
        connected(system.ws_url, people[:1], f"?stream={stream}", jpegs, WSMsgType.BINARY) as (sender,),
        connected(system.ws_url, people[1 : count + 1], f"/{stream}", [], WSMsgType.BINARY) as watchers,
    ):
        sender.push()
        await asyncio.sleep(time_s / 4)
        seen = watchers or [sender]
        before, started = _answered(seen), clock()
        await asyncio.sleep(time_s)
        return Round(frames_per_second=(_answered(seen) - before) / (clock() - started), share={})


async def measure(effort: Effort, folder: Path) -> Report:
    secret, jpegs = secrets.token_hex(32), folder / "jpegs"
    jpegs.mkdir()
    for number, jpeg in enumerate(scene(SIZE, FRAMES_OF_THE_SCENE)):
        (jpegs / f"{number:02}.jpg").write_bytes(jpeg)
    people = people_with_tokens(secret, effort.watchers + 1)
    environment = {**NO_LIMITS, "SECRET_KEY": secret, "PARLEY_FRAMES_PER_SECOND": "0"}
    async with TemporarySystem(folder / "data", environment=environment) as system:
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
    async with TemporarySystem(folder / "lag", environment={**NO_LIMITS, "SECRET_KEY": secret}) as system:
        ages = await measure_ages(system, people, scene(LAG_SIZE, FRAMES_OF_THE_SCENE), effort.lag_s)
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
