"""Pictures: uploads a second, what a request of 200 MiB takes of memory, and how often a thumbnail is asked for again.

Measured first, by a service that has just started, is how much the peak memory of gateway and media service grows
during one request of 20 files of nearly 10 MiB.

Then: JPEGs of 12 megapixels from a camera held upright (orientation 6, with EXIF), each in a request of its
own, two at a time for each core, from the first byte sent until the answer is read. Each is taken apart, turned,
encoded again, made into two thumbnails, and stored. An answer other than 200 fails the run.

Yardstick: the same pictures from memory through a bare Pillow loop in as many threads as there are cores: decode,
turn, encode with the same tables, the same two thumbnails.

And `GET …/thumbnail` with `If-None-Match`, answered 304, against nginx answering the same from a file.
"""

import asyncio
import io
import json
import os
import secrets
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image, ImageChops, ImageOps, JpegImagePlugin

from bench.http_load import Load, load
from bench.machine import forget_peak_memory, peak_memory_kib, usable_cores
from bench.people import NO_LIMITS, Person, people_with_tokens
from bench.rounds import Compared, Effort, WrongResult, alternate
from bench.table import Figure, NoMoreThan, RatioAtLeast, Report
from bench.web_servers import find_nginx, serving_nginx, uvicorn
from launcher.temporary_system import TemporarySystem

WIDTH, HEIGHT = 4_000, 3_000
DIFFERENT = 4  # pictures; each upload is one of them, by another person
FILES = 20
FILE_BYTES = 10 * 1024 * 1024
RATIO_MIN = 0.7
GROWTH_MIB_MAX = 64
BOUNDARY = "a-boundary-that-no-picture-holds"

clock = time.perf_counter


async def measure(effort: Effort, folder: Path) -> Report:
    secret = secrets.token_hex(32)
    pictures = [_photograph(number) for number in range(DIFFERENT)]
    people = people_with_tokens(secret, 2 * effort.rounds * effort.pictures + 1)
    async with TemporarySystem(folder / "data", environment={**NO_LIMITS, "SECRET_KEY": secret}) as system:
        growth = await asyncio.to_thread(_growth_mib, system, people[0])
        uploads = iter(people[1:])
        compared = await alternate(
            effort.rounds,
            parley=lambda: _upload_all(system, [next(uploads) for _ in range(effort.pictures)], pictures),
            yardstick=lambda: _loop_over([pictures[number % DIFFERENT] for number in range(effort.pictures)]),
        )
        known = await _known_thumbnails(effort, folder, system, people[0])
    return _report(effort, compared, growth, *known)


def _photograph(number: int) -> bytes:
    """Smooth and noisy parts, as a photograph has; 3 to 4 MiB."""
    base = Image.effect_mandelbrot((WIDTH, HEIGHT), (-2, -1.5 + number / 50, 1, 1.5), 60)
    noise = Image.effect_noise((WIDTH, HEIGHT), 24)
    image = Image.merge("RGB", [ImageChops.add(base, noise), base, ImageOps.invert(base)])
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "A maker"
    exif.get_ifd(0x8825)[1] = "N"
    return _jpeg(image, quality=90, exif=exif)


def _jpeg(image: Image.Image, **options: object) -> bytes:
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", **options)
    return encoded.getvalue()


# Uploads


async def _upload_all(system: TemporarySystem, people: Sequence[Person], pictures: Sequence[bytes]) -> float:
    """Pictures a second."""
    bodies = [_body([picture]) for picture in pictures]
    with ThreadPoolExecutor(2 * len(usable_cores())) as threads:
        loop = asyncio.get_running_loop()
        started = clock()
        await asyncio.gather(
            *(
                loop.run_in_executor(threads, _upload, system, person, bodies[number % len(bodies)])
                for number, person in enumerate(people)
            )
        )
        return len(people) / (clock() - started)


def _body(files: Sequence[bytes]) -> bytes:
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    ).encode()
    return b"".join([head + file + b"\r\n" for file in files]) + f"--{BOUNDARY}--\r\n".encode()


