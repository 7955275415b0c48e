"""Pictures through the gateway, as people with curl and the processes behind it meet them."""

import asyncio
import io
import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from tests.system.parleys import Parley, code
from tests.system.people import Person
from tests.system.terminals import shell
from tests.waiting import eventually

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="types what people type: curl")

MIB = 1024 * 1024
UPLOAD = "http://127.0.0.1:8000/api/user/upload-files"
GROWTH_MIB_MAX = 64
LARGE_SIDE = (4000, 3000)
PICTURES = 10  # together more than the growth that is allowed


def picture(shade: int = 0, size: tuple[int, int] = (32, 24), kind: str = "JPEG") -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, (shade, 90, 200)).save(data, kind)
    return data.getvalue()


def large_jpeg() -> bytes:
    """Upright, and near 10 MiB: noise is what JPEG cannot make small."""
    data = io.BytesIO()
    noise = Image.effect_noise(LARGE_SIDE, 120)
    Image.merge("RGB", (noise, noise.transpose(Image.Transpose.ROTATE_180), noise)).save(data, "JPEG", quality=87)
    return data.getvalue()


def different(jpeg: bytes, number: int) -> bytes:
    """Another picture to whoever compares: one coefficient near the end of the scan."""
    at = len(jpeg) - 2000
    while 0xFF in jpeg[at - 1 : at + 2]:
        at += 1
    return jpeg[:at] + bytes((number,)) + jpeg[at + 1 :]


async def curl(parley: Parley, person: Person, rest: str) -> tuple[int, dict[str, object]]:
    """The status and the JSON with which an upload is answered."""
    command = f"""curl -s -w '\\n%{{http_code}}' -H "Authorization: Bearer {person.token}" {UPLOAD} {rest}"""
    body, _, status = (await shell(command, address=parley.system.url.removeprefix("http://"))).rpartition("\n")
    return int(status), json.loads(body)


async def upload(person: Person, *pictures: bytes) -> list[str]:
    files = [("files", (f"{number}.jpg", data)) for number, data in enumerate(pictures)]
    answer = await person.ask("POST", "/api/user/upload-files", files=files)
    assert answer.status_code == 200, answer.text
    return [file["url"] for file in answer.json()["files"]]


@needs_curl
async def test_curl_uploads_as_one_types_it(shared: Parley, tmp_path: Path) -> None:
    ada = await shared.person("ada")
    for shade in range(20):
        (tmp_path / f"grüße {shade}.jpg").write_bytes(picture(12 * shade))
    one = f"'{tmp_path}/grüße 0.jpg'"
    status, answer = await curl(shared, ada, f"-F files=@{one}")
    assert (status, answer["message"]) == (200, "1 file(s) uploaded successfully")
    many = " ".join(f'-F "files=@{tmp_path}/grüße {shade}.jpg"' for shade in range(20))
    for expect in ("", "-H 'Expect: 100-continue'", "-H 'Expect:' -H 'Transfer-Encoding: chunked'"):
        status, answer = await curl(shared, ada, f"{many} {expect}")
        assert (status, answer["message"]) == (200, "20 file(s) uploaded successfully")
    files = answer["files"]
    assert isinstance(files, list)
    assert [file["filename"] for file in files] == [f"grüße {shade}.jpg" for shade in range(20)]
    assert (await ada.ask("GET", files[3]["url"])).content == picture(36)
    listed = await ada.get("/api/files?limit=200")
    assert len(listed["files"]) == 1 + 3 * 20
    assert listed["used_bytes"] == sum(file["size"] for file in files)  # the same bytes are kept once


@needs_curl
async def test_a_refusal_reaches_curl_whatever_the_size_of_the_body(shared: Parley, tmp_path: Path) -> None:
    ada = await shared.person("ada")
    large, text, small = tmp_path / "large.jpg", tmp_path / "text.jpg", tmp_path / "small.jpg"
    large.write_bytes(picture() + bytes(30 * MIB))
    text.write_bytes(b"Hello there!")
    small.write_bytes(picture())
    gigantic = tmp_path / "gigantic.jpg"
    with gigantic.open("wb") as sparse:
        sparse.truncate(400 * MIB)
    for expect in ("", "-H 'Expect: 100-continue'", "-H 'Expect:'"):
        for rest, refusal in (
            (f"-F files=@{large}", (413, "file_too_large")),
            (f"-F files=@{gigantic}", (413, "file_too_large")),
            (f"-F files=@{text} -F files=@{large}", (415, "not_a_picture")),
            (" ".join([f"-F files=@{small}"] * 21), (413, "too_many_files")),
            (f"-H 'Content-Type: image/jpeg' --data-binary @{large}", (415, "not_multipart")),
        ):
            status, answer = await curl(shared, ada, f"{expect} {rest}")
            assert (status, answer["code"]) == refusal, (expect, rest)
    assert (await ada.get("/api/files"))["files"] == []


