"""Who may connect, for how long, and what one connection may cost the others."""

import asyncio
import json
import signal
import socket
from contextlib import suppress
from typing import Any

import jwt
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from auth_service.tokens import Tokens
from chat_service.websocket.chat_socket import UNANSWERED_MAX
from servicekit.tokens import ISSUER
from tests.chat_service.world import Device, Instance, World
from tests.clock import NOW_S
from tests.valkey import Valkey
from tests.waiting import eventually

CLAIMS = {"iss": ISSUER, "sub": "Ada", "sid": "s", "jti": "j", "iat": NOW_S, "exp": NOW_S + 900}


def signed_by_another_key() -> str:
    other = Tokens(secret="of somebody else", store="", clock=lambda: NOW_S, new_id=lambda: "j")
    return other.sign(username="Ada", session_id="s", now=NOW_S, expires_at=NOW_S + 900)


# The handshake


@pytest.mark.parametrize(
    "token",
    [
        "nonsense",
        jwt.encode(CLAIMS, "", "none"),
        jwt.encode(CLAIMS, "x" * 32, "HS256", headers={"kid": "k"}),
        signed_by_another_key(),
    ],
)
async def test_a_token_that_proves_nothing_is_refused_at_the_handshake(chat: Instance, token: str) -> None:
    assert await chat.refusal(token=token) == (401, "unauthenticated")


@pytest.mark.parametrize("header", ["", "Basic QWRhOng=", "Bearer "])
async def test_without_a_token_nobody_enters(chat: Instance, header: str) -> None:
    assert await chat.refusal(headers={"Authorization": header}) == (401, "unauthenticated")


async def test_an_expired_token_and_one_of_a_revoked_session_are_refused(world: World) -> None:
    world.auth.revoke("stolen")
    chat = await world.instance()
    assert await chat.refusal(token=world.auth.token("Ada", expires_at=NOW_S)) == (401, "unauthenticated")
    await eventually(lambda: chat.state["authentication"].is_current)
    assert await chat.refusal(session="stolen") == (401, "unauthenticated")
    assert (await chat.device("Ada", session="another")).ready["username"] == "Ada"


async def test_without_the_issuers_keys_nobody_can_be_told_from_anybody(world: World) -> None:
    await world.auth.stop()
    chat = await world.instance()
    assert await chat.refusal() == (503, "unavailable")


# The end


async def test_a_revoked_session_ends_on_its_open_connections_within_250_ms(world: World, chat: Instance) -> None:
    bus = await world.bus()
    lost, kept = await chat.live_device("Ada", session="lost"), await chat.live_device("Ada", session="kept")
    world.auth.revoke("lost")
    await bus.execute(("PUBLISH", bus.channel("revocations"), "lost"))
    async with asyncio.timeout(0.25):
        assert await lost.closed() == 4401
    await kept.heard_nothing()
    assert await chat.refusal(session="lost") == (401, "unauthenticated")


async def test_without_redis_a_revoked_session_still_ends(world: World) -> None:
    chat = await world.instance(redis_url=f"unix://{world.folder}/nothing.sock")
    ada = await chat.live_device("Ada", session="lost")
    world.auth.revoke("lost")
    assert await ada.closed() == 4401


async def test_a_connection_ends_with_its_token(world: World, chat: Instance) -> None:
    world.clock.now = NOW_S + 899.9
    ada = await chat.live_device("Ada")
    assert await ada.closed() == 4401


async def test_a_restart_is_announced_and_what_was_acknowledged_before_is_there_after(world: World) -> None:
    chat = await world.instance(messages_per_second=0)
    ada = await chat.live_device("Ada")
    for number in range(500):
        await ada.say("Grace", str(number))
    await ada.hear("sent")
    await chat.stop()
    sent = 1
    with suppress(ConnectionClosed):
        while True:
            sent += (await ada.hear_anything())["type"] == "sent"
    assert await ada.closed() == 1012
    grace = await (await world.instance()).device("Grace")
    await grace.send(type="resume", positions={})
    assert await grace.hear_texts(sent) == [str(number) for number in range(sent)]


async def test_a_session_that_ends_before_ready_leaves_nothing_behind(fragile_world: World, valkey: Valkey) -> None:
    chat = await fragile_world.instance(connections_per_person=2)
    await chat.request("Grace", "POST", "/api/save-chat", json={"username": "Ada"})
    other = await chat.live_device("Ada")  # who is here already waits for Redis when the handshake is over
    valkey.send(signal.SIGSTOP)  # so that nobody becomes ready
    connection = await chat.connect(chat.auth.token("Ada", session="lost"))
    await eventually(lambda: len(chat.state["sockets"]) == 2)
    chat.state["authentication"].revoke("lost")
    with pytest.raises(ConnectionClosed):
        await connection.recv()
    assert connection.close_code == 4401
    valkey.send(signal.SIGCONT)
    await other.connection.close()

    async def is_gone() -> bool:
        (saved,) = await chat.get("Grace", "/api/saved-chats")
        return not saved["online"]

    await eventually(is_gone)
    for _ in range(2):
        await chat.live_device("Ada", session="another")


# Limits


async def test_one_connection_too_many_is_refused_until_another_ends(world: World) -> None:
    chat = await world.instance(connections_per_person=2)
    devices = [await chat.live_device("Ada") for _ in range(2)]
    with pytest.raises(InvalidStatus) as refused:
        await chat.device("Ada")
    assert refused.value.response.status_code == 429
    assert refused.value.response.headers["Retry-After"] == "5"
    await chat.device("Grace")
    await devices[0].connection.close()
    await eventually(lambda: len(chat.state["sockets"]) == 2)
    await chat.device("Ada")
    assert await chat.refusal() == (429, "too_many_connections")


