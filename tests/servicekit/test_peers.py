"""Other services, asked over HTTP: any instance that answers will do."""

from collections.abc import Callable

import httpx
import pytest

from servicekit.numbered_lists import PAGE_MAX, PageBody
from servicekit.peers import Peer, PeerAway

LIST = "/internal/list"
Handler = Callable[[httpx.Request], httpx.Response]


class Numbers(PageBody, frozen=True, kw_only=True):
    entries: list[int]


def http_of(handler: Handler) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.MockTransport(handler))


def only_second(request: httpx.Request) -> httpx.Response:
    """The first instance is away, the second there."""
    if request.url.host == "first":
        raise httpx.ConnectError("away")
    return httpx.Response(200, content=b'{"entries": [8]}')


@pytest.mark.parametrize("answer", [httpx.Response(503), httpx.Response(200, content=b"{}"), httpx.Response(302)])
async def test_an_answer_that_is_no_list_is_a_peer_that_is_away(answer: httpx.Response) -> None:
    async with http_of(lambda _: answer) as http:
        with pytest.raises(PeerAway):
            await Peer(http, "http://peer").read_page(LIST, Numbers, after=7)


async def test_a_page_is_asked_for_after_a_number() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, content=b'{"entries": [8]}')

    async with http_of(answer) as http:
        peer = Peer(http, "http://peer")
        assert await peer.read_page(LIST, Numbers, after=7) == Numbers(entries=[8])
    assert asked == [f"http://peer{LIST}?after=7&limit={PAGE_MAX}"]


async def test_each_instance_is_asked_until_one_answers() -> None:
    async with http_of(only_second) as http:
        peer = Peer(http, "http://first/, http://second")
        assert (await peer.get(LIST)).json() == {"entries": [8]}
        assert await peer.read(LIST, Numbers) == Numbers(entries=[8])
        with pytest.raises(PeerAway):
            await Peer(http, "http://first").get(LIST)


@pytest.mark.parametrize("status, is_answer", [(204, True), (404, True), (500, False), (503, False)])
async def test_a_refusal_is_an_answer_and_a_fault_is_none(status: int, is_answer: bool) -> None:
    async with http_of(lambda _: httpx.Response(status)) as http:
        peer = Peer(http, "http://peer")
        if is_answer:
            assert (await peer.get(LIST)).status_code == status
        else:
            with pytest.raises(PeerAway):
                await peer.get(LIST)


async def test_a_name_may_be_given_several_times() -> None:
    async with http_of(lambda request: httpx.Response(200, text=request.url.query.decode())) as http:
        assert (await Peer(http, "http://peer").get(LIST, room="lobby", username=["ada", "bob"])).text == (
            "room=lobby&username=ada&username=bob"
        )
