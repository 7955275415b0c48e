"""Fifty people, three chat instances and a bad time: every client's view is the store's, in order and once.

As many seconds as PARLEY_CHAOS_S says: a minute by hand, less in a suite that is run often.
"""

import asyncio
import json
import os
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
import websockets

from launcher.temporary_system import TemporarySystem
from tests import fork_server
from tests.postgres import KILLED, Postgres, running_postgres
from tests.stores import opened_store
from tests.system.parleys import QUICK_AUTH, UNTRACED

PEOPLE = 50
CHAOS_S = float(os.environ.get("PARLEY_CHAOS_S", "12"))
INSTANCES = ("chat", "chat-2", "chat-3")
SECRET = "fifty people and one bad minute"
ROOM = "garden"
SEED = 20
EVENTS_MIN = 160 * CHAOS_S
NO_LIMITS = {
    "SECRET_KEY": SECRET,
    "PARLEY_MESSAGES_PER_SECOND": "0",
    "PARLEY_SIGN_INS_PER_MINUTE_ADDRESS": "0",
    "PARLEY_REGISTRATIONS_PER_HOUR_ADDRESS": "0",
}
LASTING = frozenset({"message", "sent", "edited", "deleted", "reaction", "read", "joined", "left", "closed"})


class Client:
    """One device that does what a good client does: it resumes where it was, and sends again what was not confirmed."""

    def __init__(self, system: TemporarySystem, username: str, token: str, chance: random.Random) -> None:
        self.username = username
        self.seen: dict[str, list[int]] = defaultdict(list)
        self.acknowledged: dict[str, int] = {}
        self._system = system
        self._token = token
        self._chance = chance
        self._positions: dict[str, int] = {}
        self._before: tuple[dict[str, int], dict[str, int]] = {}, {}  # positions and what was seen at the start
        self._unconfirmed: dict[str, dict[str, object]] = {}
        self._own: list[int] = []
        self._others: list[int] = []
        self._count = 0
        self._is_resumed = False
        self.reconnects = 0
        self.errors: Counter[str] = Counter()

    async def run(self, names: list[str], stop: asyncio.Event) -> None:
        """Talk until `stop`, then only listen, until cancelled."""
        while True:
            with suppress(websockets.WebSocketException, OSError):
                async with websockets.connect(f"{self._system.ws_url}/ws/{self._token}", open_timeout=5) as socket:
                    await _until_one_ends(self._listen(socket), self._talk(socket, names, stop))
            self.reconnects += 1
            await asyncio.sleep(self._chance.uniform(0.05, 0.3))

    async def _listen(self, socket: websockets.ClientConnection) -> None:
        self._before = dict(self._positions), {label: len(seen) for label, seen in self.seen.items()}
        self._is_resumed = False
        try:
            ready = json.loads(await socket.recv())
            assert ready["type"] == "ready"
            await socket.send(json.dumps({"type": "resume", "positions": self._positions}))
            for command in self._unconfirmed.values():
                await socket.send(json.dumps(command))
            async for text in socket:
                self._take(json.loads(text))
            raise ConnectionError
        finally:
            if not self._is_resumed:
                self._forget_this_connection()

    def _take(self, event: dict[str, object]) -> None:
        kind = event["type"]
        if kind == "resumed" and event["truncated"]:
            raise ConnectionError("asked too late: again")
        self._is_resumed = self._is_resumed or kind == "resumed"
        if kind == "error":
            self.errors[str(event["code"])] += 1
            if event["code"] == "not_stored":
                raise ConnectionError("to be sent again")
        if kind not in LASTING:
            return
        label, seq = str(event["conversation"]), int(str(event["seq"]))
        nonce = event.get("nonce")
        if kind == "sent" and isinstance(nonce, str):
            self.acknowledged[nonce] = int(str(event["id"]))
            self._unconfirmed.pop(nonce, None)
            if seq <= self._positions.get(label, 0):
                return  # the answer to a message that was sent again: confirmed before
        if kind == "sent":
            self._own.append(int(str(event["id"])))
        elif kind == "message":
            self._others.append(int(str(event["id"])))
        self.seen[label].append(seq)
        self._positions[label] = seq

    def _forget_this_connection(self) -> None:
        """Of a connection that ended before `resumed` nothing counts: a pause here may have made the `resume` late."""
        self._positions, lengths = self._before
        for label, seen in self.seen.items():
            del seen[lengths.get(label, 0) :]

    async def _talk(self, socket: websockets.ClientConnection, names: list[str], stop: asyncio.Event) -> None:
        while True:
            await asyncio.sleep(self._chance.uniform(0.05, 0.4))
            if stop.is_set():
                await asyncio.sleep(3600)
            if self._chance.random() < 0.01:
                raise ConnectionError("the network broke")
            await socket.send(json.dumps(self._next_command(names)))

    def _next_command(self, names: list[str]) -> dict[str, object]:
        dice = self._chance.random()
        if dice < 0.1 and self._own:
            return {"type": "edit", "id": self._chance.choice(self._own), "message": f"edited {self._count}"}
        if dice < 0.13 and self._own:
            return {"type": "delete", "id": self._chance.choice(self._own)}
        if dice < 0.2 and self._others:
            return {"type": "react", "id": self._chance.choice(self._others), "emoji": self._chance.choice("👍🎉☕")}
        if dice < 0.25 and self._positions:
            label = self._chance.choice(list(self._positions))
            return {"type": "read", "to" if label[0] == "@" else "room": label[1:], "seq": self._positions[label]}
        self._count += 1
        nonce = f"{self.username}-{self._count}"
        command: dict[str, object] = {"message": f"message {self._count}", "nonce": nonce}
        if dice < 0.3:
            command["room"] = ROOM
        else:
            command["to"] = self._chance.choice([name for name in names if name != self.username])
        self._unconfirmed[nonce] = command
        return command

    @property
    def is_settled(self) -> bool:
        return not self._unconfirmed

    def is_at(self, positions: dict[str, int]) -> bool:
        return all(self._positions.get(label, 0) >= seq for label, seq in positions.items())


