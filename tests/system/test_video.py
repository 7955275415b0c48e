"""Live video through the gateway, between real processes: as plain clients and curl meet it."""

import asyncio
import base64
import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus

from tests.system.parleys import Parley, code
from tests.system.people import Person, connect_to, handshake_status
from tests.system.terminals import shell
from tests.video_service.scenes import decoded, distance, ground, jpeg, moving
from tests.waiting import eventually

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="opens the stream as the documents show: curl")

STILL = jpeg(ground())
PATH = "/api/ws/video"
WAIT_S_MAX = 10.0
AGE_S_MAX = 0.3
LAG_S, LAG_FRAMES_PER_SECOND = 4.0, 60


def camera(person: Person, query: str = "") -> Any:
    """Sends frames; the token stands in the address, as a browser or a plain client puts it."""
    return connect_to(f"{person.ws_url}{PATH}?token={person.token}{query}", max_size=None)


def screen(person: Person, stream: str, query: str = "", **options: Any) -> Any:
    return connect_to(f"{person.ws_url}{PATH}/{stream}?token={person.token}{query}", max_size=None, **options)


async def receive(socket: ClientConnection) -> str | bytes:
    async with asyncio.timeout(WAIT_S_MAX):
        return await socket.recv()


async def show(socket: ClientConnection, image: bytes) -> bytes:
    await socket.send(image)
    answer = await receive(socket)
    assert isinstance(answer, bytes), answer
    return answer


async def hear(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """The next event, which has to be of that kind; pictures are passed over."""
    while isinstance(heard := await receive(socket), bytes):
        pass
    event: dict[str, Any] = json.loads(heard)
    assert event["type"] == kind, event
    return event


async def test_base64_frames_are_processed_as_the_document_says(shared: Parley) -> None:
    (ada,) = await shared.people("ada")
    async with camera(ada, "&effect=grayscale") as socket:
        await socket.send(base64.b64encode(STILL).decode())
        answer = await receive(socket)
        picture = decoded(base64.b64decode(answer, validate=True))
        assert picture.shape == (480, 640, 3)
        assert picture.std(axis=2).max() == 0


async def test_without_a_token_the_gateway_lets_nobody_in(shared: Parley) -> None:
    assert await handshake_status(f"{shared.system.ws_url}{PATH}") == 401
    assert code(await shared.http.get("/api/video/streams")) == (401, "unauthenticated")


async def test_a_stream_is_published_listed_and_watched(shared: Parley) -> None:
    ada, bob = await shared.people("ada", "bob")
    name = f"of-{ada.name}"
    async with camera(ada, f"&stream={name}") as publishing, screen(bob, name) as watching:
        assert (await hear(watching, "stream"))["username"] == ada.name
        mine = b""
        for number in range(5):
            mine = await show(publishing, jpeg(moving(number)))
            assert await receive(watching) == mine
        assert await handshake_status(f"{bob.ws_url}{PATH}?stream={name}&token={bob.token}") == 409
        (listed,) = [one for one in await bob.get("/api/video/streams") if one["name"] == name]
        assert (listed["username"], listed["watchers"], listed["width"], listed["height"]) == (ada.name, 1, 640, 480)
        answer = await bob.ask("GET", f"/api/video/streams/{name}/snapshot")
        assert (answer.headers["content-type"], answer.content) == ("image/jpeg", mine)


@needs_curl
async def test_curl_saves_a_stream_that_a_plain_client_watches_too(shared: Parley, tmp_path: Path) -> None:
    ada, bob = await shared.people("ada", "bob")
    name, file = f"of-{ada.name}", tmp_path / "stream.mjpeg"
    async with camera(ada, f"&stream={name}") as publishing, screen(bob, name) as watching:
        await hear(watching, "stream")
        saving = asyncio.create_task(
            shell(
                f"curl -sN --max-time 2 -o {file} -H 'Authorization: Bearer {bob.token}'"
                f" http://127.0.0.1:8000/api/video/streams/{name}/mjpeg || test $? = 28",
                address=shared.system.url.removeprefix("http://"),
            )
        )
        shown: list[bytes] = []
        while not saving.done():
            shown.append(await show(publishing, jpeg(moving(len(shown)))))
            assert await receive(watching) == shown[-1]
            await asyncio.sleep(0.03)  # a camera's pace
        await saving
    parts = file.read_bytes().split(b"--picture\r\n")[1:-1]
    saved = [part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for part in parts]
    assert len(saved) > 5
    assert [shown.index(one) for one in saved] == sorted({shown.index(one) for one in saved})


async def test_an_ended_session_ends_its_video(shared: Parley) -> None:
    ada, bob = await shared.people("ada", "bob")
    name = f"of-{ada.name}"
    async with camera(ada, f"&stream={name}") as publishing, screen(bob, name) as watching:
        await hear(watching, "stream")
        await ada.ask("POST", "/api/logout")
        async with asyncio.timeout(WAIT_S_MAX):
            await publishing.wait_closed()
        assert publishing.close_code == 4401
        await hear(watching, "stream_ended")


class Ages:
    """How old the pictures are that come to a connection, by the clock of this process."""

    def __init__(self, socket: ClientConnection, *, pause_s: float = 0.0) -> None:
        self.ages_s: list[float] = []
        self._reading = asyncio.create_task(self._read(socket, pause_s))

    async def _read(self, socket: ClientConnection, pause_s: float) -> None:
        async for message in socket:
            event = json.loads(message)
            if event["type"] == "frame":
                self.ages_s.append(time.perf_counter() - event["captured_at"])
            await asyncio.sleep(pause_s)

    async def end(self) -> None:
        self._reading.cancel()
        with suppress(asyncio.CancelledError):
            await self._reading

    @property
    def p99_s(self) -> float:
        return sorted(self.ages_s)[len(self.ages_s) * 99 // 100]


async def send_evenly(socket: ClientConnection, images: Sequence[str], time_s: float) -> int:
    """Frames at their rate, each with the time at which it was sent; how many."""
    started_s, sent = time.perf_counter(), 0
    while time.perf_counter() - started_s < time_s:
        frame = {"type": "frame", "image": images[sent % len(images)], "captured_at": time.perf_counter()}
        await socket.send(json.dumps(frame))
        sent += 1
        await asyncio.sleep(max(0.0, started_s + sent / LAG_FRAMES_PER_SECOND - time.perf_counter()))
    return sent


def memory_kib(pid: int) -> int:
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1])


