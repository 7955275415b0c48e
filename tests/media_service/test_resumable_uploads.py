"""Resumable uploads (tus): parts that come in several requests, and whatever may come between them."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from media_service.actions.resumable_uploads import LIFETIME_S, OPEN_MAX
from media_service.domain.files import PIECE_BYTES
from media_service.domain.refusals import BadMetadata
from media_service.domain.resumable_uploads import METADATA_LENGTH_MAX, read_metadata
from tests.media_service.gallery import PICTURE, Galleries, Gallery
from tests.media_service.tus import STREAM, TUS, Sender, metadata
from tests.problems import code
from tests.waiting import eventually

TEXT = b"All the world's a stage.\n" * 60_000  # 1.5 MB: two pieces and a half


@pytest.fixture
def ada(media: Gallery) -> Sender:
    return Sender(media)


async def test_what_comes_in_parts_becomes_a_file_like_any_other(media: Gallery, ada: Sender) -> None:
    path = await ada.location(len(TEXT))
    sent = 0
    for size in (0, 1, PIECE_BYTES - 2, 1, 3, PIECE_BYTES + 5, len(TEXT)):
        part = TEXT[sent : sent + size]
        answer = await ada.append(path, sent, part)
        sent += len(part)
        assert answer.status_code == 204, answer.text
        assert answer.headers["upload-offset"] == str(sent) == str(await ada.offset(path))
    file = (await ada.outcome(path)).json()
    assert (file["filename"], file["kind"], file["content_type"]) == (
        "stage.txt",
        "document",
        "text/plain; charset=utf-8",
    )
    assert (file["size"], file["thumbnail_url"], file["cleaned"]) == (len(TEXT), None, True)
    assert (await media.get("Ada", file["url"])).content == TEXT
    assert (await media.get("Ada", "/api/files")).json()["files"] == [file]
    assert (await media.get("Ada", path)).json() == file  # for a day
    assert code(await media.request("Ada", "DELETE", path, headers=TUS)) == (404, "unknown_upload")


async def test_a_picture_is_cleaned_as_ever(ada: Sender) -> None:
    path = await ada.location(len(PICTURE), filename="a.png")
    await ada.append(path, 0, PICTURE)
    file = (await ada.outcome(path)).json()
    assert (file["kind"], file["content_type"], file["width"]) == ("picture", "image/png", 48)


async def test_a_refusal_is_told_to_who_asks_what_became_of_it(media: Gallery, ada: Sender) -> None:
    path = await ada.location(4, filename="a.jpg")
    await ada.append(path, 0, b"text")
    answer = await ada.outcome(path)
    assert code(answer) == (415, "not_a_picture")
    assert [error["field"] for error in answer.json()["errors"]] == ["a.jpg"]
    assert (await ada.append(path, 4, b"")).headers["upload-offset"] == "4"
    assert code(await ada.append(path, 4, b"x")) == (413, "file_too_large")
    assert media.count_rows() == (0, 0)


async def test_an_empty_file_is_one(media: Gallery, ada: Sender) -> None:
    file = (await ada.outcome(await ada.location(0))).json()
    assert (file["size"], file["kind"]) == (0, "document")
    assert (await media.get("Ada", file["url"])).content == b""


async def test_it_says_what_it_can(media: Gallery) -> None:
    for path in ("/api/uploads", "/api/uploads/any"):
        answer = await media.request("", "OPTIONS", path)
        assert answer.status_code == 204
        assert answer.headers["tus-version"] == answer.headers["tus-resumable"] == "1.0.0"
        assert answer.headers["tus-extension"] == "creation,expiration,termination"
        assert answer.headers["tus-max-size"] == str(100 * 1024 * 1024)


@pytest.mark.parametrize(
    "length, headers, refusal",
    [
        ("4", {"Tus-Resumable": "0.2.2"}, (412, "wrong_version")),
        ("", {}, (400, "malformed")),
        ("-1", {}, (400, "malformed")),
        ("4.0", {}, (400, "malformed")),
        ("9" * 30, {}, (400, "malformed")),
        (str(2 * 1024**3), {}, (413, "file_too_large")),
        ("4", {"Upload-Metadata": "filename %%%"}, (400, "malformed")),
    ],
)
async def test_what_is_no_beginning_is_refused(
    media: Gallery, ada: Sender, length: str, headers: dict[str, str], refusal: tuple[int, str]
) -> None:
    assert code(await ada.begin(length, **headers)) == refusal
    assert media.store.count("blobs") == 0


async def test_a_wrong_part_changes_nothing(ada: Sender) -> None:
    path = await ada.location(10)
    await ada.append(path, 0, b"12345")
    for offset in (0, 4, 6, 10):
        answer = await ada.append(path, offset, b"x")
        assert code(answer) == (409, "wrong_offset")
        assert answer.headers["upload-offset"] == "5"
    assert code(await ada.append(path, "x", b"x")) == (400, "malformed")
    assert code(await ada.append(path, 5, b"x", **{"Content-Type": "text/plain"})) == (415, "not_an_offset_stream")
    assert code(await ada.append(path, 5, b"x", **{"Tus-Resumable": "2"})) == (412, "wrong_version")
    assert code(await ada.append(path, 5, b"678901")) == (413, "file_too_large")
    assert await ada.offset(path) == 5


async def test_a_client_that_knows_its_upload_by_the_address_alone_is_told_the_rest(
    media: Gallery, ada: Sender
) -> None:
    """What HEAD has to say by tus 1.0, from which another device, or a page that was closed, goes on."""
    said = metadata(filename="Bühne/../stage.txt", filetype="text/plain", of="a client")
    path = (await ada.begin(4, **{"Upload-Metadata": said})).headers["location"]
    told = (await media.request("Ada", "HEAD", path, headers=TUS)).headers
    assert (told["upload-length"], told["upload-offset"], told["upload-metadata"]) == ("4", "0", said)
    bare = (await ada.begin(4, **{"Upload-Metadata": ""})).headers["location"]
    assert "upload-metadata" not in (await media.request("Ada", "HEAD", bare, headers=TUS)).headers


async def test_every_answer_says_the_version(media: Gallery, ada: Sender) -> None:
    path = await ada.location(4)
    answers = [
        await ada.append(path, 1, b"x"),
        await ada.append(path, 0, b"12345"),
        await ada.append(path, 0, b"x", **{"Tus-Resumable": "2"}),
        await ada.begin("x"),
        await media.request("Ada", "HEAD", "/api/uploads/unknown", headers=TUS),
        await media.request("", "HEAD", path, headers=TUS),
    ]
    assert [answer.status_code for answer in answers] == [409, 413, 412, 400, 404, 401]
    assert {answer.headers.get("tus-resumable") for answer in answers} == {"1.0.0"}


async def test_who_can_only_post_says_which_method_is_meant(media: Gallery, ada: Sender) -> None:
    path = await ada.location(4)

    async def post(method: str, data: bytes = b"", **headers: str) -> httpx.Response:
        said = {**TUS, "X-HTTP-Method-Override": method, "Content-Type": STREAM, **headers}
        return await media.request("Ada", "POST", path, content=data, headers=said)

    assert (await post("PATCH", b"12", **{"Upload-Offset": "0"})).headers["upload-offset"] == "2"
    assert (await post("HEAD")).headers["upload-offset"] == "2"
    assert code(await post("GET"))[0] == code(await post("PUT"))[0] == 405
    assert (await post("DELETE")).status_code == 204
    assert (await media.request("Ada", "HEAD", path, headers=TUS)).status_code == 404


async def test_nobody_else_has_to_do_with_it(media: Gallery, ada: Sender) -> None:
    path = await ada.location(4)
    for name, refusal in (("Grace", (404, "unknown_upload")), ("", (401, "unauthenticated"))):
        other = Sender(media, name)
        assert code(await other.append(path, 0, b"x")) == refusal
        assert code(await media.get(name, path)) == refusal
        assert (await media.request(name, "HEAD", path, headers=TUS)).status_code == refusal[0]
        assert code(await media.request(name, "DELETE", path, headers=TUS)) == refusal
    assert await ada.offset(path) == 0


async def test_a_person_has_so_many_open_and_no_more(media: Gallery, ada: Sender) -> None:
    paths = [await ada.location(4) for _ in range(OPEN_MAX)]
    answer = await ada.begin(4)
    assert code(answer) == (429, "too_many_uploads")
    assert int(answer.headers["retry-after"]) > 0
    await Sender(media, "Grace").location(4)
    assert (await media.request("Ada", "DELETE", paths[0], headers=TUS)).status_code == 204
    assert code(await media.get("Ada", paths[0])) == (404, "unknown_upload")
    paths[0] = await ada.location(4)
    await ada.append(paths[1], 0, b"text")
    await ada.outcome(paths[1])
    await ada.location(4)


async def test_room_is_kept_for_what_has_begun(galleries: Galleries) -> None:
    async with galleries(stored_bytes_per_person=1000) as media:
        ada = Sender(media)
        path = await ada.location(600)
        assert code(await ada.begin(401)) == (413, "quota_exceeded")
        assert code(await media.request("Ada", "POST", "/api/user/upload-files", files={"a": b"x" * 401}))[0] == 413
        await ada.append(path, 0, b"x" * 600)
        assert (await ada.outcome(path)).json()["size"] == 600
        await ada.append(await ada.location(400), 0, b"y" * 400)


async def test_two_sends_of_one_file_at_once_do_not_mix(media: Gallery, ada: Sender) -> None:
    path = await ada.location(len(TEXT))
    may_go_on = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield TEXT[:PIECE_BYTES]
        await may_go_on.wait()
        yield TEXT[PIECE_BYTES:]

    first = asyncio.create_task(ada.append(path, 0, slowly()))
    await eventually(lambda: has_come(ada, path, PIECE_BYTES))
    for offset in (0, PIECE_BYTES):
        assert code(await ada.append(path, offset, b"x")) == (423, "upload_busy")
    may_go_on.set()
    assert (await first).headers["upload-offset"] == str(len(TEXT))
    file = (await ada.outcome(path)).json()
    assert (await media.get("Ada", file["url"])).content == TEXT


async def test_what_came_before_the_connection_broke_need_not_come_again(media: Gallery, ada: Sender) -> None:
    path = await ada.location(len(TEXT))
    _, writer = await asyncio.open_connection("127.0.0.1", media.port)
    head = [
        f"PATCH {path} HTTP/1.1",
        f"Host: parley.test\r\nAuthorization: Bearer {media.auth.token('Ada')}\r\nTus-Resumable: 1.0.0",
        f"Upload-Offset: 0\r\nContent-Type: {STREAM}\r\nContent-Length: {len(TEXT)}",
    ]
    writer.write("\r\n".join([*head, "", ""]).encode() + TEXT[:600_000])
    await eventually(lambda: has_come(ada, path, PIECE_BYTES))
    writer.transport.abort()
    await eventually(lambda: has_come(ada, path, 600_000))
    await eventually(lambda: goes_on(ada, path, 600_000))
    file = (await ada.outcome(path)).json()
    assert (await media.get("Ada", file["url"])).content == TEXT


async def goes_on(ada: Sender, path: str, offset: int) -> bool:
    """Not while the broken connection still holds it."""
    return (await ada.append(path, offset, TEXT[offset:])).status_code == 204


async def test_what_is_whole_is_checked_however_its_last_part_ended(media: Gallery, ada: Sender) -> None:
    path = await ada.location(PIECE_BYTES)

    async def too_much() -> AsyncIterator[bytes]:
        yield TEXT[:PIECE_BYTES]
        await eventually(lambda: has_come(ada, path, PIECE_BYTES))
        yield b"more"

    assert code(await ada.append(path, 0, too_much())) == (413, "file_too_large")
    assert (await ada.outcome(path)).json()["size"] == PIECE_BYTES


async def has_come(ada: Sender, path: str, size: int) -> bool:
    return await ada.offset(path) == size


async def test_after_a_day_it_is_gone(media: Gallery, ada: Sender) -> None:
    path = await ada.location(8)
    await ada.append(path, 0, b"1234")
    media.clock.now += LIFETIME_S + 1
    token = media.auth.token("Ada", expires_at=int(media.clock.now) + 900)
    signed_in = {"Authorization": f"Bearer {token}"}
    assert code(await ada.append(path, 4, b"5678", **signed_in)) == (404, "unknown_upload")
    for _ in range(OPEN_MAX):
        assert (await ada.begin(4, **signed_in)).status_code == 201


async def test_after_a_start_what_was_whole_is_checked_and_what_is_old_goes(galleries: Galleries) -> None:
    async with galleries() as media:
        ada = Sender(media)
        whole, half = await ada.location(4), await ada.location(8)
        await ada.append(half, 0, b"1234")
    with galleries.store().opened() as store:
        # As a kill leaves it: the last part is here, and nobody has begun to check it.
        whole_id = whole.rpartition("/")[2]
        (blob,) = store.execute("SELECT blob FROM resumable_uploads WHERE id = ?", (whole_id,)).fetchone()
        store.execute("INSERT INTO pieces (blob, number, data) VALUES (?, 0, ?)", (blob, b"text"))
        store.execute("UPDATE resumable_uploads SET received = 4 WHERE id = ?", (whole_id,))
        # And a file of a request that ended in the middle two days ago.
        (old,) = store.execute(
            "INSERT INTO blobs (owner, size, place, kept, begun_at) VALUES ('Ada', 9, 'pieces', 0, 0) RETURNING number"
        ).fetchone()
        store.execute("INSERT INTO pieces (blob, number, data) VALUES (?, 0, ?)", (old, b"orphaned"))
    async with galleries() as media:
        ada = Sender(media)
        assert (await ada.outcome(whole)).json()["size"] == 4
        assert await ada.offset(half) == 4
        await eventually(lambda: media.store.count(f"pieces WHERE blob = {old}") == 0)


async def test_all_of_a_person_goes_with_their_account(media: Gallery, ada: Sender) -> None:
    path, file = await ada.location(8), await media.keep()
    await ada.append(path, 0, b"1234")
    media.auth.erase("Ada")
    await media.get("Grace", file)  # it may have become an avatar a moment ago: the profiles are read
    await eventually(lambda: media.store.count("resumable_uploads") == media.store.count("blobs") == 0)


def test_metadata_are_keys_with_values_in_base64() -> None:
    assert read_metadata("filename YeKCrA==, is_confidential,empty ,") == {
        "filename": "a€",
        "is_confidential": "",
        "empty": "",
    }
    assert read_metadata("") == {}
    assert read_metadata("a /w==") == {"a": "\ufffd"}
    for header in ("a b", "a =", "a €", "x" * (METADATA_LENGTH_MAX + 1)):
        with pytest.raises(BadMetadata):
            read_metadata(header)