async def test_as_many_connections_as_allowed_enter_when_all_come_at_once(world: World) -> None:
    chat = await world.instance(connections_per_person=3)
    came = await asyncio.gather(*(chat.device("Ada") for _ in range(12)), return_exceptions=True)
    assert sum(isinstance(one, Device) for one in came) == 3
    assert sum(isinstance(one, InvalidStatus) for one in came) == 9


async def test_a_limit_of_zero_is_none(world: World) -> None:
    chat = await world.instance(connections_per_person=0, messages_per_second=0, messages_burst=1)
    ada, *_ = [await chat.live_device("Ada") for _ in range(30)]
    for _ in range(30):
        await ada.say("Grace", "hello")
    assert [(await ada.hear_anything())["type"] for _ in range(60)].count("sent") == 30


async def test_past_the_burst_messages_are_refused_also_on_a_new_connection(world: World) -> None:
    chat = await world.instance(messages_per_second=1, messages_burst=3)
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    for number in range(3):
        await ada.say("Grace", str(number))
        await ada.hear("sent")
    await ada.say("Grace", "3", nonce="n1")
    error = await ada.hear("error")
    assert (error["code"], error["nonce"]) == ("too_many_messages", "n1")
    other = await chat.live_device("Ada")
    await other.say("Grace", "4")
    assert await other.refused() == "too_many_messages"
    assert await grace.hear_texts(3) == ["0", "1", "2"]
    await grace.say("Ada", "5")
    await grace.hear("sent")


# Pace


def slow_socket(url: str) -> socket.socket:
    """With room for little, so that a reader is slow after kilobytes instead of megabytes."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    host, _, port = url.removeprefix("http://").partition(":")
    connection.connect((host, int(port)))
    connection.setblocking(False)
    return connection


async def test_a_slow_reader_is_closed_loses_nothing_and_delays_nobody(chat: Instance) -> None:
    ada, other = await chat.live_device("Ada"), await chat.live_device("Grace", session="quick")
    slow = await chat.live_device("Grace", session="slow", sock=slow_socket(chat.url))
    slow.connection.transport.pause_reading()
    said = 0
    while any(one.identity.session_id == "slow" for one in chat.state["sockets"]):
        said += 1
        await ada.say("Grace", "👋" * 4000)
        assert (await ada.hear("sent"))["seq"] == said
        assert (await other.hear("message"))["seq"] == said
        assert said < 450
    slow.connection.transport.resume_reading()
    seqs = []
    with suppress(ConnectionClosed):
        while True:
            seqs.append((await slow.hear("message"))["seq"])
    assert await slow.closed() == 1013
    back = await chat.device("Grace", session="slow")
    await back.send(type="resume", positions={"@Ada": len(seqs)})
    seqs += [(await back.hear("message"))["seq"] for _ in range(said - len(seqs))]
    assert seqs == list(range(1, said + 1))
    assert (await back.hear("resumed"))["truncated"] == []


async def test_a_flood_is_slowed_down_and_loses_nothing(world: World, chat: Instance) -> None:
    ada, grace = await chat.live_device("Ada", session="flood"), await chat.live_device("Grace")
    (server,) = [one for one in chat.state["sockets"] if one.identity.session_id == "flood"]
    # Left to itself, the system may take the whole flood on its way.
    ada.connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)

    async def flood() -> None:
        for number in range(3000):
            await ada.say("Grace", f"{number} {'x' * 3900}")

    await chat.history("Ada", "Grace")  # so that she is known: to learn of her takes the store
    with world.locked_store():
        flooding = asyncio.create_task(flood())
        await eventually(lambda: server._unanswered == UNANSWERED_MAX)  # noqa: SLF001 - the bound is inside
        await grace.heard_nothing()  # others are served meanwhile
        assert not flooding.done()
        assert server._unanswered == UNANSWERED_MAX  # noqa: SLF001 - the same
    await flooding
    for device, kind in ((ada, "sent"), (grace, "message")):
        texts = await device.hear_texts(3000, kind)
        assert [text.partition(" ")[0] for text in texts] == [str(number) for number in range(3000)]


async def test_a_sender_who_leaves_in_the_middle_of_a_flood_stops_nobody(chat: Instance) -> None:
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    other = await chat.live_device("Ada")
    for number in range(1000):
        await ada.say("Grace", str(number))
    ada.connection.transport.abort()
    await grace.say("Ada", "are you there?")
    heard: list[dict[str, Any]] = []
    while not heard or heard[-1]["type"] != "message":
        heard.append(await other.hear_anything())
    assert [event["seq"] for event in heard] == list(range(1, len(heard) + 1))
    assert [event["message"] for event in heard[:-1]] == [str(number) for number in range(len(heard) - 1)]


async def test_a_fault_in_a_command_closes_its_connection_alone(world: World, chat: Instance) -> None:
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    database = chat.state["database"]
    await database.write(lambda connection: connection.execute("ALTER TABLE people RENAME TO gone"))
    await ada.say("Nobody", "hello")
    assert await ada.closed() == 1011
    await database.write(lambda connection: connection.execute("ALTER TABLE gone RENAME TO people"))
    await grace.heard_nothing()
    await grace.connection.send(json.dumps({"to": "Ada", "message": "hello"}))
    assert (await grace.hear("sent"))["delivered"] is False


async def test_an_open_connection_has_no_more_attributes_than_share_their_names(chat: Instance) -> None:
    """With more than thirty CPython gives each object a dictionary of its own, which is 2 KiB of every connection."""
    await chat.live_device("Ada")
    (socket,) = chat.state["sockets"]
    assert len(vars(socket)) <= 30
