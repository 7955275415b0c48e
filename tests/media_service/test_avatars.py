"""Avatars: a person's picture for whoever is signed in, wherever it is; of other hosts only what was checked."""

import asyncio
import io
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from media_service.actions.remote_pictures import BEGUN_PER_MINUTE, FAILED_S, FRESH_S
from servicekit import sqlite_file
from servicekit.etags import version_of
from tests.foreign_hosts import HEAD, Web, Write, serving
from tests.media_service.cleaning.pictures import encoded, painted
from tests.media_service.gallery import PICTURE, Galleries, Gallery
from tests.problems import code
from tests.waiting import eventually

MIGRATIONS = Path("media_service/migrations")
LIMIT_BYTES = 50_000


def ok(data: bytes, content_type: str = "image/png") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    async with serving() as started:
        started.answers = {"/ada.png": ok(PICTURE)}
        yield started


@pytest.fixture
async def media(galleries: Galleries, web: Web) -> AsyncIterator[Gallery]:
    async with galleries(allowed_hosts=[web.host], remote_avatar_bytes_max=LIMIT_BYTES) as running:
        yield running


def show(media: Gallery, name: str, address: str) -> str:
    """Their picture is there from now on; the path of their avatar as pages know it."""
    media.auth.change(name, nickname=name, pfp=address)
    return f"/api/avatars/{name}?v={version_of(address)}"


def remembered(media: Gallery) -> dict[str, bool]:
    """Which addresses have been asked, and whether they gave a picture."""
    return {
        address: bool(gave)
        for address, gave in media.store.query("SELECT address, data IS NOT NULL FROM remote_pictures")
    }


