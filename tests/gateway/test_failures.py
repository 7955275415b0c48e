"""A service that fails costs its own paths a problem answer, and nobody else anything."""

import asyncio
import socket

import pytest

from gateway.pages.service_client import ANSWER_S_MAX
from tests.gateway.gateways import System, code, system
from tests.gateway.pages import BROWSER, answering
from tests.gateway.stand_ins import NO_ANSWERS, Exchange, Service, head_of, sending, started
from tests.gateway.wires import request_head
from tests.waiting import eventually


async def silence(exchange: Exchange) -> None:
    await exchange.reader.read()


async def test_a_service_that_is_away_costs_its_own_paths_a_503_and_nobody_else_anything() -> None:
    async with system() as whole:
        assert (await whole.http.get("/api/rooms", headers=whole.bearer())).status_code == 200
        await whole.chat.stop()
        for method, target in [("GET", "/api/rooms"), ("POST", "/api/save-chat"), ("HEAD", "/api/messages/grace")]:
            answer = await whole.http.request(method, target, headers=whole.bearer())
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "1"
            if method != "HEAD":
                assert code(answer) == (503, "service_unavailable")
        for target in ("/api/users", "/api/files", "/api/video/streams"):
            assert (await whole.http.get(target, headers=whole.bearer())).status_code == 200
        await whole.chat.start()
        assert (await whole.http.get("/api/rooms", headers=whole.bearer())).status_code == 200


async def test_a_service_that_hangs_holds_up_no_page_that_can_do_without_it() -> None:
    async with system() as whole:
        whole.chat.handler = answering(200, [])
        whole.video.handler = silence
        async with asyncio.timeout(ANSWER_S_MAX - 1):
            answer = await whole.http.get("/", headers={**BROWSER, **whole.cookie()})
        assert answer.status_code == 200, answer.text


