"""Uploading: what comes in, in which ways it may come, and what is refused: all of a request, or none of it."""

import asyncio
import io
import struct
import zipfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from pathlib import Path

import pytest
from PIL import Image

from media_service.actions.uploads import FORMS_AT_ONCE_MAX, Uploads
from media_service.app import MIGRATIONS
from media_service.domain.files import KeptLimits, ProcessedFile
from media_service.file_processor import FileProcessor
from media_service.pictures import Pictures
from media_service.sent_file import SentFile
from media_service.store import FileStore, UploadStore
from servicekit.engines import open_database
from tests.clock import NOW_S
from tests.media_service.cleaning.pictures import animation, chunk, encoded, exif_of_a_phone, painted, segment
from tests.media_service.gallery import MULTIPART, PICTURE, Galleries, Gallery, form, part, sizes
from tests.problems import code
from tests.waiting import eventually

SIGNATURE = b"\x89PNG\r\n\x1a\n"
NO_PICTURES = {
    "text": b"Hello there!",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "nothing": b"",
    "pdf": b"%PDF-1.7\n",
    "html": b"<!doctype html><script>alert(1)</script>",
    "tiff": encoded(painted(), "TIFF"),
}


def picture(shade: int, size: tuple[int, int] = (8, 6), kind: str = "PNG") -> bytes:
    return encoded(Image.new("RGB", size, (shade, 90, 20)), kind)


