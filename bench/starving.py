"""Starving: how long one person's page of history takes while another searches sixteen times at once.

Measured: `GET /api/rooms/lobby/messages` through the gateway on a kept-alive connection, one page every PACE_S, from
asking until the whole answer is read, while another person asks for sixteen searches over all of their messages at
once, and again as soon as the last is answered. Of each sixteen at least one has to be found and the others found or
refused with 429, or the run fails.

Yardstick: the same page while nobody searches.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter as clock
from urllib.parse import quote, urlsplit

from bench.corpus import Corpus
from bench.people import NO_LIMITS, Person, people_with_tokens
from bench.rounds import Compared, Effort, WrongResult, alternate, percentile_ms
from bench.seeded_store import chat_store, store_messages, timestamp
from bench.table import Figure, RatioNoMoreThan, Report
from chat_service.domain.conversations import Conversation
from chat_service.domain.intents import Draft, Join, SendMessage
from chat_service.store.search import Search
from chat_service.store.sqlite_log import SqliteLog
from launcher.temporary_system import TemporarySystem
from servicekit.database import Connection

SEARCHES_AT_ONCE = 16
CONVERSATIONS = 100
MESSAGES_SHARE = 1.5  # of those to search
PAGE = 50
PACE_S = 0.01
RATIO_MAX = 3
SEED = 5
LOBBY = "/api/rooms/lobby/messages"


@dataclass(frozen=True)
class Round:
    times_s: Sequence[float]
    searches: int
    refused: int


async def measure(effort: Effort, folder: Path) -> Report:
    secret = secrets.token_hex(32)
    reader, searcher, *peers = people_with_tokens(secret, 2 + CONVERSATIONS)
    corpus = Corpus(SEED)
    count = int(effort.messages_to_search * MESSAGES_SHARE)
    await _fill(folder / "data", reader, searcher, peers, [corpus.sentence() for _ in range(count)])
    queries = [" ".join(corpus.random.sample(corpus.words[:300], 3)) for _ in range(1_000)]
    environment = {**NO_LIMITS, "SECRET_KEY": secret}
    async with (
        TemporarySystem(folder / "data", environment=environment) as system,
        _connected(system) as (page, *askers),
    ):
        compared = await alternate(
            effort.rounds,
            parley=lambda: _read_beside(page, askers, reader, searcher, queries, effort.round_s),
            yardstick=lambda: _read(page, reader, effort.round_s),
        )
    return _report(count, compared)


async def _fill(
    data_dir: Path, reader: Person, searcher: Person, peers: Sequence[Person], texts: Sequence[str]
) -> None:
    said = [
        (searcher.username, peers[number % CONVERSATIONS].username, text)
        if number % 2
        else (peers[number % CONVERSATIONS].username, searcher.username, text)
        for number, text in enumerate(texts)
    ]

    def join_and_talk(connection: Connection) -> None:
        log = SqliteLog()
        log.begin(connection)
        lobby = Conversation.room("lobby")
        log.append(connection, Draft(Join(conversation=lobby, username=reader.username), reader.username, timestamp(0)))
        for text in texts[: 2 * PAGE]:
            message = SendMessage(conversation=lobby, text=text)
            log.append(connection, Draft(message, reader.username, timestamp(0)))

    async with chat_store(data_dir) as database:
        await store_messages(database, said)
        await database.write(join_and_talk)
        search = Search(database)
        while await search.index_some():
            pass


class _Asker:
    """A kept-alive connection that asks for one thing after the other, with little work of its own."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def get(self, target: str, person: Person) -> tuple[int, bytes]:
        self.writer.write(
            f"GET {target} HTTP/1.1\r\nHost: parley\r\nAuthorization: Bearer {person.key}\r\n\r\n".encode()
        )
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        return int(head.split(b" ", 2)[1]), await self._reader.readexactly(length)


@asynccontextmanager
async def _connected(system: TemporarySystem) -> AsyncIterator[list[_Asker]]:
    address = urlsplit(system.url)
    pairs = [await asyncio.open_connection(address.hostname, address.port) for _ in range(1 + SEARCHES_AT_ONCE)]
    try:
        yield [_Asker(*pair) for pair in pairs]
    finally:
        for _, writer in pairs:
            writer.close()


async def _read(page: _Asker, reader: Person, round_s: float) -> Round:
    times_s = []
    ends_at = clock() + round_s
    while clock() < ends_at:
        started = clock()
        status, body = await page.get(LOBBY, reader)
        times_s.append(clock() - started)
        if status != 200 or len(json.loads(body)) != PAGE:
            raise WrongResult(f"a page of the history: {status}")
        await asyncio.sleep(PACE_S)
    return Round(times_s, 0, 0)


async def _read_beside(
    page: _Asker,
    askers: Sequence[_Asker],
    reader: Person,
    searcher: Person,
    queries: Sequence[str],
    round_s: float,
) -> Round:
    is_over = asyncio.Event()
    searching = asyncio.create_task(_search(askers, searcher, queries, is_over))
    read = await _read(page, reader, round_s)
    is_over.set()
    searches, refused = await searching
    return Round(read.times_s, searches, refused)


async def _search(
    askers: Sequence[_Asker], searcher: Person, queries: Sequence[str], is_over: asyncio.Event
) -> tuple[int, int]:
    """How many searches were answered, and how many refused."""
    answered = refused = asked = 0
    while not is_over.is_set():
        targets = [
            f"/api/search-messages?query={quote(queries[(asked + n) % len(queries)])}" for n in range(len(askers))
        ]
        asked += len(askers)
        got = await asyncio.gather(*(one.get(to, searcher) for one, to in zip(askers, targets, strict=True)))
        statuses = [status for status, _ in got]
        if 200 not in statuses or not set(statuses) <= {200, 429}:
            raise WrongResult(f"sixteen searches at once: {statuses}")
        answered += statuses.count(200)
        refused += statuses.count(429)
    return answered, refused


def _report(count: int, compared: Compared[Round]) -> Report:
    def figure(percentile: int, bar: RatioNoMoreThan | None = None) -> Figure:
        parley, yardstick = compared.medians(lambda one: percentile_ms(one.times_s, percentile))
        return Figure(what=f"a page of history: p{percentile}", unit="ms", parley=parley, yardstick=yardstick, bar=bar)

    searches, refused = sum(one.searches for one in compared.parley), sum(one.refused for one in compared.parley)
    return Report(
        title=f"Reading while another searches {SEARCHES_AT_ONCE} times at once: {count:,} messages",
        yardstick_name="nobody searches",
        figures=[figure(50), figure(99, RatioNoMoreThan(RATIO_MAX))],
        notes=[
            f"searches answered: {searches:,}, refused with 429: {refused:,}",
            f"p99 of every round: {compared.every_round(lambda one: percentile_ms(one.times_s, 99))} ms",
        ],
    )