@pytest.mark.alone
async def test_lag_does_not_grow_with_the_rate_nor_with_a_slow_watcher(
    shared: Parley, report: Callable[[str], None]
) -> None:
    ada, bob, cyd = await shared.people("ada", "bob", "cyd")
    images = [base64.b64encode(jpeg(moving(number, 1280, 720), 80)).decode() for number in range(8)]
    name, pid = f"of-{ada.name}", shared.system.pids["video"]
    async with (
        camera(ada, f"&stream={name}") as publishing,
        screen(bob, name, "&format=json") as watching,
        screen(cyd, name, "&format=json", max_queue=1) as slow,
    ):
        witnesses = [Ages(publishing), Ages(watching), Ages(slow, pause_s=0.5)]
        await send_evenly(publishing, images, LAG_S / 4)
        before_kib = memory_kib(pid)
        sent = await send_evenly(publishing, images, LAG_S)
        grown_kib = memory_kib(pid) - before_kib
        for witness in witnesses:
            await witness.end()
    mine, theirs, slows = witnesses
    report(
        f"video: {sent} frames of 1280 x 720 in {LAG_S:g} s; p99 of the age {1000 * mine.p99_s:.0f} ms at the sender,"
        f" {1000 * theirs.p99_s:.0f} ms at a watcher beside a slow one, who got {len(slows.ages_s)} of them;"
        f" memory grew by {grown_kib / 1024:.1f} MiB"
    )
    assert max(mine.p99_s, theirs.p99_s) < AGE_S_MAX
    assert len(slows.ages_s) < 3 * (LAG_S + LAG_S / 4)
    assert grown_kib < 32 * 1024


# When something dies


@asynccontextmanager
async def publishing_again(person: Person, name: str) -> Any:
    """A camera that comes back as soon as it is let in."""
    async with asyncio.timeout(WAIT_S_MAX):
        while True:
            with suppress(OSError, InvalidStatus):
                socket = await camera(person, f"&stream={name}")
                break
            await asyncio.sleep(0.05)
    async with socket:
        yield socket


async def test_after_a_kill_the_publisher_is_back_and_no_row_stays_open(fragile: Parley) -> None:
    ada, bob = await fragile.people("ada", "bob")
    name = f"of-{ada.name}"
    async with camera(ada, f"&stream={name}") as publishing:
        await show(publishing, STILL)
        await eventually(lambda: rows(fragile, name) == [(1, None)])
        await fragile.system.kill("video")
    with opened_store(fragile) as connection:  # as if it had been a minute ago: what is younger may go on elsewhere
        connection.execute("UPDATE streams SET written_at = written_at - 61")
    await fragile.system.start("video")
    await fragile.system.ready()
    async with publishing_again(ada, name) as publishing, screen(bob, name) as watching:
        await hear(watching, "stream")
        mine = await show(publishing, STILL)
        assert await receive(watching) == mine
        await eventually(lambda: [number for number, ended in rows(fragile, name) if ended is None] == [2])


@contextmanager
def opened_store(parley: Parley) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(parley.system.data_dir / "video" / "streams.db")) as connection, connection:
        yield connection


def rows(parley: Parley, name: str) -> list[tuple[int, int | None]]:
    """Of the streams of that name: their number among these, and when they ended."""
    with opened_store(parley) as connection:
        found = connection.execute("SELECT ended_at FROM streams WHERE name = ? ORDER BY id", (name,)).fetchall()
    return [(number, ended_at) for number, (ended_at,) in enumerate(found, start=1)]


async def test_video_goes_on_without_redis(fragile: Parley) -> None:
    ada, bob = await fragile.people("ada", "bob")
    name = f"of-{ada.name}"
    async with camera(ada, f"&stream={name}") as publishing, screen(bob, name) as watching:
        await hear(watching, "stream")
        await fragile.system.stop_valkey()
        try:
            for number in range(5):
                mine = await show(publishing, jpeg(moving(number)))
                assert distance(decoded(await receive(watching)), decoded(mine)) == 0  # type: ignore[arg-type]
        finally:
            await fragile.system.start_valkey()
            await fragile.system.ready()
        assert name in [one["name"] for one in await bob.get("/api/video/streams")]
