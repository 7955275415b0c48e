"""Uploading: what comes in, in which ways it may come, under which name, and how much of it."""

import asyncio
import io
import zipfile

import pytest
from PIL import Image

from tests.media_service.cleaning.pictures import animation, encoded, exif_of_a_phone, painted, segment
from tests.media_service.gallery import MULTIPART, PICTURE, Galleries, Gallery, form, part, picture
from tests.problems import code


async def test_the_answer_says_all_that_is_known_of_each_file_in_their_order(media: Gallery) -> None:
    phone = encoded(painted(), "JPEG", exif=b"Exif\0\0" + exif_of_a_phone(), comment=b"hello")
    answer = await media.post("Ada", ("one.jpg", phone), ("two.png", PICTURE))
    body = answer.json()
    assert answer.status_code == 200
    assert body["message"] == "2 file(s) uploaded successfully"
    one, two = body["files"]
    path = f"/api/files/{one['id']}"
    assert {**one, "size": 0, "placeholder": ""} == {
        "id": one["id"],
        "filename": "one.jpg",
        "kind": "picture",
        "content_type": "image/jpeg",
        "size": 0,
        "width": 32,
        "height": 48,
        "duration_s": None,
        "cleaned": True,
        "url": path,
        "thumbnail_url": f"{path}/thumbnail",
        "placeholder": "",
        "created_at": "2027-01-15T08:00:00.000Z",
        "removed": one["removed"],
    }
    assert set(one["removed"]) >= {"gps", "camera", "timestamp", "thumbnail", "maker_notes", "comment"}
    assert (two["filename"], two["content_type"], two["size"], two["removed"]) == (
        "two.png",
        "image/png",
        len(PICTURE),
        [],
    )
    assert len(one["id"]) >= 22  # 128 bits


async def test_any_field_name_does_and_fields_between_are_passed_over(common: Gallery) -> None:
    body = form(
        part(b"Hello there!", None, name="message"),
        part(picture(1), name="files"),
        part(b"", "", name="files"),  # the place of a file that nobody chose
        part(b"x" * 60_000, None, name="note"),
        part(picture(2), name="何か[]"),
        part(picture(3), name=""),
    )
    answer = await common.send(body)
    assert answer.json()["message"] == "3 file(s) uploaded successfully"


async def test_what_counts_is_what_the_bytes_are(common: Gallery) -> None:
    for kind in ("JPEG", "PNG", "WEBP", "GIF"):
        (file,) = await common.upload("Ada", ("picture.jpg", encoded(painted(), kind)))
        assert (file["content_type"], file["filename"]) == (f"image/{kind.lower()}", "picture.jpg")


async def test_a_file_may_have_as_many_bytes_as_the_limit_and_none_more(galleries: Galleries) -> None:
    async with galleries(upload_file_bytes_max=1000, picture_bytes_max=len(PICTURE)) as media:
        await media.upload("Ada", PICTURE)
        await media.send(form(part(b"x" * 1000, "a.txt")))
        for body in (part(b"x" * 1001, "../large.txt"), part(PICTURE + b"x", "large.txt")):
            answer = await media.send(form(body))
            assert code(answer) == (413, "file_too_large")
            assert answer.json()["detail"].startswith("'large.txt'")


async def test_a_request_may_hold_as_many_files_as_the_limit_and_none_more(galleries: Galleries) -> None:
    async with galleries(upload_files_max=3) as media:
        assert len(await media.upload("Ada", *(picture(shade) for shade in range(3)))) == 3
        status, why, _ = await media.refuses("Ada", *(picture(shade) for shade in range(10, 14)))
        assert (status, why) == (413, "too_many_files")