def claiming(width: int, height: int) -> bytes:
    """A PNG that says it has so many pixels, and has next to none."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", b"x\x9c\x03\x00\x00\x00\x00\x01") + chunk(b"IEND")


def with_scans(count: int) -> bytes:
    """A progressive JPEG whose first scan comes again and again."""
    jpeg = encoded(painted("L"), "JPEG", progressive=True)
    start = jpeg.index(b"\xff\xda")
    end = jpeg.index(b"\xff", start + 2)
    while jpeg[end + 1] == 0 or 0xD0 <= jpeg[end + 1] <= 0xD7:
        end = jpeg.index(b"\xff", end + 2)
    others = jpeg.count(b"\xff\xda") - 1
    return jpeg[:start] + jpeg[start:end] * (count - others) + jpeg[end:]


@pytest.fixture(scope="module")
async def refusing(galleries_of_module: Galleries) -> AsyncIterator[Gallery]:
    """For what is refused, so that nothing of it is ever kept."""
    async with galleries_of_module() as running:
        yield running


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


@pytest.mark.parametrize("kind", NO_PICTURES)
async def test_what_is_announced_as_a_picture_and_is_none_is_refused_by_its_name(refusing: Gallery, kind: str) -> None:
    status, why, detail = await refusing.refuses("Ada", PICTURE, ("holiday.jpg", NO_PICTURES[kind]), picture(1))
    assert (status, why) == (415, "not_a_picture")
    assert "holiday.jpg" in detail


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
async def test_a_truncated_picture_is_refused_by_its_name(refusing: Gallery, kind: str, share: float) -> None:
    whole = encoded(painted(size=(200, 200)), kind)
    status, why, detail = await refusing.refuses(
        "Ada", PICTURE, ("half.jpg", whole[: max(20, int(len(whole) * share))])
    )
    assert (status, why) == (422, "broken_picture")
    assert "half.jpg" in detail
    assert " at 0x" not in detail  # no addresses of ours


async def test_a_refused_name_is_the_cleaned_one(refusing: Gallery) -> None:
    status, why, detail = await refusing.refuses("Ada", ("../../etc/\u202egpj.exe", b"text"))
    assert (status, why) == (415, "not_a_picture")
    assert detail.startswith("'gpj.exe'")


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


async def test_a_picture_may_have_as_many_pixels_as_the_limit_and_none_more(galleries: Galleries) -> None:
    async with galleries(picture_pixels_max=48) as media:
        for kind in ("JPEG", "PNG", "WEBP", "GIF"):
            assert sizes(await media.upload("Ada", picture(1, (8, 6), kind))) == [(8, 6)]
            status, why, detail = await media.refuses("Ada", ("x.jpg", picture(1, (7, 7), kind)))
            assert (status, why) == (413, "picture_too_large")
            assert "x.jpg" in detail


async def test_what_would_take_gigabytes_to_decode_is_refused_by_its_header(refusing: Gallery) -> None:
    assert (await refusing.refuses("Ada", claiming(60_000, 60_000)))[:2] == (413, "picture_too_large")
    assert (await refusing.refuses("Ada", claiming(2**31 - 1, 2**31 - 1)))[0] in {413, 422}
    assert (await refusing.refuses("Ada", claiming(0, 5)))[:2] == (422, "broken_picture")


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
async def test_of_an_animation_each_frame_may_have_the_pixels_of_a_still(galleries: Galleries, kind: str) -> None:
    frames = [Image.effect_noise((16, 16), 90).convert("RGB") for _ in range(5)]
    options = {"save_all": True, "duration": 50, **({"lossless": True} if kind == "WEBP" else {})}
    moving = encoded(frames[0], kind, append_images=frames[1:], **options)
    async with galleries(picture_pixels_max=16 * 16) as media:
        (kept,) = await media.upload("Ada", moving)
        with Image.open(io.BytesIO((await media.get("Ada", kept["url"])).content)) as image:
            assert getattr(image, "n_frames", 1) == 5
    async with galleries("smaller", picture_pixels_max=16 * 16 - 1) as media:
        assert (await media.refuses("Ada", moving))[:2] == (413, "picture_too_large")


async def test_a_frame_larger_than_its_screen_counts_with_its_own_size(galleries: Galleries) -> None:
    first, second = (bytearray(picture(shade, (10, 10), "GIF")) for shade in (1, 2))
    first[6:10] = struct.pack("<HH", 1, 1)
    frames = encoded(Image.new("P", (4, 4)), "GIF")[:-1] + bytes(second[second.index(b",") : -1]) + b";"
    async with galleries(picture_pixels_max=99) as media:  # four times as many would do for all frames
        assert (await media.refuses("Ada", bytes(first)))[:2] == (413, "picture_too_large")
        assert (await media.refuses("Ada", frames))[:2] == (413, "picture_too_large")


@pytest.mark.parametrize("disposal", [2, 3])
async def test_a_frame_that_is_to_be_undone_is_not_painted_before_its_size_is_known(
    refusing: Gallery, disposal: int
) -> None:
    """Moving on to it, Pillow would fill as much as it says it covers: hundreds of megabytes."""
    dot = picture(1, (1, 1), "GIF")
    control = b"\x21\xf9\x04" + bytes((disposal << 2, 1, 0, 0, 0))
    frame = bytearray(dot[dot.index(b",") : -1])
    frame[5:9] = struct.pack("<HH", 14_140, 14_140)
    status, why, detail = await refusing.refuses("Ada", dot[:-1] + control + bytes(frame) + b";")
    assert (status, why) == (413, "picture_too_large")
    assert "14140 x 14140" in detail
    assert "a frame of it" not in detail  # as it is called when it has been moved on to


async def test_a_jpeg_may_have_a_hundred_scans_and_none_more(media: Gallery) -> None:
    await media.upload("Ada", with_scans(100))
    assert (await media.refuses("Ada", with_scans(101)))[:2] == (413, "picture_too_large")


async def test_an_animation_that_takes_too_long_is_refused(galleries: Galleries) -> None:
    """Tiny frames on a large screen: each costs the whole screen."""
    still = encoded(Image.new("P", (3000, 3000)), "GIF")
    dot = bytes(picture(2, (1, 1), "GIF"))
    frame = b"\x21\xf9\x04\x04\x01\0\0\0" + dot[dot.index(b",") : -1]
    async with galleries(picture_s_max=1) as media:
        status, why, detail = await media.refuses("Ada", still[:-1] + frame * 2_000 + b";")
        assert (status, why) == (413, "picture_too_large")
        assert "1 s; that is the most" in detail


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


# Bodies that are no good multipart


@pytest.mark.parametrize(
    "body, refusal",
    [
        (form(), (422, "no_files")),
        (form(part(b"only a field", None)), (422, "no_files")),
        (form(part(b"", "")), (422, "no_files")),
        (b"", (400, "malformed")),
        (b"Hello there!", (400, "malformed")),
        (part(PICTURE), (400, "malformed")),
        (part(PICTURE)[:-20], (400, "malformed")),
        (form(part(PICTURE))[:-6], (400, "malformed")),
        (form(part(PICTURE).replace(b"a-boundary", b"b-boundary")), (400, "malformed")),
        (form(part(PICTURE, head={"X-Long": "x" * 9_000})), (400, "malformed")),
        (form(part(PICTURE, head={"x" * 9_000: "1"})), (400, "malformed")),
        (form(part(PICTURE, "x" * 9_000)), (400, "malformed")),
        (form(part(PICTURE, head={f"X-{n}": "x" * 100 for n in range(90)})), (400, "malformed")),
        (form(part(b"x" * 66_000, None), part(PICTURE)), (400, "malformed")),
        (form(*[part(b"", None)] * 1_000, part(PICTURE)), (400, "malformed")),
        (b"--a-boundary\r\nno colon\r\n\r\n", (400, "malformed")),
    ],
)
async def test_a_body_that_is_not_what_it_says_is_refused(
    refusing: Gallery, body: bytes, refusal: tuple[int, str]
) -> None:
    assert code(await refusing.send(body)) == refusal
    assert refusing.count_rows() == (0, 0)


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "image/png",
        "application/json",
        "multipart/mixed; boundary=x",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + "b" * 257,
    ],
)
async def test_a_body_of_another_type_is_refused(refusing: Gallery, content_type: str) -> None:
    assert code(await refusing.send(form(part(PICTURE)), content_type)) == (415, "not_multipart")


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


async def test_without_a_token_nothing_is_taken(refusing: Gallery) -> None:
    answer = await refusing.post("", PICTURE)
    assert code(answer) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert refusing.count_rows() == (0, 0)


# Time


async def test_a_body_that_comes_byte_by_byte_is_taken(media: Gallery) -> None:
    body = form(part(picture(1)), part(picture(2)))
    async with media.line(len(body)) as line:
        for at in range(len(body)):
            await line.write(body[at : at + 1])
            await asyncio.sleep(0)
        assert await line.status() == 200
    assert len(await media.list_of("Ada")) == 2


async def test_who_leaves_in_the_middle_leaves_nothing(media: Gallery) -> None:
    body = form(part(picture(1)), part(encoded(painted(size=(600, 600)), "PNG", compress_level=0)))
    async with media.line(len(body)) as line:
        await line.write(body[:-500_000])
        await eventually(lambda: media.count_rows()[0] == 1)
        line.vanish()
        await eventually(lambda: media.count_rows() == (0, 0))
    assert await media.list_of("Ada") == []


async def test_a_file_that_is_not_whole_is_there_for_nobody(media: Gallery) -> None:
    body = form(part(picture(1)), part(picture(2)))
    async with media.line(len(body)) as line:
        await line.write(body[:-30])
        await eventually(lambda: media.count_rows()[0] == 1)
        assert await media.list_of("Ada") == []
        await line.write(body[-30:])
        assert await line.status() == 200
    assert len(await media.list_of("Ada")) == 2


class SlowProcessor(FileProcessor):
    """Those that are named so take their time."""

    def __init__(self) -> None:
        self.pictures = Pictures(pixels_max=1_000_000, picture_s_max=10)
        super().__init__(pictures=self.pictures, picture_bytes_max=1_000_000)
        self.may_go_on = asyncio.Event()
        self.in_work = self.most_in_work = 0

    async def take(self, sent: SentFile) -> ProcessedFile:
        if sent.filename == "slow.png":
            self.in_work += 1
            self.most_in_work = max(self.most_in_work, self.in_work)
            await self.may_go_on.wait()
            self.in_work -= 1
        return await super().take(sent)


async def test_who_sends_many_pictures_at_once_holds_nobody_else_up(tmp_path: Path, database_url: str) -> None:
    where = f"{database_url}#media" if database_url else tmp_path / "files.db"
    async with open_database(where, MIGRATIONS) as database:
        processor = SlowProcessor()
        limits = KeptLimits(bytes_max=1_000_000, files_max=100)
        uploads = Uploads(
            store=UploadStore(database),
            processor=processor,
            pull_orphaned_files=_nothing_new,
            limits=limits,
            clock=lambda: NOW_S,
        )
        slow = [asyncio.create_task(uploads.take("Ada", sent("slow.png", picture(shade)))) for shade in range(3)]
        await eventually(lambda: processor.in_work > 0)
        await uploads.take("Linus", sent("a.png", picture(4)))
        processor.may_go_on.set()
        await asyncio.gather(*slow)
        processor.close()
        processor.pictures.close()
        assert processor.most_in_work == 1
        assert len(await FileStore(database).list_of("Ada", before=None, limit=10)) == 3


async def sent(filename: str, data: bytes) -> AsyncIterator[SentFile]:
    with closing(SentFile(filename)) as file:
        file.write(data)
        yield file


async def _nothing_new() -> None: ...


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


async def test_a_refusal_names_every_bad_file_and_nothing_is_kept(galleries: Galleries) -> None:
    async with galleries(upload_file_bytes_max=1000) as media:
        body = form(
            part(b"text", "a.jpg"),
            part(b"fine", "b.txt"),
            part(b"x" * 1001, "c.bin"),
            part(PICTURE[: len(PICTURE) // 2], "d.png"),
        )
        answer = await media.send(body)
        assert code(answer) == (415, "not_a_picture")
        assert [error["field"] for error in answer.json()["errors"]] == ["a.jpg", "c.bin", "d.png"]
        assert media.count_rows() == (0, 0)


async def test_one_request_can_not_bring_more_than_one_may_keep(galleries: Galleries) -> None:
    async with galleries(stored_bytes_per_person=1000) as media:
        assert code(await media.send(form(part(b"x" * 600, "a.txt"), part(b"y" * 600, "b.txt")))) == (
            413,
            "quota_exceeded",
        )
        assert media.count_rows() == (0, 0)


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


async def test_what_comes_after_its_owner_has_erased_the_account_is_not_kept(media: Gallery) -> None:
    body = form(part(PICTURE), part(b"text", "a.txt"))
    async with media.line(len(body)) as line:
        await line.write(body[:-30])
        await eventually(lambda: media.count_rows()[0] == 1)
        media.auth.erase("Ada")
        await media.get("Grace", await media.keep("Linus"))  # it may have become an avatar: the profiles are read
        await line.write(body[-30:])
        assert await line.status() == 410
    assert media.count_rows()[0] == 1


async def test_one_person_sends_so_many_forms_at_once_and_no_more(media: Gallery) -> None:
    body = form(part(b"text", "a.txt"))
    async with AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(media.line(len(body))) for _ in range(FORMS_AT_ONCE_MAX)]
        for line in lines:
            await line.write(body[:60])
        await eventually(lambda: is_refused(media))
        await media.keep("Grace")
        for line in lines:
            await line.write(body[60:])
            assert await line.status() == 200
    await media.keep()


async def is_refused(media: Gallery) -> bool:
    answer = await media.send(form(part(b"text", "b.txt")))
    return code(answer) == (429, "too_many_requests") if answer.is_error else False


async def test_forms_at_once_bring_no_more_together_than_one_may_keep(galleries: Galleries) -> None:
    """What is on its way counts too, or unfinished forms could fill the disk."""
    async with galleries(stored_bytes_per_person=1000) as media:
        body = form(part(b"x" * 600, "a.txt"), part(b"", "b.txt"))
        async with media.line(len(body)) as line:
            await line.write(body[:-30])
            await eventually(lambda: media.count_rows()[0] == 1)
            assert code(await media.send(form(part(b"y" * 600, "c.txt")))) == (413, "quota_exceeded")
            line.vanish()
            await eventually(lambda: media.count_rows()[0] == 0)
        assert (await media.send(form(part(b"y" * 600, "c.txt")))).status_code == 200
