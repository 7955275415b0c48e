"""Resume: how long somebody who was away waits for 1,000 missed messages.

Measured: the time from handing `resume` to the socket until `resumed` is parsed, on a new connection each time,
through the gateway. The person has seen 100 messages in each of two conversations and missed the 500 after
them, which is as many as are replayed. They have to come complete, in order and once, or the run fails.

Yardstick: the same rows read with sqlite3 from the same file and encoded with msgspec, in a loop.
"""

import asyncio
import secrets
import sqlite3
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from bench.chat_client import Event, connected
from bench.people import NO_LIMITS, Person, people_with_tokens
from bench.rounds import Compared, Effort, WrongResult, alternate, percentile_ms
from bench.seeded_store import chat_store, store_messages, store_path
from bench.table import Figure, NoMoreThan, Report
from launcher.temporary_system import TemporarySystem

SEEN = 100
MISSED = 500
RESUME_MS_MAX = 300
RESUME_TIME_S_MAX = 30.0
ROWS = (
    "SELECT id, seq, sender_username, receiver_username, message, timestamp FROM messages"
    " WHERE conversation_id = ? AND seq > ? ORDER BY seq"
)

clock = time.perf_counter
Missed = dict[str, list[tuple[int, str]]]  # by conversation: the places and texts, in order


class Row(msgspec.Struct, gc=False):
    id: int
    seq: int
    sender_username: str
    receiver_username: str
    message: str
    timestamp: str


async def measure(effort: Effort, folder: Path) -> Report:
    secret = secrets.token_hex(32)
    reader, *writers = people_with_tokens(secret, 3)
    missed = await _fill(folder / "data", reader, writers)
    async with TemporarySystem(folder / "data", environment={**NO_LIMITS, "SECRET_KEY": secret}) as system:
        with closing(sqlite3.connect(store_path(folder / "data"))) as connection:

            async def read_and_encode() -> float:
                return _read_and_encode(connection)

            compared = await alternate(
                effort.resumes,
                parley=lambda: _resume(system.ws_url, reader, missed),
                yardstick=read_and_encode,
            )
    return _report(effort, compared)


async def _fill(data_dir: Path, reader: Person, writers: Sequence[Person]) -> Missed:
    """What `reader` has not seen."""
    said = [
        (writer.username, reader.username, f"{number:09} Shall we meet at the station at noon, or in the café?")
        for number in range(SEEN + MISSED)
        for writer in writers
    ]
    async with chat_store(data_dir) as database:
        stored = await store_messages(database, said)
    missed: Missed = defaultdict(list)
    for message in stored:
        if message.seq > SEEN:
            missed[f"@{message.sender_username}"].append((message.seq, message.message))
    return dict(missed)


async def _resume(ws_url: str, reader: Person, missed: Missed) -> float:
    received: Missed = defaultdict(list)
    resumed: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def on_event(event: Event) -> None:
        if event.type == "resumed":
            resumed.set_result(clock())
        else:
            received[event.conversation].append((event.seq, event.message))

    async with connected(ws_url, [reader]) as (connection,), asyncio.timeout(RESUME_TIME_S_MAX):
        connection.on_event = on_event
        command = msgspec.json.encode({"type": "resume", "positions": dict.fromkeys(missed, SEEN)})
        started = clock()
        connection.send(command)
        elapsed_s = await resumed - started
    if received != missed:
        counts = {label: len(events) for label, events in received.items()}
        raise WrongResult(f"what came is not what was missed: {counts}")
    return elapsed_s


def _read_and_encode(connection: sqlite3.Connection) -> float:
    encode = msgspec.json.Encoder().encode
    started = clock()
    frames = [
        encode(Row(*row))
        for (conversation_id,) in connection.execute("SELECT id FROM conversations WHERE name LIKE '%|%'").fetchall()
        for row in connection.execute(ROWS, (conversation_id, SEEN))
    ]
    elapsed_s = clock() - started
    assert len(frames) == 2 * MISSED
    return elapsed_s


def _report(effort: Effort, compared: Compared[float]) -> Report:
    return Report(
        title=f"Resume: {2 * MISSED:,} missed messages in two conversations",
        yardstick_name="bare loop over the file",
        figures=[
            _figure("until `resumed`: p50", compared, 50, NoMoreThan(RESUME_MS_MAX, "ms")),
            _figure("until `resumed`: p99", compared, 99),
        ],
        notes=[f"{effort.resumes} times, each on a new connection"],
    )


def _figure(what: str, compared: Compared[float], percentile: int, bar: NoMoreThan | None = None) -> Figure:
    return Figure(
        what=what,
        unit="ms",
        parley=percentile_ms(compared.parley, percentile),
        yardstick=percentile_ms(compared.yardstick, percentile),
        bar=bar,
    )