def _upload(system: TemporarySystem, person: Person, body: bytes) -> list[str]:
    """The addresses of the thumbnails."""
    connection = HTTPConnection(urlsplit(system.url).netloc, timeout=120)
    headers = {
        "Authorization": f"Bearer {person.key}",
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
    }
    connection.request("POST", "/api/user/upload-files", body, headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status != 200:
        raise WrongResult(f"an upload was answered {answer.status}: {text.decode()}")
    return [file["thumbnail_url"] for file in json.loads(text)["files"]]


async def _loop_over(pictures: Sequence[bytes]) -> float:
    """Pictures a second."""
    with ThreadPoolExecutor(len(usable_cores())) as threads:
        loop = asyncio.get_running_loop()
        started = clock()
        await asyncio.gather(*(loop.run_in_executor(threads, _process, picture) for picture in pictures))
        return len(pictures) / (clock() - started)


def _process(data: bytes) -> None:
    with Image.open(io.BytesIO(data)) as image:
        assert isinstance(image, JpegImagePlugin.JpegImageFile)
        turned = ImageOps.exif_transpose(image)
        sampling = JpegImagePlugin.get_sampling(image)
        _jpeg(turned, qtables=image.quantization, subsampling=sampling, exif=b"")
    for side in (1024, 320):
        turned.thumbnail((side, side))
        turned.save(io.BytesIO(), "WEBP", quality=80, method=2)


# Memory


def _growth_mib(system: TemporarySystem, person: Person) -> dict[str, float]:
    """Of the peak of each process during one large request."""
    body = _body([_of_size(FILE_BYTES, number) for number in range(FILES)])
    pids = {name: system.pids[name] for name in ("gateway", "media")}
    before = {}
    for name, pid in pids.items():
        forget_peak_memory(pid)
        before[name] = peak_memory_kib(pid)
    _upload(system, person, body)
    return {name: (peak_memory_kib(pid) - before[name]) / 1024 for name, pid in pids.items()}


def _of_size(bytes_max: int, number: int) -> bytes:
    """Twelve megapixels with so much noise that they take nearly as many bytes."""
    noise = [Image.effect_noise((WIDTH, HEIGHT), 60 + number) for _ in range(3)]
    image = Image.merge("RGB", noise)
    fitting = [data for quality in range(60, 96, 5) if len(data := _jpeg(image, quality=quality)) <= bytes_max]
    return fitting[-1]


# Thumbnails that the asker has


async def _known_thumbnails(
    effort: Effort, folder: Path, system: TemporarySystem, person: Person
) -> tuple[Compared[Load], str]:
    """The rounds, and what the yardstick is."""
    (path,) = await asyncio.to_thread(_upload, system, person, _body([_photograph(0)]))
    headers = {"Authorization": f"Bearer {person.key}"}
    address = urlsplit(system.url)
    etag, data = await asyncio.to_thread(_read, address.netloc, path, headers)
    files = folder / "files"
    files.mkdir()
    (files / "a.webp").write_bytes(data)
    nginx = find_nginx()
    beside = (
        serving_nginx(nginx, folder / "nginx", files=files) if nginx else uvicorn("bench.baseline_service:app", folder)
    )
    async with beside as server:
        known, status = {}, 200
        if nginx:
            known, status = (
                {"If-None-Match": (await asyncio.to_thread(_read, f"127.0.0.1:{server.port}", "/a.webp", {}))[0]},
                304,
            )
        compared = await alternate(
            effort.rounds,
            parley=lambda: _ask(address.port or 80, path, {**headers, "If-None-Match": etag}, effort, 304),
            yardstick=lambda: _ask(server.port, "/a.webp", known, effort, status),
        )
    return compared, "nginx, from a file, for anyone" if nginx else "bare uvicorn, one fixed answer"


def _read(netloc: str, path: str, headers: dict[str, str]) -> tuple[str, bytes]:
    """The `ETag` and the bytes."""
    connection = HTTPConnection(netloc, timeout=30)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.headers["ETag"], data


async def _ask(port: int, path: str, headers: dict[str, str], effort: Effort, status: int) -> Load:
    result = await load(port, path=path, headers=headers, round_s=effort.round_s, status=status)
    if result.refused or result.lost:
        raise WrongResult(f"{result.refused} answers other than {status}, {result.lost} connections lost")
    return result


def _report(
    effort: Effort, compared: Compared[float], growth: dict[str, float], known: Compared[Load], beside: str
) -> Report:
    uploads, asked = compared.medians(float), known.medians(lambda one: one.requests_per_s)
    request_mib = FILES * FILE_BYTES / 2**20
    return Report(
        title="Pictures: 12 megapixels, turned upright, two thumbnails; thumbnails asked for again",
        yardstick_name=f"bare Pillow loop; {beside}",
        figures=[
            Figure(what="uploads", unit="/s", parley=uploads[0], yardstick=uploads[1], bar=RatioAtLeast(RATIO_MIN)),
            Figure(what="thumbnails, 304", unit="/s", parley=asked[0], yardstick=asked[1]),
            *(
                Figure(
                    what=f"growth of the {name} by a request of {FILES} files",
                    unit="MiB",
                    parley=mib,
                    yardstick=request_mib,
                    bar=NoMoreThan(GROWTH_MIB_MAX, "MiB"),
                )
                for name, mib in growth.items()
            ),
        ],
        notes=[
            f"{effort.pictures} pictures a round, two at a time for each of {os.cpu_count()} cores",
            "beside the growth stands the size of the request if every file had 10 MiB",
        ],
    )