async def test_the_quota_holds_to_the_byte_and_known_pictures_cost_nothing(galleries: Galleries) -> None:
    one, two = picture(1), picture(2)
    assert len(one) == len(two)
    async with galleries(stored_bytes_per_person=2 * len(one)) as media:
        first = await media.upload("Ada", one, two, one)
        assert (await media.get("Ada", "/api/files")).json()["used_bytes"] == 2 * len(one)
        assert (await media.refuses("Ada", picture(3)))[:2] == (413, "quota_exceeded")
        again = await media.upload("Ada", two, one)
        assert (await media.get("Ada", "/api/files")).json()["used_bytes"] == 2 * len(one)
        await media.upload("Grace", picture(3))  # everybody has their own
        for file in (first[0], first[2]):
            assert (await media.request("Ada", "DELETE", file["url"])).status_code == 204
            assert (await media.refuses("Ada", picture(3)))[:2] == (413, "quota_exceeded")
        assert (await media.request("Ada", "DELETE", again[1]["url"])).status_code == 204
        await media.upload("Ada", picture(3))
    async with galleries("smaller", stored_bytes_per_person=2 * len(one) - 1) as media:
        assert (await media.refuses("Ada", one, two))[:2] == (413, "quota_exceeded")


async def test_a_person_keeps_so_many_files_and_no_more(galleries: Galleries) -> None:
    async with galleries(stored_files_per_person=2) as media:
        (first,) = await media.upload("Ada", picture(1))
        assert (await media.refuses("Ada", picture(2), picture(3)))[:2] == (413, "quota_exceeded")
        await media.upload("Ada", picture(1))  # the same bytes are another file
        assert (await media.refuses("Ada", picture(3)))[:2] == (413, "quota_exceeded")
        await media.upload("Grace", picture(3))
        assert (await media.request("Ada", "DELETE", first["url"])).status_code == 204
        await media.upload("Ada", picture(3))


async def test_a_zip_behind_a_picture_is_gone(common: Gallery) -> None:
    hidden = io.BytesIO()
    with zipfile.ZipFile(hidden, "w") as archive:
        archive.writestr("index.html", "<script>alert(1)</script>")
    for kind in ("JPEG", "PNG", "WEBP", "GIF"):
        (file,) = await common.upload("Ada", encoded(painted(), kind) + hidden.getvalue())
        assert "trailing_data" in file["removed"]
        data = (await common.get("Ada", file["url"])).content
        assert not zipfile.is_zipfile(io.BytesIO(data))
        assert b"alert(1)" not in data


# Names


@pytest.mark.parametrize(
    "given, kept",
    [
        ("holiday.jpg", "holiday.jpg"),
        ("../../etc/passwd", "passwd.png"),
        ("C:\\\\Users\\\\ada\\\\me.png", "me.png"),
        ("Grüße 🙂 你好.jpg", "Grüße 🙂 你好.jpg"),
        ("ana\u202egpj.exe", "anagpj.exe.png"),
        ("a\tb\x01\x7f\u0085.png", "ab.png"),
        ("..hidden", "hidden.png"),
        ("...", "file.png"),
        ("folder/", "file.png"),
        ("x" * 1000 + ".jpeg", "x" * 195 + ".jpeg"),
        ("x" * 1000, "x" * 196 + ".png"),
        ("a%22b.jpg", 'a"b.jpg'),
        ("IMG_1.HEIC", "IMG_1.png"),
        ('say \\"hello\\".png', 'say "hello".png'),
        ("a;b=c.png", "a;b=c.png"),
        ("e\u0301.png", "é.png"),
    ],
)
async def test_of_a_file_name_is_kept_what_can_be_shown(common: Gallery, given: str, kept: str) -> None:
    answer = await common.send(form(part(PICTURE, given)))
    assert [file["filename"] for file in answer.json()["files"]] == [kept]
    served = await common.get("Ada", answer.json()["files"][0]["url"])
    assert served.status_code == 200
    assert served.headers["content-disposition"].startswith("inline; filename=")


async def test_a_name_that_is_no_utf8_harms_nobody(common: Gallery) -> None:
    answer = await common.send(form(part(PICTURE, "a?.png").replace(b"a?.png", b"a\xff\xfe.png")))
    assert answer.status_code == 200, answer.text
    assert answer.json()["files"][0]["filename"] == "a\ufffd\ufffd.png"


