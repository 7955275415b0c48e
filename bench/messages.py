"""1:1 messages through Parley against a bare relay, with the same client in the same run.

Measured: messages delivered a second, and the time from handing a frame to the sender's socket to having
it parsed at the reader's, on one clock in the one process that holds both ends. Parley's messages pass
the gateway and are on disk before they are acknowledged or delivered. With one pair one message is on its
way at a time (latency), with 64 pairs up to four a pair (throughput); a message is on its way until it
was both acknowledged and delivered. Formatted ones have Markdown, and so are rendered, kept and told as HTML too.

Yardstick: `bench/baseline_relay.py`, which keeps nothing. Nothing is pinned: client and servers share the machine.
Each conversation's messages are numbered; one that is lost, doubled or out of order fails the run.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.chat_client import Connection, connected
from bench.conversation import FORMATTED_TEXT, PLAIN_TEXT, Conversation
from bench.people import NO_LIMITS, Person, people_of_the_relay, sign_up_people
from bench.rounds import Compared, Effort, WrongResult, alternate, percentile_ms
from bench.table import Figure, NoMoreThan, RatioAtLeast, Report
from bench.web_servers import uvicorn
from launcher.temporary_system import TemporarySystem

WARM_UP_S = 0.5
FAULTS_SHOWN_MAX = 20
P50_OF_ONE_PAIR_MS_MAX = 1.2
DELIVERED_RATIO_MIN = 0.35


@dataclass(frozen=True)
class Side:
    """Parley or the relay, and who may talk there."""

    ws_url: str
    people: Sequence[Person]


@dataclass(frozen=True, kw_only=True)
class Shape:
    pairs: int
    window: int
    messages_min: int
    text: str = PLAIN_TEXT


ONE_PAIR = Shape(pairs=1, window=1, messages_min=2_000)
MANY_PAIRS = Shape(pairs=64, window=4, messages_min=0)
FORMATTED = Shape(pairs=64, window=4, messages_min=0, text=FORMATTED_TEXT)


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """What one round came to. `client_share` is how much of one core the client itself needed."""

    round_s: float
    delays_s: Sequence[float]
    client_share: float

    def delay_ms(self, percentile: int) -> float:
        return percentile_ms(self.delays_s, percentile)


async def measure(effort: Effort, folder: Path) -> Report:
    people_count = 2 * MANY_PAIRS.pairs
    async with (
        TemporarySystem(folder / "data", environment=NO_LIMITS) as system,
        uvicorn("bench.baseline_relay:app", folder / "relay") as server,
    ):
        parley = Side(system.ws_url, await sign_up_people(system.url, people_count))
        relay = Side(f"ws://127.0.0.1:{server.port}", people_of_the_relay(people_count))
        one = await _compare(parley, relay, ONE_PAIR, effort)
        many = await _compare(parley, relay, MANY_PAIRS, effort)
        formatted = await _compare(parley, relay, FORMATTED, effort)
    return _report(one, many, formatted)


async def _compare(parley: Side, relay: Side, shape: Shape, effort: Effort) -> Compared[Exchange]:
    return await alternate(
        effort.rounds,
        parley=lambda: exchange(parley, shape, effort.round_s),
        yardstick=lambda: exchange(relay, shape, effort.round_s),
    )


async def exchange(side: Side, shape: Shape, round_s: float) -> Exchange:
    """One round. Raises WrongResult."""
    people = side.people[: 2 * shape.pairs]
    async with connected(side.ws_url, people) as connections:
        conversations = _pair_up(connections, people, shape)
        await _converse(conversations, WARM_UP_S)
        for conversation in conversations:
            conversation.delays_s.clear()
        started, processor_started = time.perf_counter(), time.process_time()
        await _converse(conversations, round_s, shape.messages_min)
        elapsed_s = time.perf_counter() - started
        return Exchange(
            round_s=elapsed_s,
            delays_s=[delay_s for conversation in conversations for delay_s in conversation.delays_s],
            client_share=(time.process_time() - processor_started) / elapsed_s,
        )


def _pair_up(connections: Sequence[Connection], people: Sequence[Person], shape: Shape) -> list[Conversation]:
    """The first with the second, the third with the fourth, and so on."""
    ends = zip(connections[::2], connections[1::2], people[1::2], strict=True)
    return [Conversation(writer, reader, to.username, shape.window, shape.text) for writer, reader, to in ends]


async def _converse(conversations: Sequence[Conversation], round_s: float, messages_min: int = 0) -> None:
    until = time.perf_counter() + round_s
    await asyncio.gather(*(one.run(until=until, messages_min=messages_min) for one in conversations))
    faults = [fault for conversation in conversations for fault in conversation.faults]
    if faults:
        raise WrongResult("\n".join(faults[:FAULTS_SHOWN_MAX]))


def _report(one: Compared[Exchange], many: Compared[Exchange], formatted: Compared[Exchange]) -> Report:
    return Report(
        title="1:1 messages: through the gateway and on disk, against a relay from memory",
        yardstick_name="bare relay",
        figures=[
            _delay("1 pair: p50, send to delivery", one, 50, NoMoreThan(P50_OF_ONE_PAIR_MS_MAX, "ms")),
            _delay("1 pair: p99", one, 99),
            _rate("1 pair: delivered", one),
            _rate("64 pairs: delivered", many, RatioAtLeast(DELIVERED_RATIO_MIN)),
            _delay("64 pairs: p50, send to delivery", many, 50),
            _delay("64 pairs: p99", many, 99),
            _rate("64 pairs, formatted: delivered", formatted),
        ],
        notes=[
            f"64 pairs, delivered a second in each round: {many.every_round(delivered_per_s)}",
            _client_share("1 pair", one),
            _client_share("64 pairs", many),
        ],
    )


def _delay(what: str, compared: Compared[Exchange], percentile: int, bar: NoMoreThan | None = None) -> Figure:
    parley, relay = compared.medians(lambda exchange: exchange.delay_ms(percentile))
    return Figure(what=what, unit="ms", parley=parley, yardstick=relay, bar=bar)


def _rate(what: str, compared: Compared[Exchange], bar: RatioAtLeast | None = None) -> Figure:
    parley, relay = compared.medians(delivered_per_s)
    return Figure(what=what, unit="/s", parley=parley, yardstick=relay, bar=bar)


def _client_share(what: str, compared: Compared[Exchange]) -> str:
    parley, relay = compared.medians(lambda exchange: exchange.client_share)
    return f"{what}: the client needed {parley:.2f} of a core beside Parley, {relay:.2f} beside the relay"


def delivered_per_s(exchange: Exchange) -> float:
    return len(exchange.delays_s) / exchange.round_s
