"""The bus on a real Valkey: commands as pipelines, publications in order, and where it is found."""

import asyncio
from contextlib import closing

import hiredis
import pytest

from launcher.ports import find_free
from servicekit.bus import Bus, BusUnavailable
from servicekit.bus_address import BusAddress
from tests.servicekit.bus.buses import Listening, connected_bus, in_time, running_bus
from tests.valkey import Valkey
from tests.waiting import eventually

# Commands


async def test_commands_go_as_one_pipeline_and_are_answered_in_order(ada: Listening) -> None:
    key = ada.bus.channel("pipeline")
    commands = (("SET", key, b"\r\n\0"), ("GET", key), ("INCRBY", "n", 41), ("INCR", "n"), ("DEL", key, "n"))
    assert await in_time(ada.bus.execute(*commands)) == [b"OK", b"\r\n\0", 41, 42, 2]


async def test_a_refused_command_is_an_error_in_its_place_and_costs_the_others_nothing(ada: Listening) -> None:
    first, second, third = await in_time(ada.bus.execute(("PING",), ("NONSENSE",), ("PING",)))
    assert (first, third) == (b"PONG", b"PONG")
    assert isinstance(second, hiredis.ReplyError)


async def test_who_asks_is_told_that_redis_is_unavailable_where_it_refuses(ada: Listening) -> None:
    assert await in_time(ada.bus.ask(("ECHO", "one"), ("ECHO", "two"))) == [b"one", b"two"]
    with pytest.raises(BusUnavailable, match="NONSENSE"):
        await in_time(ada.bus.ask(("PING",), ("NONSENSE",)))


async def test_a_redis_that_is_full_is_not_sound_and_that_is_logged_once(
    valkey: Valkey, capsys: pytest.CaptureFixture[str]
) -> None:
    async with connected_bus(valkey.url) as ada:
        assert await in_time(ada.bus.is_sound())
        await in_time(ada.bus.ask(("CONFIG", "SET", "maxmemory", "1")))
        assert [await in_time(ada.bus.is_sound()) for _ in range(3)] == [False] * 3
        assert await in_time(ada.bus.ping())
        assert capsys.readouterr().out.count("redis refuses") == 1
        await in_time(ada.bus.ask(("CONFIG", "SET", "maxmemory", "0")))
        assert await in_time(ada.bus.is_sound())


async def test_pipelines_that_overlap_get_each_their_own_answers(ada: Listening) -> None:
    asked = [ada.bus.execute(("ECHO", f"{number}a"), ("ECHO", f"{number}b")) for number in range(200)]
    answers = await in_time(asyncio.gather(*asked))
    assert answers == [[f"{number}a".encode(), f"{number}b".encode()] for number in range(200)]


async def test_who_gives_up_waiting_leaves_the_answers_of_the_others_in_order(ada: Listening) -> None:
    given_up, kept = ada.bus.execute(("ECHO", "mine")), ada.bus.execute(("ECHO", "yours"))
    given_up.cancel()
    assert await in_time(kept) == [b"yours"]


async def test_an_answer_of_many_reads_arrives_whole(ada: Listening) -> None:
    payload = bytes(3 * 1024 * 1024)
    assert await in_time(ada.bus.execute(("ECHO", payload))) == [payload]


async def test_commands_that_only_subscribe_have_no_answers(ada: Listening) -> None:
    assert await in_time(ada.bus.execute(("SUBSCRIBE", "x"), ("UNSUBSCRIBE", "x"))) == []
    assert await in_time(ada.bus.ping())


# Publications


async def test_what_is_published_is_heard_by_each_subscriber_and_counted(ada: Listening, grace: Listening) -> None:
    await ada.subscribe("room")
    await grace.subscribe("room")
    assert await ada.publish("room", b"hello \xff\r\n") == 2
    assert await ada.next() == ("room", b"hello \xff\r\n")
    assert await grace.next() == ("room", b"hello \xff\r\n")


async def test_a_publication_comes_before_the_answer_to_what_was_sent_after_it(ada: Listening) -> None:
    await ada.subscribe("room")
    for number in range(50):
        ada.bus.send(("PUBLISH", ada.bus.channel("room"), str(number)))
    await in_time(ada.bus.ping())
    assert [ada.heard.get_nowait()[1] for _ in range(50)] == [str(number).encode() for number in range(50)]


async def test_the_publications_of_one_pipeline_arrive_in_order(ada: Listening, grace: Listening) -> None:
    await grace.subscribe("room")
    await in_time(ada.bus.execute(*(("PUBLISH", ada.bus.channel("room"), str(number)) for number in range(300))))
    assert [(await grace.next())[1] for _ in range(300)] == [str(number).encode() for number in range(300)]


async def test_buses_with_other_prefixes_do_not_hear_each_other(ada: Listening, valkey_url: str) -> None:
    async with connected_bus(valkey_url, prefix="other:") as linus:
        await linus.subscribe("room")
        assert await ada.publish("room", b"for Parley") == 0
        assert await linus.publish("room", b"for others") == 1
        assert await linus.next() == ("room", b"for others")


