"""Mass reconnect: 1,000 people with 20 saved chats each lose their connections at once and come back.

Measured: the time from cutting all connections until the last person is `ready` again; they come back one by one
within a second, as clients do that wait for a moment of their own. Counted: the `presence` events that all of them get
because of it, until well after the grace of presence has passed. Nobody came or went, so none is needed; and in the
end everyone has to know that their 20 are online, from `ready` or from an event.

Yardstick: the bare relay, cut and called back in the same way.
"""

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.chat_client import OPENING_TIME_S_MAX, PATH, Connection, Event, connect
from bench.people import NO_LIMITS, Person, people_of_the_relay, people_with_tokens
from bench.rounds import Compared, Effort, WrongResult, alternate, percentile_ms
from bench.seeded_store import chat_store, timestamp
from bench.table import Figure, NoMoreThan, Report
from bench.web_servers import uvicorn
from launcher.temporary_system import TemporarySystem
from servicekit.database import Connection as Database

SAVED_CHATS = 20
COMING_BACK_S = 1.0
SETTLING_TIME_S = 6.0  # twice the grace of presence
READY_S_MAX = 5

clock = time.perf_counter


@dataclass
class Client:
    """One person's connection, and whom of their saved chats they take to be online."""

    url: str
    presence_events: int = 0
    online: set[str] = field(default_factory=set)
    connection: Connection | None = None

    async def connect(self) -> float:
        """The time until `ready`."""
        started = clock()
        async with asyncio.timeout(OPENING_TIME_S_MAX):
            self.connection = await connect(self.url, self._on_event)
        elapsed_s = clock() - started
        names = self.connection.ready.result().online
        self.online |= set(names if isinstance(names, tuple) else ())
        return elapsed_s

    def cut(self) -> None:
        assert self.connection is not None
        self.connection.cut()
        self.online.clear()

    def _on_event(self, event: Event) -> None:
        if event.type == "presence":
            self.presence_events += 1
            (self.online.add if event.online else self.online.discard)(event.username)


@dataclass(frozen=True, kw_only=True)
class Return:
    """`unseen`: saved chats that somebody takes to be offline in the end, although they are online."""

    all_ready_s: float
    ready_s: Sequence[float]
    presence_events: int
    unseen: int


async def measure(effort: Effort, folder: Path) -> Report:
    secret, count = secrets.token_hex(32), effort.people_reconnecting
    people = people_with_tokens(secret, count)
    await _save_chats(folder / "data", people)
    async with (
        TemporarySystem(folder / "data", environment={**NO_LIMITS, "SECRET_KEY": secret}) as system,
        uvicorn("bench.baseline_relay:app", folder / "relay") as server,
    ):
        clients = _clients(system.ws_url, people)
        relay_clients = _clients(f"ws://127.0.0.1:{server.port}", people_of_the_relay(count))
        first = await _come(clients)
        await _come(relay_clients, saved_chats=0)
        compared = await alternate(
            effort.rounds,
            parley=lambda: _cut_and_come_back(clients),
            yardstick=lambda: _cut_and_come_back(relay_clients, saved_chats=0),
        )
        for client in [*clients, *relay_clients]:
            client.cut()
    return _report(effort, compared, first)


async def _save_chats(data_dir: Path, people: Sequence[Person]) -> None:
    """Everyone has saved the 20 after them, in a ring."""
    names = [person.username for person in people]
    rows = [
        (name, names[(number + distance) % len(names)], timestamp(0))
        for number, name in enumerate(names)
        for distance in range(1, SAVED_CHATS + 1)
    ]
    async with chat_store(data_dir) as database:
        await database.write(_insert, rows)


def _insert(connection: Database, rows: Sequence[tuple[str, str, str]]) -> None:
    connection.executemany(
        "INSERT INTO contacts (user_username, chat_username, created_at) VALUES (?, ?, ?)",
        rows,
    )


def _clients(ws_url: str, people: Sequence[Person]) -> list[Client]:
    return [Client(ws_url + PATH.format(key=person.key)) for person in people]


async def _cut_and_come_back(clients: Sequence[Client], *, saved_chats: int = SAVED_CHATS) -> Return:
    for client in clients:
        client.cut()
    return await _come(clients, saved_chats=saved_chats)


async def _come(clients: Sequence[Client], *, saved_chats: int = SAVED_CHATS) -> Return:
    """One by one within a second, each whether or not those before them are ready."""

    async def come(number: int, client: Client) -> float:
        await asyncio.sleep(COMING_BACK_S * number / len(clients))
        return await client.connect()

    for client in clients:
        client.presence_events = 0
    started = clock()
    ready_s = await asyncio.gather(*(come(*one) for one in enumerate(clients)))
    all_ready_s = clock() - started
    await asyncio.sleep(SETTLING_TIME_S if saved_chats else 0)
    if closed := sum(client.connection is None or client.connection.closed for client in clients):
        raise WrongResult(f"{closed} of {len(clients)} connections did not stay open")
    unseen = sum(saved_chats - len(client.online) for client in clients)
    if unseen > 0:
        raise WrongResult(f"{unseen} saved chats are taken for offline, although the people are there")
    return Return(
        all_ready_s=all_ready_s,
        ready_s=ready_s,
        presence_events=sum(client.presence_events for client in clients),
        unseen=unseen,
    )


def _report(effort: Effort, compared: Compared[Return], first: Return) -> Report:
    all_ready_s = compared.medians(lambda one: one.all_ready_s)
    pairs = SAVED_CHATS * effort.people_reconnecting
    presence_events = " · ".join(f"{one.presence_events:,}" for one in compared.parley)
    unseen = " · ".join(f"{one.unseen:,}" for one in compared.parley)
    return Report(
        title=f"Reconnect: {effort.people_reconnecting:,} people with {SAVED_CHATS} saved chats each, all cut at once",
        yardstick_name="bare relay",
        figures=[
            Figure(
                what=f"until all are ready, who come within {COMING_BACK_S:.0f} s",
                unit="s",
                parley=all_ready_s[0],
                yardstick=all_ready_s[1],
                bar=NoMoreThan(READY_S_MAX, "s"),
            ),
            _figure("from coming to `ready`: p50", compared, 50),
            _figure("from coming to `ready`: p99", compared, 99),
        ],
        notes=[
            f"`presence` events to all together: {presence_events}; {first.presence_events:,} at the first coming",
            f"of {pairs:,} saved chats, taken for offline in the end: {unseen}; {first.unseen:,} at the first coming",
        ],
    )


def _figure(what: str, compared: Compared[Return], percentile: int) -> Figure:
    parley, relay = compared.medians(lambda one: percentile_ms(one.ready_s, percentile))
    return Figure(what=what, unit="ms", parley=parley, yardstick=relay)