async def test_a_service_that_cannot_be_dialled_in_time_is_away() -> None:
    """A listener whose queue is full lets nobody in, as a machine behind a firewall does."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        async with system(chat_url=url, connect_timeout_s=0.1) as whole:
            answer = await whole.http.get("/api/rooms", headers=whole.bearer())
            assert code(answer) == (503, "service_unavailable")
        for one in waiting:
            one.close()


@pytest.mark.parametrize("answer", NO_ANSWERS)
async def test_an_answer_that_is_none_is_a_502(whole: System, answer: bytes) -> None:
    whole.chat.handler = sending(answer)
    async with whole.wire() as wire:
        await wire.send(request_head("POST", "/api/save-chat", {"Host": "h", "Content-Length": "0", **whole.bearer()}))
        assert code(await wire.answer()) == (502, "bad_gateway")
    whole.chat.handler = whole.chat.answer
    assert (await whole.http.get("/api/rooms", headers=whole.bearer())).status_code == 200


@pytest.mark.parametrize(
    "pieces",
    [
        [head_of("200 OK", "Content-Length: 10"), b"half"],
        [head_of("200 OK"), b"half: without a length nobody can tell that it is whole"],
        [head_of("200 OK", "Transfer-Encoding: chunked"), b"4\r\nhalf\r\n"],
        [head_of("200 OK", "Transfer-Encoding: chunked"), b"4\r\nhalf\r\nxyz not a chunk\r\n"],
    ],
)
async def test_an_answer_that_breaks_off_is_cut_off_and_never_looks_whole(whole: System, pieces: list[bytes]) -> None:
    whole.media.handler = sending(*pieces)
    async with whole.wire() as wire:
        await wire.send(request_head("GET", "/api/files/7", {"Host": "h", **whole.bearer()}))
        answer = await wire.rest()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"half" in answer
    assert not answer.endswith(b"0\r\n\r\n")
    assert b"bad_gateway" not in answer
    whole.media.handler = whole.media.answer
    assert (await whole.http.get("/api/files/7", headers=whole.bearer())).status_code == 200


async def test_a_service_that_says_nothing_is_a_504() -> None:
    async with system(answer_timeout_s=0.1) as whole:
        whole.chat.handler = silence
        for method in ("GET", "POST"):
            answer = await whole.http.request(method, "/api/rooms", headers=whole.bearer(), content=b"x")
            assert code(answer) == (504, "gateway_timeout")
        await eventually(lambda: not whole.chat.open)
        assert len(whole.chat.requests) == 2
        whole.chat.handler = whole.chat.answer
        assert (await whole.http.get("/api/rooms", headers=whole.bearer())).status_code == 200


async def test_a_service_that_takes_nothing_is_a_504() -> None:
    async def take_nothing(exchange: Exchange) -> None:
        await asyncio.Event().wait()

    async with system(answer_timeout_s=0.2) as whole:
        whole.media.handler = take_nothing
        async with whole.wire() as wire:
            length = 50 * 1024 * 1024
            await wire.send(
                request_head(
                    "POST", "/api/user/upload-files", {"Host": "h", "Content-Length": str(length), **whole.bearer()}
                )
            )
            pushing = asyncio.create_task(wire.send(bytes(length)))
            assert code(await wire.answer()) == (504, "gateway_timeout")
            pushing.cancel()


async def a_slow_service_is_given_up(whole: System) -> None:
    """Whatever the chat service owed before this was waited for longer."""
    whole.chat.at["/api/messages/grace"] = silence
    answer = await whole.http.get("/api/messages/grace", headers=whole.bearer())
    assert code(answer) == (504, "gateway_timeout")


async def test_a_slow_upload_is_not_a_slow_service() -> None:
    async with system(answer_timeout_s=0.1) as whole, whole.wire() as wire:
        await wire.send(request_head("POST", "/api/save-chat", {"Host": "h", "Content-Length": "2", **whole.bearer()}))
        for byte in (b"a", b"b"):
            await eventually(lambda: whole.chat.open)
            await a_slow_service_is_given_up(whole)
            await wire.send(byte)
        assert (await wire.answer()).status == 200
        assert whole.chat.last.body == b"ab"


async def test_a_slow_body_of_an_answer_is_not_a_slow_head() -> None:
    goes_on = asyncio.Event()

    async def answer(exchange: Exchange) -> None:
        await exchange.send(head_of("200 OK", "Content-Length: 2"), b"a")
        await goes_on.wait()
        await exchange.send(b"b")

    async with system(answer_timeout_s=0.1) as whole:
        whole.chat.handler = answer
        async with whole.wire() as wire:
            await wire.send(request_head("GET", "/api/rooms", {"Host": "h", **whole.bearer()}))
            assert (await wire.head())[0] == 200
            await a_slow_service_is_given_up(whole)
            goes_on.set()
            assert await wire.reader.readexactly(2) == b"ab"


# Several addresses


async def test_several_chat_services_share_the_work_and_a_dead_one_is_passed_over() -> None:
    all_ask = asyncio.Barrier(12)

    async def answer(exchange: Exchange) -> None:
        await all_ask.wait()
        await exchange.reply(200)

    chats = [Service("chat-1"), Service("chat-2"), Service("chat-3")]
    for chat in chats:
        chat.handler = answer
    async with started(*chats), system(chat_url=", ".join(chat.url for chat in chats)) as whole:

        async def ask_at_once() -> list[int]:
            for chat in chats:
                chat.requests.clear()
            answers = await asyncio.gather(
                *(whole.http.get("/api/rooms", headers=whole.bearer()) for _ in range(all_ask.parties))
            )
            assert {answer.status_code for answer in answers} == {200}
            return [len(chat.requests) for chat in chats]

        assert await ask_at_once() == [4, 4, 4]
        await chats[1].stop()
        first, dead, third = await ask_at_once()
        assert (first + third, dead) == (12, 0)
        assert min(first, third) > 0
        await chats[0].stop()
        await chats[2].stop()
        answer_ = await whole.http.get("/api/rooms", headers=whole.bearer())
        assert code(answer_) == (503, "service_unavailable")


async def test_pages_pass_a_dead_chat_service_over() -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.reply_json([])

    alive, dead = Service("alive"), Service("dead")
    alive.handler = answer
    async with started(alive, dead):
        await dead.stop()
        async with system(chat_url=f"{dead.url},{alive.url}") as whole:
            for _ in range(4):
                assert (await whole.http.get("/", headers=whole.cookie())).status_code == 200
    assert {request.path for request in alive.requests} >= {"/api/saved-chats", "/api/rooms"}