@pytest.mark.parametrize(
    "content_type",
    [
        "Multipart/Form-Data; boundary=a-boundary",
        'multipart/form-data;boundary="a-boundary"',
        MULTIPART + "; charset=utf-8",
    ],
)
async def test_the_type_may_be_written_in_any_valid_way(common: Gallery, content_type: str) -> None:
    assert (await common.send(form(part(PICTURE)), content_type)).status_code == 200


# The same picture


async def test_the_same_picture_at_once_is_kept_once_under_all_its_names(media: Gallery) -> None:
    answers = await asyncio.gather(*(media.upload("Ada", picture(1), picture(2), picture(1)) for _ in range(8)))
    files = [file for answer in answers for file in answer]
    assert len({file["id"] for file in files}) == 24
    assert media.count_rows() == (24, 4)
    assert (await media.get("Ada", "/api/files")).json()["used_bytes"] == len(picture(1)) + len(picture(2))
    for file in files[:23]:
        assert (await media.request("Ada", "DELETE", file["url"])).status_code == 204
    assert (await media.get("Ada", files[23]["url"])).content == picture(1)


async def test_name_and_receipt_belong_to_the_upload_not_to_the_bytes(media: Gallery) -> None:
    told = encoded(painted(), "JPEG", exif=b"Exif\0\0" + exif_of_a_phone())
    (first,) = await media.upload("Ada", ("a b.jpg", told))
    clean = (await media.get("Ada", first["url"])).content
    (second,) = await media.upload("Ada", ("holiday.jpg", clean))
    (third,) = await media.upload("Ada", ("gps.jpg", told))
    assert (await media.get("Ada", second["url"])).content == clean
    assert [file["filename"] for file in (first, second, third)] == ["a b.jpg", "holiday.jpg", "gps.jpg"]
    assert ["gps" in file["removed"] for file in (first, second, third)] == [True, False, True]
    served = await media.get("Ada", second["url"])
    assert served.headers["content-disposition"] == 'inline; filename="holiday.jpg"'


async def test_the_same_picture_of_another_owner_is_another_file(media: Gallery) -> None:
    adas, graces = await media.keep("Ada"), await media.keep("Grace")
    assert adas != graces
    assert await media.status("Grace", adas) == 404


async def test_pictures_that_differ_only_in_what_is_removed_are_kept_once(media: Gallery) -> None:
    plain = encoded(painted(), "JPEG")
    (file,) = await media.upload("Ada", plain)
    await media.upload("Ada", plain[:2] + segment(0xFE, b"hello") + plain[2:])
    assert (await media.get("Ada", "/api/files")).json()["used_bytes"] == file["size"]


async def test_animations_are_kept_whole(common: Gallery) -> None:
    for kind in ("GIF", "PNG", "WEBP"):
        path = await common.keep("Ada", animation(kind, "RGB"))
        with Image.open(io.BytesIO((await common.get("Ada", path)).content)) as image:
            assert getattr(image, "n_frames", 1) == 3


# Other kinds


@pytest.mark.parametrize(
    "data, filename, shown",
    [
        (b"Hello there!", "a.txt", "inline"),
        (b"<!doctype html><script>alert(1)</script>", "a.html", "attachment"),
        (b"<!doctype html><script>alert(1)</script>", "a.txt", "attachment"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "a.svg", "attachment"),
        (b"%PDF-1.7\n", "a.pdf", "attachment"),
        (b"PK\3\4" + bytes(100), "a.zip", "attachment"),
        (bytes(range(256)), "a", "attachment"),
        (b"", "empty", "inline"),
    ],
)
async def test_only_what_can_be_no_page_is_shown_where_it_stands(
    common: Gallery, data: bytes, filename: str, shown: str
) -> None:
    (file,) = (await common.send(form(part(data, filename)))).json()["files"]
    served = await common.get("Ada", file["url"])
    assert served.content == data
    assert served.headers["content-type"] == file["content_type"]
    assert served.headers["content-disposition"] == f'{shown}; filename="{filename}"'
    assert served.headers["x-content-type-options"] == "nosniff"
    assert served.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert (file["kind"], file["thumbnail_url"], file["placeholder"]) == ("document", None, None)
