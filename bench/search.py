"""Search over 100,000 messages, for one person who has a tenth of them and one who has the rest.

Measured: `GET /api/search-messages?query=` through the gateway on a kept-alive connection, one at a time, from
asking until the whole answer is read: its 50 newest messages. The messages lie in 200 conversations, 20 of them the one
person's and 180 the other's; all are indexed. Every query is asked once by each. The answer has to hold exactly
the messages that a plain comparison of all texts finds, in order, or the run fails.

Yardstick: the same file and the same newest 50, found by LIKE on a bare sqlite3 connection: what it would take
without an index, and without a service around it.
"""

import asyncio
import secrets
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import msgspec

from bench.corpus import Corpus
from bench.people import NO_LIMITS, Person, people_with_tokens
from bench.rounds import Effort, WrongResult, percentile_ms
from bench.seeded_store import chat_store, store_messages, store_path
from bench.table import Figure, NoMoreThan, Report
from chat_service.domain.messages import StoredMessage
from chat_service.store.search import Search
from launcher.temporary_system import TemporarySystem

CONVERSATIONS = 200
CONVERSATIONS_OF_ONE = 20
FOUND_MAX = 50
SEARCH_MS_MAX = 50
SEED = 3
LETTERS = "abcdefghijklmnopqrstuvwxyz"

clock = time.perf_counter


@dataclass(frozen=True)
class Query:
    kind: str
    text: str


@dataclass(frozen=True)
class Answered:
    query: Query
    parley_s: float
    like_s: float


class Found(msgspec.Struct, gc=False):
    id: int


async def measure(effort: Effort, folder: Path) -> Report:
    secret = secrets.token_hex(32)
    one, other, *peers = people_with_tokens(secret, 2 + CONVERSATIONS)
    owners = [one] * CONVERSATIONS_OF_ONE + [other] * (CONVERSATIONS - CONVERSATIONS_OF_ONE)
    corpus = Corpus(SEED)
    queries = _queries(corpus, effort.queries_of_a_kind)
    stored = await _fill(folder / "data", effort, list(zip(owners, peers, strict=True)), corpus, queries)
    async with TemporarySystem(folder / "data", environment={**NO_LIMITS, "SECRET_KEY": secret}) as system:
        answered = {
            person.username: await asyncio.to_thread(_search, system, person, queries, stored)
            for person in (one, other)
        }
    return _report(effort, answered[one.username], answered[other.username])


def _queries(corpus: Corpus, count: int) -> list[Query]:
    """So many of each kind, all different, the kinds in turn."""
    random = corpus.random

    def two_characters() -> str:
        if random.random() < 0.5:
            return random.choice(corpus.words)[:2]  # all of them occur
        return "".join(random.choices(LETTERS, k=2))  # many do not

    def part() -> str:
        word = random.choice([word for word in corpus.words[:2_000] if len(word) > 6])
        return word[1:-1]

    makers: Mapping[str, Callable[[], str]] = {
        "rare word": lambda: "zq" + "".join(random.choices("jkxvw", k=7)),
        "common word": lambda: random.choice([word for word in corpus.words[:200] if len(word) > 2]),
        "two words": lambda: " ".join(random.sample(corpus.words[:300], 2)),
        "part of a word": part,
        "two characters": two_characters,
        "Chinese": lambda: "".join(random.sample(corpus.chinese_words[:60], random.randint(1, 2))),
        "nothing found": lambda: "qj" + "".join(random.choices(LETTERS, k=6)),
    }
    made: dict[str, dict[str, Query]] = {kind: {} for kind in makers}
    for kind, make in makers.items():
        while len(made[kind]) < count:
            query = Query(kind, make())
            made[kind][query.text] = query
    in_turn = zip(*(queries.values() for queries in made.values()), strict=True)
    return [query for turn in in_turn for query in turn]


async def _fill(
    data_dir: Path, effort: Effort, pairs: Sequence[tuple[Person, Person]], corpus: Corpus, queries: Sequence[Query]
) -> list[StoredMessage]:
    """The conversations in turn, either side speaking; each rare word in two messages of either person."""
    texts = [corpus.sentence() for _ in range(effort.messages_to_search)]
    of_one = [number for number in range(len(texts)) if number % CONVERSATIONS < CONVERSATIONS_OF_ONE]
    of_other = [number for number in range(len(texts)) if number % CONVERSATIONS >= CONVERSATIONS_OF_ONE]
    for query in queries:
        if query.kind == "rare word":
            for number in corpus.random.sample(of_one, 2) + corpus.random.sample(of_other, 2):
                texts[number] += f" {query.text}"
    said = []
    for number, text in enumerate(texts):
        owner, peer = pairs[number % CONVERSATIONS]
        sender, receiver = (owner, peer) if corpus.random.random() < 0.5 else (peer, owner)
        said.append((sender.username, receiver.username, text))
    async with chat_store(data_dir) as database:
        stored = await store_messages(database, said)
        search = Search(database)
        while await search.index_some():
            pass
    return stored