async def test_after_unsubscribing_nothing_is_heard_from_that_moment_on(ada: Listening, grace: Listening) -> None:
    await ada.subscribe("room")
    ada.bus.unsubscribe("room")
    ada.bus.unsubscribe("room")
    await in_time(ada.bus.ping())
    assert await grace.publish("room", b"anyone?") == 0
    assert ada.heard.empty()


async def test_what_was_on_its_way_when_its_reader_unsubscribed_is_dropped(ada: Listening) -> None:
    await ada.subscribe("room")
    ada.bus.send(("PUBLISH", ada.bus.channel("room"), b"late"))
    ada.bus.unsubscribe("room")
    await in_time(ada.bus.ping())
    assert ada.heard.empty()


async def test_who_unsubscribes_and_subscribes_at_once_hears_with_the_new_handler(ada: Listening) -> None:
    await ada.subscribe("room")
    ada.bus.unsubscribe("room")
    again = ada.bus.subscribe("room", ada.hear("room again"))
    assert await in_time(again)
    assert await ada.publish("room", b"hello") == 1
    assert await ada.next() == ("room again", b"hello")


async def test_a_second_subscription_replaces_the_handler_of_the_first(ada: Listening) -> None:
    await ada.subscribe("room")
    assert await in_time(ada.bus.subscribe("room", ada.hear("replaced")))
    assert await ada.publish("room", b"hello") == 1
    assert await ada.next() == ("replaced", b"hello")
    assert ada.heard.empty()


async def test_a_handler_that_fails_costs_nothing_but_its_message(ada: Listening) -> None:
    def fail(payload: bytes) -> None:
        raise UnicodeDecodeError("utf-8", payload, 0, 1, "not what was expected")

    assert await in_time(ada.bus.subscribe("bad", fail))
    await ada.subscribe("good")
    ada.bus.send(("PUBLISH", ada.bus.channel("bad"), b"\xff"), ("PUBLISH", ada.bus.channel("good"), b"hello"))
    assert await ada.next() == ("good", b"hello")
    assert await in_time(ada.bus.ping())
    assert ada.disconnected.locked(), "the connection was given up"


# Addresses and passwords


async def test_a_password_opens_redis(valkey: Valkey) -> None:
    with closing(Valkey(port=find_free(1)[0], password="p%40ss")) as guarded:
        guarded.start()
        async with connected_bus(f"redis://:p%2540ss@127.0.0.1:{guarded.port}/3") as ada:
            assert await in_time(ada.bus.ping())
            info = await in_time(ada.bus.execute(("CLIENT", "INFO")))
            assert b" db=3 " in info[0]


@pytest.mark.parametrize("user", ["", ":wrong@", "nobody:wrong@"])
async def test_a_wrong_password_is_as_if_redis_were_away_and_said_once(
    user: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(Valkey(port=find_free(1)[0], password="secret")) as guarded:
        guarded.start()
        async with running_bus(f"redis://{user}127.0.0.1:{guarded.port}") as ada:
            said = await until_said("redis is away", capsys)
            assert "NOAUTH" in said or "WRONGPASS" in said
            assert "wrong@" not in said
            await tried_again(f"redis://:secret@127.0.0.1:{guarded.port}")
            assert not await in_time(ada.bus.ping())
    assert "redis is away" not in capsys.readouterr().out


async def tried_again(url: str) -> None:
    """Somebody has connected several times meanwhile, as Redis tells who knows the password."""
    async with connected_bus(url) as grace:

        async def connections() -> int:
            (stats,) = await in_time(grace.bus.execute(("INFO", "stats")))
            (count,) = [line for line in stats.splitlines() if line.startswith(b"total_connections_received:")]
            return int(count.partition(b":")[2])

        async def have_come(count: int) -> bool:
            return await connections() >= count

        before = await connections()
        await eventually(lambda: have_come(before + 3))


async def test_a_database_that_does_not_exist_is_as_if_redis_were_away(
    valkey: Valkey, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running_bus(f"{valkey.url}/99") as ada:
        assert "out of range" in await until_said("redis is away", capsys)
        assert not ada.bus.is_connected


async def until_said(words: str, capsys: pytest.CaptureFixture[str]) -> str:
    said: list[str] = []

    def is_said() -> bool:
        said.append(capsys.readouterr().out)
        return words in "".join(said)

    await eventually(is_said)
    return "".join(said)


def test_an_address_says_where_redis_is() -> None:
    plain = BusAddress("redis://cache")
    assert (plain.path, plain.host, plain.port, plain.ssl, plain.database) == (None, "cache", 6379, None, 0)
    assert plain.greeting() == [("HELLO", "3"), ("SELECT", "0")]
    full = BusAddress("rediss://ada:a%20b@[::1]:7000/2")
    assert (full.host, full.port, full.database) == ("::1", 7000, 2)
    assert full.ssl is not None
    assert full.greeting() == [("HELLO", "3", "AUTH", "ada", "a b"), ("SELECT", "2")]
    local = BusAddress("unix:///run/valkey.sock")
    assert (local.path, local.database) == ("/run/valkey.sock", 0)


@pytest.mark.parametrize("url", ["", "http://cache", "cache:6379", "redis://cache:port", "redis://cache/first"])
def test_what_is_no_address_of_redis_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError):
        Bus(url)