async def test_one_sends_a_picture_and_the_other_sees_it_until_it_is_deleted(shared: Parley) -> None:
    ada, bob, eve = await shared.people("ada", "bob", "eve")
    (path,) = await upload(ada, picture(7))
    assert code(await bob.ask("GET", path)) == (404, "unknown_file")
    async with ada.device() as adas, bob.device() as bobs:
        sent = await adas.write(bob.name, "", attachments=[path.rpartition("/")[2]])
        (attachment,) = (await bobs.next("message"))["attachments"]
        assert attachment["url"] == path
        small = await bob.ask("GET", attachment["thumbnail_url"])
        assert (small.status_code, small.headers["content-type"]) == (200, "image/webp")
        for name in ("etag", "cache-control", "content-security-policy", "content-disposition"):
            assert name in small.headers
        assert (await bob.ask("GET", path, headers={"Range": "bytes=0-9"})).content == picture(7)[:10]
        assert code(await eve.ask("GET", path)) == (404, "unknown_file")
        assert code(await shared.http.get(path)) == (401, "unauthenticated")
        await adas.send(type="delete", id=sent["id"])
        await bobs.next("deleted")

    async def is_gone() -> bool:
        return (await ada.ask("GET", path)).status_code == 404

    await eventually(is_gone)
    assert code(await bob.ask("GET", path)) == (404, "unknown_file")


async def test_an_avatar_of_ones_own_is_for_everybody(shared: Parley) -> None:
    ada, bob = await shared.people("ada", "bob")
    (path,) = await upload(ada, picture(8))
    thumbnail = f"{path}/thumbnail"
    assert (await ada.ask("POST", "/api/update-avatar", data={"avatar_url": thumbnail})).status_code == 200

    async def is_shown() -> bool:
        return (await bob.ask("GET", thumbnail)).status_code == 200

    await eventually(is_shown)


async def test_what_only_services_ask_each_other_is_nobody_elses(shared: Parley) -> None:
    ada = await shared.person("ada")
    for path in ("/internal/files", "/internal/removed-files", "/internal/released-files", "/internal/attachments/x"):
        assert code(await ada.ask("GET", path)) == (404, "not_found")


async def test_without_the_chat_service_only_the_owner_sees_a_picture(fragile: Parley) -> None:
    ada, bob = await fragile.people("ada", "bob")
    (path,) = await upload(ada, picture(9))
    await fragile.system.stop("chat")
    try:
        assert (await ada.ask("GET", path)).status_code == 200
        assert code(await bob.ask("GET", path)) == (503, "unavailable")
    finally:
        await fragile.system.start("chat")
        await fragile.system.ready()


@pytest.mark.parametrize("how, left", [("kill", 2), ("stop", 0)])  # what a kill leaves is swept after a day
async def test_of_an_upload_cut_off_by_the_end_of_the_service_nothing_is_seen(
    fragile: Parley, how: str, left: int
) -> None:
    ada = await fragile.person("ada")
    (kept,) = await upload(ada, picture(1))
    before = rows(fragile)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(fragile.system.url.rpartition(":")[2]))
    whole = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.jpg"\r\n\r\n' + data + b"\r\n"
        for data in (picture(2), picture(3), bytes(2 * MIB))
    )
    head = f"POST /api/user/upload-files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ada.token}\r\n"
    writer.write(f"{head}Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 9999999\r\n\r\n".encode())
    writer.write(whole)
    await asyncio.wait_for(writer.drain(), 10)
    await eventually(lambda: rows(fragile) == before + 2)
    await getattr(fragile.system, how)("media")
    await fragile.system.start("media")
    await fragile.system.ready()
    status = (await asyncio.wait_for(reader.readline(), 10)).split()
    assert status[1:2] in ([b"502"], [b"503"], [b"400"])
    writer.close()
    assert [file["url"] for file in (await ada.get("/api/files"))["files"]] == [kept]
    assert rows(fragile) == before + left


def rows(parley: Parley) -> int:
    """Files in the store, those of unfinished uploads with them."""
    with closing(sqlite3.connect(parley.system.data_dir / "media" / "files.db")) as connection:
        (count,) = connection.execute("SELECT count(*) FROM uploads").fetchone()
    return int(count)


def memory_mib(pid: int, field: str) -> float:
    found = re.search(rf"^{field}:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
async def test_memory_does_not_grow_with_the_request_nor_with_the_file(
    shared: Parley, report: Callable[[str], None]
) -> None:
    ada = await shared.person("ada")
    jpeg = large_jpeg()
    assert 9 * MIB < len(jpeg) <= 10 * MIB
    await upload(ada, picture(5))  # what the first picture loads is no growth
    pids = {name: shared.system.pids[name] for name in ("gateway", "media")}
    before = {name: memory_mib(pid, "VmRSS") for name, pid in pids.items()}
    for pid in pids.values():
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak counts from here
    paths = await upload(ada, *(different(jpeg, number) for number in range(PICTURES)))
    assert len(set(paths)) == PICTURES
    uploaded = {name: memory_mib(pid, "VmHWM") - before[name] for name, pid in pids.items()}
    answers = await asyncio.gather(*(ada.ask("GET", path) for path in paths))
    assert {len(answer.content) for answer in answers} == {len(jpeg)}
    grown = {name: memory_mib(pid, "VmHWM") - before[name] for name, pid in pids.items()}
    report(f"{PICTURES} x {len(jpeg) / MIB:.1f} MiB: {uploaded} MiB more at most while uploading, {grown} with reading")
    assert max(grown.values()) < GROWTH_MIB_MAX, grown