async def _until_one_ends(*coroutines: Coroutine[None, None, None]) -> None:
    """Run both; with the end of one the other is cancelled. Raises what ended it."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> Iterator[Postgres | None]:
    """A PostgreSQL of this test's own, which may be killed; None: the store is a file."""
    if request.param == "sqlite":
        yield None
    else:
        with running_postgres(**KILLED) as postgres:
            yield postgres


@pytest.mark.timeout(300)
async def test_no_client_misses_doubles_or_misplaces_anything_in_a_bad_time(
    tmp_path: Path, server: Postgres | None, report: Callable[[str], None]
) -> None:
    chance = random.Random(SEED)
    url = server.new_database() if server else ""
    store = f"{url}#chat" if server else tmp_path / "chat" / "chat.db"
    environment = {**UNTRACED, **NO_LIMITS, "PARLEY_DATABASE_URL": url}
    async with TemporarySystem(
        tmp_path,
        chat_instances=len(INSTANCES),
        environment=environment,
        modules=QUICK_AUTH,
        spawn=fork_server.spawn,
    ) as system:
        tokens = await _sign_up(system)
        clients = [Client(system, name, token, chance) for name, token in tokens.items()]
        stop = asyncio.Event()
        running = [asyncio.create_task(client.run(list(tokens), stop)) for client in clients]
        try:
            await _bad_time(system, server, chance)
            stop.set()
            async with asyncio.timeout(60):
                await _settled(store, clients)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        counts = _compare(store, clients)
    engine = "PostgreSQL" if server else "SQLite"
    report(
        f"a bad time of {CHAOS_S:g} s on {engine}: " + ", ".join(f"{count:,} {what}" for what, count in counts.items())
    )
    assert [counts[what] for what in ("lost", "doubled", "out of order", "forgotten")] == [0, 0, 0, 0]
    assert counts["events seen"] > EVENTS_MIN


