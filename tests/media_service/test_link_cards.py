"""Link cards: what another host's page says of itself, asked once, within bounds, and shown from here."""

import asyncio
import gzip
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from media_service.actions.link_cards import AT_ONCE, BYTES_MAX, FAILED_S, FRESH_S, PICTURE_KEPT_S, SEEN_NOTED_S
from tests.foreign_hosts import Web, Write, serving
from tests.media_service.cleaning.pictures import encoded, painted
from tests.media_service.gallery import PICTURE, Galleries, Gallery, gallery
from tests.problems import code
from tests.waiting import eventually

PAGE = b"<title>Today</title><meta property=og:description content=News><meta property=og:image content=/a.png></head>"
CARD = {"title": "Today", "description": "News", "site": "127.0.0.1", "picture": None}


def ok(data: bytes, content_type: str = "text/html", *head: str) -> bytes:
    lines = ("HTTP/1.1 200 OK", f"Content-Type: {content_type}", f"Content-Length: {len(data)}", *head, "", "")
    return "\r\n".join(lines).encode() + data


def redirect(to: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    async with serving() as started:
        started.answers = {"/": ok(PAGE), "/a.png": ok(PICTURE, "image/png")}
        yield started


@pytest.fixture
async def media(tmp_path: Path, web: Web) -> AsyncIterator[Gallery]:
    async with gallery(tmp_path, allowed_hosts=[web.host]) as running:
        yield running


async def card(media: Gallery, url: str) -> Any:
    answer = await media.request("", "GET", "/internal/link-card", params={"url": url})
    assert answer.status_code == 200, answer.text
    return answer.json()["card"]


def asked(web: Web) -> list[str]:
    return [head.split()[1] for head in web.heads]


def later(media: Gallery, passed_s: float) -> dict[str, Any]:
    """Grace's headers at that time."""
    media.clock.now += passed_s
    token = media.auth.token("Grace", expires_at=int(media.clock.now) + 900)
    return {"headers": {"Authorization": f"Bearer {token}"}}


async def test_a_page_gets_a_card_with_a_small_clean_picture_of_ours(galleries: Galleries, web: Web) -> None:
    noisy = encoded(painted().resize((900, 700)), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0")
    web.answers["/a.png"] = ok(noisy)
    async with galleries(allowed_hosts=[web.host]) as media:
        found = await card(media, web.at("/#part"))
        path = found["picture"]
        assert found == {**CARD, "picture": path}
        answer = await media.get("Grace", path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
        assert path.startswith("/api/card-pictures/")
        assert answer.headers["cache-control"] == "private, no-cache"
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert answer.headers["x-content-type-options"] == "nosniff"
        with Image.open(io.BytesIO(answer.content)) as image:
            assert (image.format, max(image.size), dict(image.getexif())) == ("WEBP", 320, {})
        known = await media.get("Grace", path, If_None_Match=answer.headers["etag"])
        assert (known.status_code, known.content) == (304, b"")
        assert code(await media.get("", path)) == (401, "unauthenticated")
        assert code(await media.get("Grace", "/api/card-pictures/none")) == (404, "unknown_picture")


async def test_another_host_is_told_who_we_are_and_nothing_of_who_wrote(media: Gallery, web: Web) -> None:
    await card(media, web.at("/"))
    for head in web.heads:
        fields = dict(line.split(": ", 1) for line in head.splitlines()[1:] if line)
        assert fields.keys() == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}


async def test_a_page_is_asked_once_a_day_however_many_link_to_it(media: Gallery, web: Web) -> None:
    urls = [web.at("/"), web.at("/#a"), web.at("/#b")] * 3
    cards = await asyncio.gather(*(card(media, url) for url in urls))
    assert all(one == cards[0] for one in cards)
    assert asked(web) == ["/", "/a.png"]
    media.clock.now += FRESH_S - 1
    await card(media, web.at("/"))
    assert asked(web) == ["/", "/a.png"]
    media.clock.now += 1
    assert await card(media, web.at("/")) == cards[0]  # the same picture, at the same address
    assert asked(web) == ["/", "/a.png"] * 2
    assert media.store.count("card_pictures") == 1


async def test_two_instances_keep_one_card(galleries: Galleries, web: Web) -> None:
    async with galleries(allowed_hosts=[web.host]) as one, galleries(allowed_hosts=[web.host], beside=one) as other:
        first, second = await asyncio.gather(card(one, web.at("/")), card(other, web.at("/")))
        assert first == second
        assert one.store.count("link_cards") == one.store.count("card_pictures") == 1
        assert (await other.get("Grace", first["picture"])).status_code == 200


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(PAGE) + PAGE,
        ok(b"<p>No title"),
        ok(PAGE, "text/plain"),
        ok(PAGE, "application/pdf"),
        ok(PICTURE, "image/png"),
        ok(gzip.compress(PAGE * 100_000), "text/html", "Content-Encoding: gzip"),
        redirect("http://169.254.169.254/latest/meta-data/"),
        redirect("http://127.0.0.1:22/"),
        redirect("http://localhost/"),
        redirect("file:///etc/passwd"),
        redirect("/loop"),
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ],
)
async def test_what_gives_no_card_is_not_asked_again_for_a_while(media: Gallery, web: Web, answer: bytes) -> None:
    web.answers |= {"/": answer, "/loop": redirect("/loop")}
    assert await card(media, web.at("/")) is None
    before = len(web.heads)
    assert await card(media, web.at("/")) is None
    assert len(web.heads) == before
    web.answers["/"] = ok(PAGE)
    media.clock.now += FAILED_S
    assert (await card(media, web.at("/")))["title"] == "Today"


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "http://", "http://127.0.0.1/", "http://ada@example.org/"])
async def test_what_is_no_public_page_gets_none(media: Gallery, web: Web, url: str) -> None:
    assert await card(media, url) is None
    assert web.heads == []