async def test_a_picture_of_another_host_comes_small_and_clean(media: Gallery, web: Web) -> None:
    noisy = encoded(painted().resize((900, 700)), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0")
    web.answers["/ada.png"] = ok(noisy, "text/html")
    answer = await media.get("Grace", show(media, "Ada", web.at("/ada.png")))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
    with Image.open(io.BytesIO(answer.content)) as image:
        assert (image.format, max(image.size)) == ("WEBP", 320)
    known = await media.get("Grace", "/api/avatars/Ada", If_None_Match=answer.headers["etag"])
    assert (known.status_code, known.content) == (304, b"")


async def test_another_host_is_told_nothing_of_who_reads(media: Gallery, web: Web) -> None:
    path = show(media, "Ada", web.at("/ada.png"))
    headers = {"Referer": "https://parley.test/rooms/secret", "Cookie": "a=b", "User-Agent": "Grace's browser"}
    assert (await media.request("Grace", "GET", path, headers=headers)).status_code == 200
    (head,) = web.heads
    assert not any(word in head for word in ("Grace", "secret", "Cookie", "Referer", "Authorization", "Forwarded"))


async def test_it_is_asked_once_a_day_however_many_look(media: Gallery, web: Web) -> None:
    path = show(media, "Ada", web.at("/ada.png"))
    answers = await asyncio.gather(*(media.get(name, path) for name in ("Ada", "Grace", "Linus") * 5))
    assert {answer.status_code for answer in answers} == {200}
    assert len(web.heads) == 1
    for passed_s, asked in ((FRESH_S - 1, 1), (1, 2)):
        media.clock.now += passed_s
        token = media.auth.token("Grace", expires_at=int(media.clock.now) + 900)
        answer = await media.request("Grace", "GET", path, headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, len(web.heads)) == (200, asked)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n" % len(PICTURE) + PICTURE,
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:22/\r\nContent-Length: 0\r\n\r\n",
        ok(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        ok(b""),
        ok(PICTURE[: len(PICTURE) // 2]),
        ok(PICTURE + b"x" * LIMIT_BYTES),
        b"",
    ],
)
async def test_what_cannot_be_had_is_not_there_and_not_asked_again_for_a_while(
    media: Gallery, web: Web, answer: bytes
) -> None:
    web.answers["/ada.png"] = answer
    path = show(media, "Ada", web.at("/ada.png"))
    for _ in range(3):
        refused = await media.get("Grace", path)
        assert code(refused) == (404, "unknown_avatar")
        assert refused.headers["cache-control"] == "no-store"
    assert len(web.heads) == 1
    web.answers["/ada.png"] = ok(PICTURE)
    media.clock.now += FAILED_S
    assert await media.status("Grace", path) == 200


async def test_an_endless_answer_holds_nobody_up_and_leaves_nothing(media: Gallery, web: Web) -> None:
    async def endless(write: Write) -> None:
        await write(HEAD + b"\r\n")
        while True:
            await write(b"x" * 10_000)

    web.without_end = endless
    async with asyncio.timeout(10):
        assert await media.status("Grace", show(media, "Ada", web.at("/mjpeg"))) == 404
        await web.is_left.wait()
    assert remembered(media) == {web.at("/mjpeg"): False}


async def test_a_slow_host_costs_a_reader_little_and_its_picture_comes_with_the_next_page(
    galleries: Galleries, web: Web
) -> None:
    goes_on = asyncio.Event()

    async def slow(write: Write) -> None:
        await goes_on.wait()
        await write(ok(PICTURE))

    web.without_end = slow
    async with galleries(allowed_hosts=[web.host], patience_s=0.2) as media:
        path = show(media, "Ada", web.at("/slow.png"))
        assert await media.status("Grace", path) == 404
        goes_on.set()
        await eventually(lambda: remembered(media) == {web.at("/slow.png"): True})
        assert await media.status("Grace", path) == 200
    assert len(web.heads) == 1


async def test_private_hosts_are_not_asked(galleries: Galleries, web: Web) -> None:
    async with galleries() as media:
        for address in (web.at("/ada.png"), "http://localhost/", "http://[::1]/", "http://2130706433/", "/logout"):
            assert code(await media.get("Grace", show(media, "Ada", address))) == (404, "unknown_avatar")
    assert web.heads == []


async def test_a_person_who_keeps_changing_the_address_sends_us_nowhere(media: Gallery, web: Web) -> None:
    for number in range(BEGUN_PER_MINUTE + 3):
        await media.get("Ada", show(media, "Ada", web.at(f"/ada.png?{number}")))
    assert len(web.heads) == BEGUN_PER_MINUTE
    media.clock.now += 60
    await media.get("Ada", "/api/avatars/Ada")
    assert len(web.heads) == BEGUN_PER_MINUTE + 1


async def test_only_so_many_are_fetched_at_once(galleries: Galleries, web: Web) -> None:
    goes_on = asyncio.Event()
    most = 0

    async def slow(write: Write) -> None:
        nonlocal most
        most = max(most, len(web.heads))
        await goes_on.wait()
        await write(ok(PICTURE))

    web.without_end = slow
    limits: Any = {"remote_avatars_at_once": 3, "remote_avatars_at_once_per_person": 2}
    async with galleries(allowed_hosts=[web.host], patience_s=0.2, **limits) as media:
        media.auth.register(*(f"person-{number}" for number in range(6)))
        paths = [show(media, f"person-{number}", web.at(f"/{number}")) for number in range(6)]
        graces = [asyncio.create_task(media.status("Grace", path)) for path in paths]
        await eventually(lambda: len(web.heads) == 2)
        others = [asyncio.create_task(media.status("Linus", path)) for path in reversed(paths)]
        await eventually(lambda: len(web.heads) == 3)
        await asyncio.gather(*graces, *others)  # nobody waits longer than a browser should
        assert most == 3
        goes_on.set()


async def test_an_own_file_is_shown_small_to_everybody_and_asks_nobody(media: Gallery, web: Web) -> None:
    file = await media.keep("Ada")
    for address in (file, f"{file}/thumbnail", f"{file}/thumbnail?size=1024"):
        answer = await media.get("Grace", show(media, "Ada", address))
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
        assert answer.content == (await media.get("Ada", f"{file}/thumbnail")).content
        assert answer.headers["cache-control"] == "private, no-cache"
    assert web.heads == []


async def test_somebody_elses_file_is_shown_to_those_who_may_see_it(media: Gallery) -> None:
    file = await media.keep("Grace")
    path = show(media, "Ada", file)
    assert await media.status("Grace", path) == 200
    assert code(await media.get("Linus", path)) == (404, "unknown_avatar")
    media.chat.readers.add(("Linus", file.rpartition("/")[2]))
    assert await media.status("Linus", path) == 200


async def test_a_changed_picture_shows_at_once(media: Gallery, web: Web) -> None:
    web.answers["/new.png"] = ok(encoded(painted().resize((40, 40)), "PNG"))
    old = await media.get("Grace", show(media, "Ada", web.at("/ada.png")))
    new = await media.get("Grace", show(media, "Ada", web.at("/new.png")))
    assert (old.status_code, new.status_code) == (200, 200)
    assert old.headers["etag"] != new.headers["etag"]
    assert remembered(media) == {web.at("/new.png"): True}  # the old one is gone


async def test_two_may_show_one_address_and_one_of_them_leave(media: Gallery, web: Web) -> None:
    paths = [show(media, name, web.at("/ada.png")) for name in ("Ada", "Linus")]
    assert [await media.status("Grace", path) for path in paths] == [200, 200]
    assert len(web.heads) == 1
    show(media, "Linus", "")
    assert await media.status("Grace", "/api/avatars/Linus?v=0") == 404
    assert await media.status("Grace", paths[0]) == 200
    assert len(web.heads) == 1


async def test_of_an_erased_person_there_is_no_picture_left(media: Gallery, web: Web) -> None:
    path = show(media, "Ada", web.at("/ada.png"))
    assert await media.status("Grace", path) == 200
    media.auth.erase("Ada")
    assert await media.status("Grace", "/api/avatars/Ada?v=0") == 404
    assert remembered(media) == {}


async def test_names_are_of_any_case_and_unknown_ones_have_no_picture(media: Gallery, web: Web) -> None:
    show(media, "Ada", web.at("/ada.png"))
    assert await media.status("Grace", "/api/avatars/aDA") == 200
    for name in ("Grace", "nobody", "%2e%2e", "x" * 300):
        assert code(await media.get("Linus", f"/api/avatars/{name}")) == (404, "unknown_avatar")


async def test_strangers_see_no_avatar(media: Gallery, web: Web) -> None:
    path = show(media, "Ada", web.at("/ada.png"))
    assert code(await media.get("", path)) == (401, "unauthenticated")
    assert code(await media.get("Grace", f"/api/avatars/Ada?v={'x' * 65}")) == (422, "invalid")
    assert web.heads == []


async def test_pictures_of_other_hosts_may_be_left_to_browsers(galleries: Galleries, web: Web) -> None:
    async with galleries(remote_avatars="direct") as media:
        answer = await media.get("Grace", show(media, "Ada", "https://example.org/ada.png"))
        assert (answer.status_code, answer.headers["location"]) == (302, "https://example.org/ada.png")
        assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")
        path = show(media, "Ada", "http://parley.example/api/video/streams/x/mjpeg")
        own = await media.request("Grace", "GET", path, headers={"Host": "parley.example:8000"})
        assert code(own) == (404, "unknown_avatar")
        assert await media.status("Grace", show(media, "Ada", await media.keep("Ada"))) == 200


async def test_pictures_of_other_hosts_may_be_left_out(galleries: Galleries, web: Web) -> None:
    async with galleries(remote_avatars="off", allowed_hosts=[web.host]) as media:
        assert await media.status("Grace", show(media, "Ada", web.at("/ada.png"))) == 404
        assert await media.status("Grace", show(media, "Ada", await media.keep("Ada"))) == 200
    assert web.heads == []


async def test_avatars_of_before_stay_and_foreign_ones_are_read_again(tmp_path: Path) -> None:
    before = tmp_path / "before"
    before.mkdir()
    for name in ("0001_files.sql", "0002_pictures.sql"):
        (before / name).write_bytes((MIGRATIONS / name).read_bytes())
    sqlite_file.make(tmp_path / "files.db", before)
    with closing(sqlite3.connect(tmp_path / "files.db")) as connection:
        connection.execute("INSERT INTO avatars VALUES ('Ada', 'abc')")
        connection.execute("INSERT INTO followed VALUES ('profiles', 7), ('releases', 8)")
        connection.commit()
    sqlite_file.make(tmp_path / "files.db", MIGRATIONS)
    with closing(sqlite3.connect(tmp_path / "files.db")) as connection:
        assert connection.execute("SELECT * FROM avatars").fetchall() == [("Ada", "/api/files/abc", "abc")]
        assert connection.execute("SELECT * FROM followed").fetchall() == [("releases", 8)]


async def test_a_picture_is_shown_though_it_cannot_be_kept(media: Gallery, web: Web) -> None:
    path = show(media, "Ada", web.at("/ada.png"))
    assert await media.status("Grace", "/api/avatars/Linus") == 404  # who shows what is known by now
    media.store.refuse_rows("remote_pictures")
    assert await media.status("Grace", path) == 200
    assert remembered(media) == {}


async def test_a_file_that_is_no_picture_is_nobodys_picture(media: Gallery) -> None:
    answer = await media.request("Ada", "POST", "/api/user/upload-files", files={"files": b"Hello there!"})
    path = show(media, "Ada", answer.json()["files"][0]["url"])
    assert code(await media.get("Grace", path)) == (404, "unknown_avatar")