def _search(
    system: TemporarySystem, person: Person, queries: Sequence[Query], stored: Sequence[StoredMessage]
) -> list[Answered]:
    address = urlsplit(system.url)
    own = [
        (message.id, message.message.casefold())
        for message in reversed(stored)
        if person.username in {message.sender_username, message.receiver_username}
    ]
    with (
        closing(HTTPConnection(address.hostname or "", address.port)) as http,
        closing(sqlite3.connect(store_path(system.data_dir))) as connection,
    ):
        _ask(http, person, "warm up")
        answered = []
        for query in queries:
            found, parley_s = _ask(http, person, query.text)
            _check(query, person, found, own)
            answered.append(Answered(query, parley_s, _like(connection, person, query)))
        return answered


def _ask(http: HTTPConnection, person: Person, text: str) -> tuple[list[int], float]:
    """The ids of the messages, and how long it took."""
    path = f"/api/search-messages?{urlencode({'query': text})}"
    headers = {"Authorization": f"Bearer {person.key}"}
    started = clock()
    http.request("GET", path, headers=headers)
    response = http.getresponse()
    body = response.read()
    elapsed_s = clock() - started
    if response.status != 200:
        raise WrongResult(f"{text!r}: {response.status}")
    return [found.id for found in msgspec.json.decode(body, type=list[Found])], elapsed_s


def _check(query: Query, person: Person, found: Sequence[int], own: Sequence[tuple[int, str]]) -> None:
    """`own` are the person's messages, newest first."""
    words = query.text.casefold().split()
    expected: list[int] = []
    for message_id, text in own:
        if all(word in text for word in words):
            expected.append(message_id)
            if len(expected) == FOUND_MAX:
                break
    if list(found) != expected:
        raise WrongResult(f"{query.kind} {query.text!r} of {person.username}: {found} instead of {expected}")


def _like(connection: sqlite3.Connection, person: Person, query: Query) -> float:
    patterns = [f"%{word}%" for word in query.text.split()]
    holds = " AND message LIKE ?" * len(patterns)
    started = clock()
    connection.execute(
        "SELECT id, seq, sender_username, receiver_username, message, timestamp FROM messages"  # noqa: S608 - constants
        " WHERE +conversation_id IN (SELECT conversation_id FROM memberships WHERE username = ?)"
        f"{holds} ORDER BY id DESC LIMIT ?",
        (person.username, *patterns, FOUND_MAX),
    ).fetchall()
    return clock() - started


def _report(effort: Effort, one: Sequence[Answered], other: Sequence[Answered]) -> Report:
    few, many = CONVERSATIONS_OF_ONE, CONVERSATIONS - CONVERSATIONS_OF_ONE
    bar = NoMoreThan(SEARCH_MS_MAX, "ms")
    what = f"{effort.messages_to_search:,} messages in {CONVERSATIONS} conversations"
    return Report(
        title=f"Search: {what}, {len(one)} queries each",
        yardstick_name="bare LIKE",
        figures=[
            _figure(f"in {few} conversations: p50", one, 50),
            _figure(f"in {few} conversations: p99", one, 99, bar),
            _figure(f"in {many} conversations: p50", other, 50),
            _figure(f"in {many} conversations: p99", other, 99, bar),
        ],
        notes=[
            f"p50 and longest by kind, in {few} conversations: {_by_kind(one)}",
            f"the same in {many}: {_by_kind(other)}",
        ],
    )


def _figure(what: str, answered: Sequence[Answered], percentile: int, bar: NoMoreThan | None = None) -> Figure:
    return Figure(
        what=what,
        unit="ms",
        parley=percentile_ms([one.parley_s for one in answered], percentile),
        yardstick=percentile_ms([one.like_s for one in answered], percentile),
        bar=bar,
    )


def _by_kind(answered: Sequence[Answered]) -> str:
    kinds = dict.fromkeys(one.query.kind for one in answered)
    times_s = {kind: [one.parley_s for one in answered if one.query.kind == kind] for kind in kinds}
    return ", ".join(
        f"{kind} {percentile_ms(times, 50):.1f} and {1000 * max(times):.1f} ms" for kind, times in times_s.items()
    )