async def _sign_up(system: TemporarySystem) -> dict[str, str]:
    tokens: dict[str, str] = {}
    async with httpx.AsyncClient(base_url=system.url, timeout=30) as http:
        busy = asyncio.Semaphore(4)

        async def sign_up(name: str) -> None:
            async with busy:
                credentials = {"username": name, "password": "correct horse"}
                (await http.post("/register", json=credentials)).raise_for_status()
                answer = await http.post("/api/login", data=credentials)
                tokens[name] = answer.raise_for_status().json()["access_token"]

        await asyncio.gather(*(sign_up(f"person-{number}") for number in range(PEOPLE)))
        first = {"Authorization": f"Bearer {tokens['person-0']}"}
        (await http.post("/api/rooms", json={"name": ROOM}, headers=first)).raise_for_status()
        for name, token in tokens.items():
            join = await http.put(f"/api/rooms/{ROOM}/members/{name}", headers={"Authorization": f"Bearer {token}"})
            join.raise_for_status()
    return tokens


async def _bad_time(system: TemporarySystem, server: Postgres | None, chance: random.Random) -> None:
    """Each instance is killed once and started again, and Redis and PostgreSQL too."""
    pause_s = CHAOS_S / (len(INSTANCES) + 2)
    for name in chance.sample(INSTANCES, len(INSTANCES)):
        await asyncio.sleep(pause_s)
        await system.kill(name)
        await asyncio.sleep(1)
        await system.start(name)
    await asyncio.sleep(pause_s)
    await system.stop_valkey()
    await asyncio.sleep(2)
    await system.start_valkey()
    if server:
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(1)
        await asyncio.to_thread(server.start)
    await asyncio.sleep(pause_s)


async def _settled(store: Path | str, clients: list[Client]) -> None:
    """Return when everything was confirmed and everybody is where the store is."""
    while not all(client.is_settled and client.is_at(_positions(store, client.username)) for client in clients):
        await asyncio.sleep(0.5)


def _positions(store: Path | str, username: str) -> dict[str, int]:
    with opened_store(store) as connection:
        return dict(
            connection.execute(
                "SELECT label, (SELECT max(seq) FROM"
                " (SELECT seq FROM messages WHERE conversation_id = m.conversation_id UNION ALL"
                " SELECT seq FROM changes WHERE conversation_id = m.conversation_id) AS log)"
                " FROM memberships AS m WHERE username = ?",
                (username,),
            ).fetchall()
        )


def _compare(store: Path | str, clients: list[Client]) -> Counter[str]:
    report: Counter[str] = Counter()
    with opened_store(store) as connection:
        nonces = dict(connection.execute("SELECT nonce, id FROM messages").fetchall())
        report["messages stored"] = connection.execute("SELECT count(*) FROM messages").fetchone()[0]
        report["changes stored"] = connection.execute("SELECT count(*) FROM changes").fetchone()[0]
        joins = connection.execute("SELECT value, max(seq) FROM changes WHERE kind = 'joined' GROUP BY value")
        joined = dict(joins.fetchall())
    for client in clients:
        for label, last in _positions(store, client.username).items():
            seen = client.seen[label]
            first = joined[client.username] if label == f"#{ROOM}" else 1
            report["lost"] += len(set(range(first, last + 1)) - set(seen))
            report["doubled"] += len(seen) - len(set(seen))
            report["out of order"] += sum(1 for one, other in pairwise(seen) if other <= one)
            report["events seen"] += len(seen)
        report["acknowledged"] += len(client.acknowledged)
        report["forgotten"] += sum(nonces.get(nonce) != id_ for nonce, id_ in client.acknowledged.items())
        report["reconnects"] += client.reconnects
    return report