@pytest.mark.parametrize(
    "address, answer",
    [
        ("javascript:alert(1)", b""),
        ("http://127.0.0.1:22/a.png", b""),
        ("http://[::1]/a.png", b""),
        ("http://2130706433/a.png", b""),
        ("http://169.254.169.254/", b""),
        ("/b.png", redirect("http://10.0.0.1/a.png")),
        ("/b.png", ok(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml")),
        ("/b.png", ok(PICTURE[: len(PICTURE) // 2], "image/png")),
        ("/b.png", ok(PICTURE + b"x" * BYTES_MAX, "image/png")),
        ("/b.png", ok(b"", "image/png")),
    ],
)
async def test_a_picture_that_cannot_be_had_costs_the_card_nothing_else(
    media: Gallery, web: Web, address: str, answer: bytes
) -> None:
    web.answers |= {"/": ok(PAGE.replace(b"/a.png", address.encode())), "/b.png": answer}
    assert await card(media, web.at("/")) == CARD
    assert asked(web) == (["/", "/b.png"] if answer else ["/"])


async def test_only_the_head_of_a_page_is_read(media: Gallery, web: Web) -> None:
    """It goes on without end after that, which nobody waits for."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99999999\r\n\r\n"

    async def endless(write: Write) -> None:
        await write(head + PAGE.replace(b"/a.png", b""))
        while True:
            await write(b"<p>" * 10_000)

    web.without_end = endless
    assert await card(media, web.at("/")) == CARD
    async with asyncio.timeout(10):
        await web.is_left.wait()


async def test_of_a_head_without_end_so_much_counts_as_is_read(media: Gallery, web: Web) -> None:
    web.answers["/"] = ok(PAGE.removesuffix(b"</head>").replace(b"/a.png", b"") + b"<script>" + b"x" * 2 * BYTES_MAX)
    assert await card(media, web.at("/")) == CARD
    late = b"<script>" + b"x" * BYTES_MAX + b"</script>" + PAGE
    web.answers["/late"] = ok(late)
    assert await card(media, web.at("/late")) is None


async def test_only_so_many_pages_are_asked_at_once(media: Gallery, web: Web) -> None:
    goes_on = asyncio.Event()
    most = 0

    async def slow(write: Write) -> None:
        nonlocal most
        most = max(most, len(web.heads))
        await goes_on.wait()
        await write(ok(PAGE.replace(b"/a.png", b"")))

    web.without_end = slow
    cards = [asyncio.create_task(card(media, web.at(f"/{number}"))) for number in range(AT_ONCE + 4)]
    await eventually(lambda: len(web.heads) == AT_ONCE)
    goes_on.set()
    assert await asyncio.gather(*cards) == [CARD] * (AT_ONCE + 4)
    assert most >= AT_ONCE


async def test_a_card_is_given_though_it_cannot_be_kept(media: Gallery, web: Web) -> None:
    media.store.refuse_rows("link_cards")
    assert await card(media, web.at("/")) == CARD
    assert media.store.count("card_pictures") == 0


async def test_cards_go_after_a_day_and_pictures_when_nobody_has_looked_for_long(
    galleries: Galleries, web: Web
) -> None:
    web.answers |= {"/b": ok(PAGE.replace(b"/a.png", b"/b.png"))}
    web.answers |= {"/b.png": ok(encoded(painted().resize((90, 70)), "PNG"), "image/png")}
    async with galleries(allowed_hosts=[web.host]) as media:
        seen, unseen = [(await card(media, web.at(path)))["picture"] for path in ("/", "/b")]
        more = later(media, PICTURE_KEPT_S - SEEN_NOTED_S)
        assert (await media.request("Grace", "GET", seen, **more)).status_code == 200
        media.clock.now += SEEN_NOTED_S + 1
        async with galleries(allowed_hosts=[web.host], beside=media) as other:  # which tidies up when it starts
            await eventually(lambda: media.store.count("link_cards") == 0 and media.store.count("card_pictures") == 1)
            assert (await other.request("Grace", "GET", seen, **later(media, 0))).status_code == 200
            assert code(await other.request("Grace", "GET", unseen, **later(media, 0))) == (404, "unknown_picture")
